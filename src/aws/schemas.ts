import { clientClass, loadSdk } from './clients.ts';
import type { Service } from './operations.ts';

/** Traits that change how a value is written; names as in Smithy. https://smithy.io/2.0/spec/ */
export interface Traits {
  readonly xmlName?: string;
  readonly xmlFlattened?: 1;
  readonly xmlAttribute?: 1;
  readonly ec2QueryName?: string;
  readonly httpLabel?: 1;
  readonly httpQuery?: string;
  readonly httpHeader?: string;
  readonly httpPrefixHeaders?: string;
  readonly httpPayload?: 1;
  readonly httpResponseCode?: 1;
  readonly http?: readonly [method: string, path: string, status: number];
  readonly awsQueryError?: readonly [code: string, status: number];
  readonly httpError?: number;
  readonly error?: 'client' | 'server';
}

export interface Member {
  readonly shape: Shape;
  /** The member's own traits laid over its shape's. */
  readonly traits: Traits;
}

export type Shape =
  | { readonly type: 'unit' | 'string' | 'boolean' | 'number' | 'document' | 'blob' | 'stream' }
  | { readonly type: 'timestamp'; readonly format: 'default' | 'date-time' | 'http-date' | 'epoch-seconds' }
  | { readonly type: 'list'; readonly member: Member }
  | { readonly type: 'map'; readonly key: Member; readonly value: Member }
  | StructureShape;

export interface StructureShape {
  readonly type: 'structure';
  readonly name: string;
  readonly traits: Traits;
  /** Read lazily, because shapes may hold themselves. */
  readonly members: ReadonlyMap<string, Member>;
}

export interface OperationSchema {
  readonly name: string;
  readonly http: readonly [method: string, path: string, status: number] | undefined;
  readonly input: Member;
  readonly output: Member;
}

export interface ServiceSchema {
  /** e.g. `awsQuery`, `ec2Query`, `restXml`, `awsJson1_0`: what the SDK itself sends. */
  readonly protocol: string;
  readonly version: string;
  readonly xmlNamespace: string;
  /** What `x-amz-target` starts with. */
  readonly target: string;
  operation(name: string): OperationSchema | undefined;
  operationNames(): readonly string[];
  /** The wire code and HTTP status of an error, by its wire code or its shape's name. */
  error(codeOrName: string): { code: string; status: number } | undefined;
}

const loaded = new Map<Service, Promise<ServiceSchema>>();

/** What the SDK knows of a service's operations and shapes. Loads the SDK's module of that service. */
export function serviceSchema(service: Service): Promise<ServiceSchema> {
  let schema = loaded.get(service);
  if (schema === undefined) {
    schema = readService(service);
    loaded.set(service, schema);
  }
  return schema;
}

async function readService(service: Service): Promise<ServiceSchema> {
  const sdk = await loadSdk(service);
  const { config } = new (clientClass(service, sdk))({ region: 'us-east-1' });
  const operations = new Map<string, unknown[]>();
  const errors = new Map<string, { code: string; status: number }>();
  for (const [name, value] of Object.entries(sdk)) {
    if (!name.endsWith('$') || !Array.isArray(value)) continue;
    if (value[0] === OPERATION) operations.set(String(value[2]), value);
    if (value[0] === ERROR) addError(errors, String(value[2]), readTraits(value[3]));
  }
  return {
    protocol: config.protocol.getShapeId().replace(/^.*#/, ''),
    version: config.protocolSettings?.version ?? '',
    xmlNamespace: config.protocolSettings?.xmlNamespace ?? '',
    target: config.protocolSettings?.serviceTarget ?? '',
    operation: (name) => {
      const raw = operations.get(name);
      if (raw === undefined) return undefined;
      return { name, http: readTraits(raw[3]).http, input: readMember(raw[4]), output: readMember(raw[5]) };
    },
    operationNames: () => [...operations.keys()],
    error: (code) => errors.get(code),
  };
}

function addError(errors: Map<string, { code: string; status: number }>, name: string, traits: Traits): void {
  const status = traits.awsQueryError?.[1] ?? traits.httpError ?? (traits.error === 'server' ? 500 : 400);
  const entry = { code: traits.awsQueryError?.[0] ?? name, status };
  errors.set(name, entry);
  errors.set(entry.code, entry);
}

// The SDK's static schemas are tuples: [kind, namespace, name, traits, ...]; a member is [schema, traits];
// simple shapes are numbers. See @smithy/types, StaticSchema. Read here, and nowhere else.
const OPERATION = 9;
const ERROR = -3;
const SIMPLE: Record<number, Shape> = {
  0: { type: 'string' },
  1: { type: 'number' },
  2: { type: 'boolean' },
  4: { type: 'timestamp', format: 'default' },
  5: { type: 'timestamp', format: 'date-time' },
  6: { type: 'timestamp', format: 'http-date' },
  7: { type: 'timestamp', format: 'epoch-seconds' },
  15: { type: 'document' },
  17: { type: 'number' },
  19: { type: 'number' },
  21: { type: 'blob' },
  42: { type: 'stream' },
};
const LIST_FLAG = 64;
const MAP_FLAG = 128;
const TRAIT_BITS: readonly (keyof Traits | undefined)[] = [
  'httpLabel',
  undefined,
  undefined,
  undefined,
  'httpPayload',
  'httpResponseCode',
];

function readTraits(raw: unknown): Traits {
  if (typeof raw === 'object' && raw !== null) return raw;
  const bits = typeof raw === 'number' ? raw : 0;
  const traits: Record<string, 1> = {};
  TRAIT_BITS.forEach((name, bit) => {
    if (name !== undefined && ((bits >> bit) & 1) === 1) traits[name] = 1;
  });
  return traits;
}

function readMember(raw: unknown): Member {
  let traits: Traits = {};
  let at: unknown = raw;
  for (;;) {
    if (typeof at === 'function') at = (at as () => unknown)();
    if (!Array.isArray(at) || at.length !== 2) break;
    traits = { ...readTraits(at[1]), ...traits };
    at = at[0];
  }
  const own = Array.isArray(at) ? readTraits(at[3]) : {};
  return { shape: readShape(at), traits: { ...own, ...traits } };
}

const shapes = new WeakMap<object, Shape>();

function readShape(raw: unknown): Shape {
  if (typeof raw === 'number') return readNumber(raw);
  if (raw === 'unit' || !Array.isArray(raw)) return { type: 'unit' };
  const known = shapes.get(raw);
  if (known) return known;
  const shape = readTuple(raw as unknown[]);
  shapes.set(raw, shape);
  return shape;
}

function readNumber(raw: number): Shape {
  const inner = (): Member => ({ shape: readNumber(raw & 63), traits: {} });
  if ((raw & MAP_FLAG) !== 0) return { type: 'map', key: { shape: { type: 'string' }, traits: {} }, value: inner() };
  if ((raw & LIST_FLAG) !== 0) return { type: 'list', member: inner() };
  const shape = SIMPLE[raw];
  if (shape === undefined) throw new Error(`the AWS SDK has a simple shape ${raw} that is not known here`);
  return shape;
}

function readTuple(raw: unknown[]): Shape {
  const [kind, , name, traits] = raw;
  switch (kind) {
    case 0:
      return readMember(raw[4]).shape;
    case 1:
      return lazily({ type: 'list' as const }, 'member', () => readMember(raw[4]));
    case 2:
      return lazily(lazily({ type: 'map' as const }, 'key', () => readMember(raw[4] ?? 0)), 'value', () =>
        readMember(raw[5]),
      );
    case 3:
    case 4:
    case ERROR: {
      const head = { type: 'structure' as const, name: String(name), traits: readTraits(traits) };
      return lazily(head, 'members', () => readMembers(raw));
    }
    default:
      throw new Error(`the AWS SDK has a kind of shape ${String(kind)} that is not known here`);
  }
}

function readMembers(raw: unknown[]): Map<string, Member> {
  const names = raw[4] as string[];
  const members = raw[5] as unknown[];
  return new Map(names.map((name, i) => [name, readMember(members[i])]));
}

/** Adds a property that is computed when first read. */
function lazily<T extends object, K extends string, V>(target: T, key: K, compute: () => V): T & Record<K, V> {
  let value: { v: V } | undefined;
  Object.defineProperty(target, key, { enumerable: true, get: () => (value ??= { v: compute() }).v });
  return target as T & Record<K, V>;
}

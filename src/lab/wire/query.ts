import type { Member, StructureShape, Traits } from '../../aws/schemas.ts';
import { WireError } from './message.ts';
import { readScalar } from './scalars.ts';

/** `A.member.1.B=x` as a tree. A Map, so that no key can touch an object's prototype. */
interface Tree {
  text: string | undefined;
  branches: Map<string, Tree>;
}

const MAX_PARAMETERS = 10_000;
const MAX_DEPTH = 32;

/** @throws WireError when there are too many parameters, or too deep ones */
export function parseQuery(params: URLSearchParams): Tree {
  const root: Tree = { text: undefined, branches: new Map() };
  let count = 0;
  for (const [key, value] of params) {
    const path = key.split('.');
    if (++count > MAX_PARAMETERS || path.length > MAX_DEPTH) {
      throw new WireError('MalformedQueryString', 400, 'the query has too many parameters or too deep ones');
    }
    let at = root;
    for (const part of path) {
      let next = at.branches.get(part);
      if (next === undefined) {
        next = { text: undefined, branches: new Map() };
        at.branches.set(part, next);
      }
      at = next;
    }
    at.text = value;
  }
  return root;
}

export interface Dialect {
  memberName(name: string, traits: Traits): string;
  /** EC2 flattens every list. */
  flattened(traits: Traits): boolean;
}

/** https://smithy.io/2.0/aws/protocols/aws-query-protocol.html */
export const AWS_QUERY: Dialect = {
  memberName: (name, traits) => traits.xmlName ?? name,
  flattened: (traits) => traits.xmlFlattened === 1,
};

/** https://smithy.io/2.0/aws/protocols/aws-ec2-query-protocol.html */
export const EC2_QUERY: Dialect = {
  memberName: (name, traits) => {
    const plain = traits.xmlName ?? name;
    return traits.ec2QueryName ?? plain.charAt(0).toUpperCase() + plain.slice(1);
  },
  flattened: () => true,
};

/** The input of an operation out of its parameters; unknown ones are left out, as AWS does. */
export function readQueryInput(shape: StructureShape, tree: Tree, dialect: Dialect): Record<string, unknown> {
  const fields: Record<string, unknown> = {};
  for (const [name, member] of shape.members) {
    const branch = tree.branches.get(dialect.memberName(name, member.traits));
    if (branch !== undefined) fields[name] = readBranch(member, branch, dialect, name);
  }
  return fields;
}

function readBranch(member: Member, tree: Tree, dialect: Dialect, name: string): unknown {
  const { shape, traits } = member;
  switch (shape.type) {
    case 'structure':
      return readQueryInput(shape, tree, dialect);
    case 'list': {
      const items = dialect.flattened(traits) ? tree : tree.branches.get(shape.member.traits.xmlName ?? 'member');
      return numbered(items).map((item) => readBranch(shape.member, item, dialect, name));
    }
    case 'map': {
      const entries = dialect.flattened(traits) ? tree : tree.branches.get('entry');
      const pairs = numbered(entries).map((entry): [string, unknown] => {
        const key = entry.branches.get(shape.key.traits.xmlName ?? 'key')?.text ?? '';
        const value = entry.branches.get(shape.value.traits.xmlName ?? 'value');
        return [key, value === undefined ? undefined : readBranch(shape.value, value, dialect, name)];
      });
      return Object.fromEntries(pairs);
    }
    default:
      if (tree.text === undefined) throw new WireError('ValidationError', 400, `${name} must be a single value`);
      return readScalar(tree.text, shape, name);
  }
}

/** Branches `1`, `2`, … in the order of their numbers. */
function numbered(tree: Tree | undefined): Tree[] {
  if (tree === undefined) return [];
  return [...tree.branches]
    .filter(([key]) => /^\d{1,6}$/.test(key))
    .sort(([a], [b]) => Number(a) - Number(b))
    .map(([, branch]) => branch);
}

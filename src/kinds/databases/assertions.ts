import * as z from 'zod';
import { formatDuration } from '../../base/duration.ts';
import { LIMITS } from '../../base/limits.ts';
import type { DrillContext, StepDraft } from '../../model/kind.ts';
import type { Observation, StepContext } from '../../model/step.ts';
import { durationField, noCheck, READS, refused, stepKind } from '../common.ts';
import { type Database, lookRights } from './instance.ts';
import { envOf, loginParams, loginTo, type NamedLogin, targetOf } from './login.ts';

/* What the data of a drill must be: asked of the twin, once it takes writes. One that does not hold fails the drill; one that cannot be asked is refused. */

const assertionFields = {
  name: z.string().regex(/^[a-z][a-z0-9-]{0,40}$/, 'expected a short name of lowercase letters, digits and hyphens').describe('What it is about; it names the step'),
  sql: z
    .string()
    .min(1)
    .max(2_000)
    .regex(/^\s*(select|with)\b[^;]*$/i, 'expected one SELECT that gives one value, without a semicolon')
    .describe('A query that gives one value'),
  equals: z.union([z.string(), z.number(), z.boolean()]).optional().describe('The value, as PostgreSQL writes it'),
  atLeast: z.number().optional().describe('The value is a number that is not smaller'),
  unchanged: z.literal(true, 'expected true').optional().describe('The value in production is the same before and after the drill; asked of the standby, or of the old writer where there is none'),
  youngerThan: durationField({ min: 1_000, max: 366 * 86_400_000, range: 'a duration from 1s to 366d' }).optional().describe('The value is a time, and not older'),
};

const BOUNDS = ['equals', 'atLeast', 'youngerThan', 'unchanged'] as const;

export const databaseDrill = z
  .strictObject({
    assertions: z
      .array(z.strictObject(assertionFields).refine((one) => BOUNDS.filter((bound) => one[bound] !== undefined).length === 1, 'expected one of `equals`, `atLeast`, `youngerThan` and `unchanged`'))
      .min(1)
      .max(20)
      .describe('What the data of a drill must be, asked by the login of the canary'),
  })
  .describe('What a drill asks of the data');

/** For `refine`: assertions are asked by the login of the canary. */
export function isAskable(db: { drill?: unknown; canary?: unknown }): boolean {
  return db.drill === undefined || db.canary !== undefined;
}

export const NOT_ASKABLE = { path: ['drill'], message: 'assertions are asked by the login of `canary`: add it' };

const params = z.strictObject({ ...loginParams, ...assertionFields, youngerThan: z.number().optional() });
type Params = z.infer<typeof params>;

/** The question as one text value; of a time, its age in seconds. */
function question({ sql, youngerThan }: Pick<Params, 'sql' | 'youngerThan'>): string {
  const value = youngerThan === undefined ? `(${sql})::text` : `extract(epoch from now() - (${sql})::timestamptz)::text`;
  return `SELECT coalesce(${value}, '') AS value`;
}

const answer = z.object({ value: z.string() });

/** The value in what the server says, e.g. `SELECT 1: {"value":"3"}`; undefined where it is none, or was cut short. */
function valueIn(said: string): string | undefined {
  try {
    return answer.parse(JSON.parse(said.slice(said.indexOf('{')))).value;
  } catch {
    return undefined;
  }
}

function whyNot(p: Params, value: string): string | undefined {
  const is = Number(value);
  if (p.equals !== undefined) return value === String(p.equals) ? undefined : `is ${value === '' ? 'nothing' : value}, not ${String(p.equals)}`;
  if (value.trim() === '' || Number.isNaN(is)) return `is ${value.trim() === '' ? 'nothing' : value}: no number that could be compared`;
  if (p.atLeast !== undefined) return is >= p.atLeast ? undefined : `is ${value}, less than ${p.atLeast}`;
  const ageMs = is * 1_000;
  return ageMs <= (p.youngerThan ?? 0) ? undefined : `is ${formatDuration(ageMs)} old, more than ${formatDuration(p.youngerThan ?? 0)}`;
}

/** `value` is undefined where the database said nothing that is one. */
type Asked = { pending: string; waitingFor: 'aws' | 'database' } | { value: string | undefined; said: string };

async function askValue(ctx: StepContext, p: Pick<Params, keyof typeof loginParams | 'sql' | 'youngerThan'>): Promise<Asked> {
  const target = await targetOf(ctx, p);
  if (typeof target === 'string') return { pending: target, waitingFor: 'aws' };
  const said = await ctx.effects.sql.statement(target, question(p), LIMITS.sqlMs, ctx.signal);
  if (said.state === 'unknown') return { pending: said.error, waitingFor: 'database' };
  return said.state === 'done' ? { value: valueIn(said.text), said: 'it gives no value that can be read' } : { value: undefined, said: said.error };
}

/** Of one value of production. */
const ATTEMPTS = 4;

/** The value now, for a comparison with another time; null where the database does not answer. @throws Error where the question is none that gives a value */
export async function valueNow(ctx: StepContext, p: z.infer<typeof askedSchema>): Promise<string | null> {
  let asked = await askValue(ctx, p);
  for (let i = 1; 'pending' in asked && i < ATTEMPTS; i++) {
    await ctx.wait('database', LIMITS.pollMaxMs);
    asked = await askValue(ctx, p);
  }
  if ('pending' in asked) return null;
  if (asked.value === undefined) throw new Error(`the assertion ${p.name} cannot be asked of ${p.id}: ${asked.said}`);
  return asked.value;
}

export const askedSchema = z.strictObject({ ...loginParams, name: z.string(), sql: z.string() });

async function observe(ctx: StepContext, p: Params): Promise<Observation> {
  const asked = await askValue(ctx, p);
  if ('pending' in asked) return { state: 'pending', because: asked.pending, waitingFor: asked.waitingFor };
  const { value } = asked;
  if (value === undefined) {
    return refused({
      rule: 'drill-assertion',
      observed: `${p.name} cannot be asked of ${p.id}: ${asked.said}`,
      threshold: 'a query that gives one value',
      consequence: 'nothing is known of what the data would be after a failover',
      override: `none: correct the assertion ${p.name} in the runbook; the same query must work by hand`,
    });
  }
  const wrong = whyNot(p, value);
  return wrong === undefined ? { state: 'reached', because: `${p.name} holds: ${p.youngerThan === undefined ? value : `${formatDuration(Number(value) * 1_000)} old`}` } : { state: 'impossible', because: `the assertion ${p.name} does not hold: it ${wrong}` };
}

export const assertion = stepKind<Params>({ params, check: noCheck, observe });

export interface Asserted {
  drill?: z.infer<typeof databaseDrill> | undefined;
  canary?: NamedLogin | undefined;
}

/** None without assertions, or without a login by which they could be asked. */
export function assertionSteps(ctx: DrillContext, twin: Database, { drill, canary }: Asserted): StepDraft[] {
  if (canary === undefined) return [];
  return (drill?.assertions ?? []).filter(({ unchanged }) => unchanged !== true).map((one): StepDraft => ({
    step: 'assertion',
    label: `assert-${one.name}`,
    phase: 'verify',
    after: ['canary'],
    ...READS,
    title: `${one.name}: is the data of ${twin.name} what it must be?`,
    env: envOf(canary),
    params: { ...loginTo({ region: twin.region, id: twin.id }, canary), ...one } satisfies Params,
    permissions: [lookRights(ctx, twin)],
    estimate: { p50: 1, p95: 3, basis: 'one query' },
    limitMs: 120_000,
  }));
}

import * as z from 'zod';
import { refused, stepKind } from '../common.ts';
import { fact, type FactSource } from '../../model/fact.ts';
import { writesStoppedFact } from '../../model/signals.ts';
import type { Observation, Refusal, StepContext, Verdict, Warning } from '../../model/step.ts';
import { envOf, loginParams, loginTo, type NamedLogin, positionOf, setReadOnly } from './login.ts';
import { recordFence } from './verdict.ts';
import type { PlanContext, StepDraft } from '../../model/kind.ts';
import { type Database, lookRights, rdsResource } from './instance.ts';

/* Makes a healthy writer's database read-only, ends every other session, and records the position of its log: a replica must reach it before a promotion. */

const params = z.strictObject({ name: z.string(), ...loginParams });
type Params = z.infer<typeof params>;

const quiescedSchema = z.strictObject({ at: z.string().regex(/^\d+$/), since: z.number() });

const quiesceFact = fact('quiesce', quiescedSchema);

/** Position and time at which writes were stopped. Undefined: they were not, as far as this run knows. */
export function quiescedAt(from: FactSource, name: string): { at: bigint; since: number } | undefined {
  const known = quiesceFact.read(from, name);
  return known === undefined ? undefined : { at: BigInt(known.at), since: known.since };
}

async function check(ctx: StepContext, p: Params): Promise<Verdict> {
  const seen = await positionOf(ctx, p);
  const good = typeof seen !== 'string' && seen.role === 'writer' && seen.mayChange;
  if (good && seen.exempt !== undefined) return refused(exempt(ctx, p, seen.exempt));
  if (good) return { state: 'ok', because: `${p.id} is a writer, and the login owns ${p.database}`, ...(seen.besides === undefined ? {} : { warnings: [besides(p, seen.besides.databases)] }) };
  return refused({
    rule: 'quiesce',
    observed:
      typeof seen === 'string' ? seen : seen.role === 'replica' ? `${p.id} is in recovery, and no writer` : `the login of ${p.userEnv} has not the rights of the owner of database ${p.database}`,
    threshold: `a PostgreSQL login (${p.userEnv}, ${p.passwordEnv}) with the rights of the owner of database ${p.database}, reachable from here`,
    consequence: `writes to ${p.id} could not be stopped, and some would be lost`,
    override: `export ${p.userEnv}=… ${p.passwordEnv}=… of the owner, or, when the loss is acceptable: dr failover --region ${ctx.target}`,
  });
}

/** https://www.postgresql.org/docs/17/sql-alterrole.html: what is set for a role counts more than what is set for a database. */
function exempt(ctx: StepContext, p: Params, roles: readonly string[]): Refusal {
  return {
    rule: 'quiesce',
    observed: `in ${p.database} of ${p.id} ${roles.join(', ')} may write also where the database is read-only: default_transaction_read_only is off for ${roles.length === 1 ? 'this role' : 'these roles'}`,
    threshold: 'no role that has a default_transaction_read_only of its own',
    consequence: `writes to ${p.id} could not be stopped, and some would be lost`,
    override: `none: ${roles.map((role) => `ALTER ROLE "${role}" RESET default_transaction_read_only`).join('; ')} (with IN DATABASE "${p.database}" where it was set for that), or, when the loss is acceptable: dr failover --region ${ctx.target}`,
  };
}

/** A promotion takes the whole instance over, and writes are stopped in one database of it. */
function besides(p: Params, databases: readonly string[]): Warning {
  return {
    rule: 'other-databases',
    observed: `others use ${databases.join(', ')} of ${p.id} now, and writes are stopped in ${p.database} only; while anything is written there, nothing is promoted`,
    wanted: `no session in another database of ${p.id} than ${p.database}`,
    mend: 'stop by hand what writes there, before the switchover',
    page: 'https://www.postgresql.org/docs/17/sql-alterdatabase.html',
  };
}

/** Only what this run has recorded counts: a database that somebody else made read-only may have sessions that still write. */
async function observe(ctx: StepContext, p: Params): Promise<Observation> {
  const known = quiescedAt(ctx, p.name);
  // With the intent, so that a run that dies on the way knows why users are down.
  writesStoppedFact.record(ctx, true);
  if (known === undefined) return { state: 'absent', because: `${p.id} takes writes` };
  const seen = await positionOf(ctx, p);
  if (typeof seen === 'string') return { state: 'pending', because: seen, waitingFor: 'database' };
  if (!seen.readOnly) return { state: 'absent', because: `${p.id} takes writes again` };
  return { state: 'reached', because: `${p.id} takes no more writes; its log stands at ${known.at}` };
}

async function act(ctx: StepContext, p: Params): Promise<void> {
  await setReadOnly(ctx, p, true);
  const since = ctx.effects.clock.now();
  const seen = await positionOf(ctx, p);
  if (typeof seen === 'string') throw new Error(seen);
  quiesceFact.record(ctx, p.name, { at: String(seen.at), since });
  recordFence(ctx, p.name, { verdict: 'read-only', because: `${p.id} was made read-only and its sessions were ended` });
}

async function undo(ctx: StepContext, p: Params): Promise<void> {
  await setReadOnly(ctx, p, false);
  const seen = await positionOf(ctx, p);
  if (typeof seen === 'string') throw new Error(seen);
  if (seen.readOnly) throw new Error(`${p.id} is still read-only`);
  quiesceFact.forget(ctx, p.name);
  writesStoppedFact.record(ctx, false);
  recordFence(ctx, p.name, { verdict: 'undone', because: `${p.id} takes writes again` });
}

async function made(ctx: StepContext, p: Params): Promise<boolean> {
  const seen = await positionOf(ctx, p);
  return typeof seen !== 'string' && seen.readOnly;
}

export const quiesce = stepKind<Params>({ params, check, observe, act, undo, made });

export function quiesceStep(ctx: PlanContext, old: Database, login: NamedLogin): StepDraft {
  return {
    step: 'quiesce',
    phase: 'fence',
    reversibility: 'compensable',
    title: `Stop writes to ${old.id} in ${old.region}`,
    env: envOf(login),
    params: { ...loginTo(old, login) } satisfies Params,
    controlPlanes: [],
    permissions: [lookRights(ctx, old)],
    estimate: { p50: 1, p95: 20, basis: 'one ALTER DATABASE, then the end of every session' },
    limitMs: 120_000,
    changes: [{ resource: rdsResource(old.region, old.id), field: `database ${login.database}`, before: 'read and write', after: 'read-only, sessions ended' }],
  };
}

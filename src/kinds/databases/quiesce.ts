import * as z from 'zod';
import { refused, stepKind } from '../common.ts';
import { fact, type FactSource } from '../../model/fact.ts';
import { writesStoppedFact } from '../../model/signals.ts';
import type { Observation, StepContext, Verdict } from '../../model/step.ts';
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
  if (good) return { state: 'ok', because: `${p.id} is a writer, and the login owns ${p.database}` };
  return refused({
    rule: 'quiesce',
    observed:
      typeof seen === 'string' ? seen : seen.role === 'replica' ? `${p.id} is in recovery, and no writer` : `the login of ${p.userEnv} has not the rights of the owner of database ${p.database}`,
    threshold: `a PostgreSQL login (${p.userEnv}, ${p.passwordEnv}) with the rights of the owner of database ${p.database}, reachable from here`,
    consequence: `writes to ${p.id} could not be stopped, and some would be lost`,
    override: `export ${p.userEnv}=… ${p.passwordEnv}=… of the owner, or, when the loss is acceptable: dr failover --region ${ctx.target}`,
  });
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

import * as z from 'zod';
import { type RpoBound, rpoFromPosition } from '../../measure/rpo.ts';
import { instanceSchema, READS, refused, stepKind } from '../common.ts';
import type { Observation, StepContext, Verdict } from '../../model/step.ts';
import { formatDuration } from '../../base/duration.ts';
import type { SqlPosition } from '../../effects/effects.ts';
import { fact } from '../../model/fact.ts';
import { rpoFact } from './facts.ts';
import { intendsPromotion } from './found-writer.ts';
import { envOf, type Login, loginParams, loginTo, type NamedLogin, positionOf } from './login.ts';
import { quiescedAt } from './quiesce.ts';
import type { PlanContext, StepDraft } from '../../model/kind.ts';
import { type Database, lookRights } from './instance.ts';

/* Waits until the replica has replayed all that the source has written, which is asked again at each look: no loss. Records `rpo.<database>`. */

const params = z.strictObject({ name: z.string(), ...loginParams, source: instanceSchema });
type Params = z.infer<typeof params>;

/** The replica's login: the source has the same one, it is the same database. */
function atSource(p: Params): Login {
  const { database, userEnv, passwordEnv } = p;
  return { ...p.source, database, userEnv, passwordEnv };
}

function loginOf({ region, id, database, userEnv, passwordEnv }: Params): Login {
  return { region, id, database, userEnv, passwordEnv };
}

async function check(ctx: StepContext, p: Params): Promise<Verdict> {
  const seen = await positionOf(ctx, loginOf(p));
  if (typeof seen !== 'string' && seen.role === 'replica') return { state: 'ok', because: `${p.id} tells how far it has replayed` };
  return refused({
    rule: 'position-gate',
    observed: typeof seen === 'string' ? seen : `${p.id} is no replica`,
    threshold: `the replica ${p.id} answers the login of ${p.userEnv}, from here`,
    consequence: 'that nothing is lost could not be proven',
    override: `let this machine reach ${p.id}, or, when the loss is acceptable: dr failover --region ${ctx.target}`,
  });
}

async function observe(ctx: StepContext, p: Params): Promise<Observation> {
  const known = quiescedAt(ctx, p.name);
  if (known === undefined) return { state: 'impossible', because: `writes to ${p.source.id} were not stopped by this run` };
  const source = await sourceNow(ctx, p);
  if (source?.readOnly === false) return { state: 'impossible', because: `${p.source.id} takes writes again` };
  const wanted = source !== undefined && source.at > known.at ? source.at : known.at;
  const replica = await positionOf(ctx, loginOf(p));
  if (typeof replica === 'string') return { state: 'pending', because: replica, waitingFor: 'database' };
  if (replica.role === 'writer') return promoted(ctx, p);
  if (replica.at < wanted) {
    return { state: 'pending', because: `${p.id} has replayed up to ${replica.at}, ${wanted - replica.at} bytes behind`, waitingFor: 'database' };
  }
  const others = source?.besides === undefined ? undefined : written(ctx, p, known.since, source.besides);
  if (others !== undefined) return others;
  const because = `${p.id} has replayed everything up to ${wanted}, where the log of ${p.source.id} stands without writes`;
  const bound: RpoBound = rpoFromPosition(p.name, known.since, ctx.effects.clock.now(), because);
  rpoFact.record(ctx, p.name, bound);
  return { state: 'reached', because };
}

/**
 * So long nothing may be written to the other databases that somebody uses. A session that is idle after a transaction counts its rows within ten seconds.
 * Milliseconds. https://www.postgresql.org/docs/17/monitoring-stats.html
 */
const QUIET_MS = 15_000;

/** Rows that were written to them when it was looked first, after writes were stopped at `since`. */
const besidesFact = fact('besides', z.strictObject({ written: z.string().regex(/^\d+$/), since: z.number(), at: z.number() }));

/** A promotion takes the whole instance over: what is written to another database of it after that would be lost, too. Undefined: nothing was. */
function written(ctx: StepContext, p: Params, since: number, { databases, written: rows }: NonNullable<SqlPosition['besides']>): Observation | undefined {
  const before = besidesFact.read(ctx, p.name);
  const first = before?.since === since ? before : { written: String(rows), since, at: ctx.effects.clock.now() };
  besidesFact.record(ctx, p.name, first);
  const where = `others use ${databases.join(', ')} of ${p.source.id}`;
  if (rows !== BigInt(first.written)) return { state: 'impossible', because: `${where}, and something is written there: writes are stopped in ${p.database} only`, next: ['stop by hand what writes there, then: dr switchover'] };
  const quiet = ctx.effects.clock.now() - first.at >= QUIET_MS;
  return quiet ? undefined : { state: 'pending', because: `${where}: whether something is written there shows within ${formatDuration(QUIET_MS)}`, waitingFor: 'database' };
}

/** It has a log of its own now. If this run promoted it, and was resumed or taken over since, what it saw before still holds. */
function promoted(ctx: StepContext, p: Params): Observation {
  const passed = rpoFact.read(ctx, p.name)?.method === 'position';
  if (passed && intendsPromotion(ctx, p)) return { state: 'reached', because: `${p.id} is a writer: this run saw that it had replayed everything, and has promoted it` };
  return { state: 'impossible', because: `${p.id} is no replica any more` };
}

/** Undefined where the source answers no more: then what was recorded when writes stopped is enough. */
async function sourceNow(ctx: StepContext, p: Params) {
  try {
    const seen = await positionOf(ctx, atSource(p));
    return typeof seen === 'string' ? undefined : seen;
  } catch {
    ctx.signal.throwIfAborted();
    return undefined;
  }
}

export const positionGate = stepKind<Params>({ params, check, observe });

/** Writes stand still while it waits: to roll back is better than to wait longer. */
const LIMIT_MS = 180_000;

export function positionGateStep(ctx: PlanContext, copy: Database, old: Database, login: NamedLogin): StepDraft {
  return {
    step: 'positionGate',
    phase: 'data',
    ...READS,
    gate: true,
    title: `${copy.id} has replayed every write of ${old.id}`,
    env: envOf(login),
    params: { ...loginTo(copy, login), source: { region: old.region, id: old.id } } satisfies Params,
    permissions: [lookRights(ctx, copy, old)],
    estimate: { p50: 2, p95: 30, basis: 'the lag of the replica, without new writes' },
    limitMs: LIMIT_MS,
  };
}

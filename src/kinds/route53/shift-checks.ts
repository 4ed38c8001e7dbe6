import * as z from 'zod';
import { AwsError } from '../../aws/errors.ts';
import { type HealthCheckState, listManyRecordSets, readHealthCheck, updateHealthCheck } from '../../aws/route53.ts';
import { hostedZoneId, refused, stepKind } from '../common.ts';
import type { Observation, StepContext, Verdict } from '../../model/step.ts';
import { recordKeys } from './shift-records.ts';

/*
 * Takes sets out of the answers by their health checks. A check that is disabled passes whatever its checkers see, and
 * one that is inverted besides is unhealthy: so it stays out also when the lost region comes back.
 * It needs the Route 53 control plane, like a change of records; but no record is touched, and no TTL decides before.
 * https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/health-checks-creating-values.html
 */

const params = z.strictObject({
  zone: hostedZoneId,
  records: recordKeys,
  /** Set identifiers. */
  out: z.array(z.string()),
  in: z.array(z.string()),
});
type Params = z.infer<typeof params>;

interface Check {
  id: string;
  sets: string[];
  out: boolean;
  state: HealthCheckState;
}

const FORCED = { disabled: true, inverted: true } as const;
const FREE = { disabled: false, inverted: false } as const;

export function isForcedOut(state: HealthCheckState): boolean {
  return state.disabled && state.inverted;
}

/** Tries of an update that somebody else's update overtakes. */
const VERSION_TRIES = 3;

/** The health checks of the named sets; a text where the sets cannot be switched by them. */
async function checksOf(ctx: StepContext, p: Params): Promise<Check[] | string> {
  const options = { region: ctx.target, signal: ctx.signal };
  const sets = (await listManyRecordSets(ctx.effects.aws, p.zone, p.records, options)).flat();
  const byId = new Map<string, { sets: Set<string>; out: Set<boolean> }>();
  for (const id of [...p.out, ...p.in]) {
    const named = sets.filter((set) => set.SetIdentifier === id);
    if (named.length === 0) return `there is no set ${id}`;
    if (named.some((set) => set.HealthCheckId === undefined)) return `set ${id} has no health check of its own`;
    for (const set of named) {
      const entry = byId.get(set.HealthCheckId ?? '') ?? { sets: new Set(), out: new Set() };
      entry.sets.add(id);
      entry.out.add(p.out.includes(id));
      byId.set(set.HealthCheckId ?? '', entry);
    }
  }
  const shared = [...byId].find(([, entry]) => entry.out.size > 1);
  if (shared !== undefined) return `health check ${shared[0]} stands at ${[...shared[1].sets].join(' and ')}: it would take both out`;
  const checks: Check[] = [];
  for (const [id, entry] of byId) {
    checks.push({ id, sets: [...entry.sets], out: entry.out.has(true), state: await readHealthCheck(ctx.effects.aws, id, options) });
  }
  return checks;
}

async function check(ctx: StepContext, p: Params): Promise<Verdict> {
  const checks = await checksOf(ctx, p);
  const inverted = typeof checks === 'string' ? undefined : checks.find(({ state }) => state.inverted && !state.disabled);
  if (typeof checks !== 'string' && inverted === undefined) return { state: 'ok', because: `${checks.length} health checks can be switched` };
  return refused({
    rule: 'health-check',
    observed: typeof checks === 'string' ? checks : `health check ${inverted?.id ?? ''} is inverted: it watches something else than its set’s endpoint`,
    threshold: 'each set has a health check of its own that is not inverted',
    consequence: 'switching it would take out too much, or nothing',
    override: 'give each set its own health check, or set `switch: record`',
  });
}

async function observe(ctx: StepContext, p: Params): Promise<Observation> {
  const checks = await checksOf(ctx, p);
  if (typeof checks === 'string') return { state: 'impossible', because: checks };
  const wrong = checks.filter(({ out, state }) => isForcedOut(state) !== out);
  if (wrong.length === 0) return { state: 'reached', because: words(checks) };
  return { state: 'absent', because: wrong.map(({ id, out }) => `${id} is ${out ? 'not yet out' : 'still out'}`).join(', ') };
}

function words(checks: readonly Check[]): string {
  const say = (out: boolean) => checks.filter((c) => c.out === out).map((c) => c.id).join(', ') || 'none';
  return `out by their health checks: ${say(true)}; not: ${say(false)}`;
}

/** Brings back first, then takes out: at no moment is everybody out. */
async function act(ctx: StepContext, p: Params): Promise<void> {
  const checks = await checksOf(ctx, p);
  if (typeof checks === 'string') throw new Error(checks);
  for (const check of [...checks.filter((c) => !c.out), ...checks.filter((c) => c.out)]) {
    if (isForcedOut(check.state) !== check.out) await update(ctx, check);
  }
}

/** Where somebody else's update came between reading and writing, theirs is read, and ours laid over it. */
async function update(ctx: StepContext, check: Check): Promise<void> {
  let { version } = check.state;
  for (let attempt = 1; ; attempt++) {
    try {
      await updateHealthCheck(ctx.effects.aws, check.id, version, check.out ? FORCED : FREE, { region: ctx.target, signal: ctx.signal });
      return;
    } catch (error) {
      if (!(error instanceof AwsError) || error.code !== 'HealthCheckVersionMismatch' || attempt >= VERSION_TRIES) throw error;
      const now = await readHealthCheck(ctx.effects.aws, check.id, { region: ctx.target, signal: ctx.signal });
      if (isForcedOut(now) === check.out) return;
      version = now.version;
    }
  }
}

async function undo(ctx: StepContext, p: Params): Promise<void> {
  await act(ctx, { ...p, in: p.out, out: [] });
}

export const shiftChecks = stepKind<Params>({ params, check, observe, act, undo });

import * as z from 'zod';
import { AwsError } from '../../aws/errors.ts';
import { type HealthCheckState, listManyRecordSets, readHealthCheck, type RecordSet, updateHealthCheck } from '../../aws/route53.ts';
import { hostedZoneId, refused, stepKind } from '../common.ts';
import { found, missing } from '../looks.ts';
import type { Observation, StepContext, Verdict, Warning } from '../../model/step.ts';
import { notSwitchable, routingControls } from './check-types.ts';
import { recordKeys } from './shift-records.ts';

/*
 * Takes sets out of the answers by their health checks. A check that is disabled passes whatever its checkers see, and
 * one that is inverted besides is unhealthy: so it stays out also when the lost region comes back.
 * It needs the Route 53 control plane, like a change of records; but no record is touched, and no TTL decides before.
 * https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/health-checks-creating-values.html
 */

const PAGE = 'https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/health-checks-creating-values.html';

const params = z.strictObject({
  zone: hostedZoneId,
  records: recordKeys,
  out: z.array(z.string()),
  in: z.array(z.string()),
});
type Params = z.infer<typeof params>;

interface Check {
  id: string;
  /** Identifiers of all sets of these names that have it. */
  sets: string[];
  out: boolean;
  state: HealthCheckState;
}

const FORCED = { disabled: true, inverted: true } as const;
const FREE = { disabled: false, inverted: false } as const;

export function isForcedOut(state: HealthCheckState): boolean {
  return state.disabled && state.inverted;
}

function isWrong({ out, state }: Check): boolean {
  return isForcedOut(state) !== out;
}

/** Attempts, if other updates of the same check come in between. */
const VERSION_TRIES = 3;

const beforeSchema = z.strictObject({ disabled: z.boolean(), inverted: z.boolean() });
const beforeFact = (id: string): string => `route53.check-before.${id}`;

function setsOf(ctx: StepContext, p: Params): Promise<RecordSet[][]> {
  return listManyRecordSets(ctx.effects.aws, p.zone, p.records, { region: ctx.target, signal: ctx.signal });
}

/** The health checks of the named sets; a text if the sets cannot be switched by them. */
async function checksOf(ctx: StepContext, p: Params, all?: readonly RecordSet[][]): Promise<Check[] | string> {
  const options = { region: ctx.target, signal: ctx.signal };
  const sets = (all ?? (await setsOf(ctx, p))).flat();
  const sides = new Map<string, boolean>();
  for (const name of [...p.out, ...p.in]) {
    const named = sets.filter((set) => set.SetIdentifier === name);
    if (named.length === 0) return `there is no set ${name}`;
    for (const { HealthCheckId: id } of named) {
      if (id === undefined) return `set ${name} has no health check of its own`;
      sides.set(id, sides.get(id) === true || p.out.includes(name));
    }
  }
  const checks: Check[] = [];
  for (const [id, out] of sides) {
    const having = [...new Set(sets.filter((set) => set.HealthCheckId === id).map((set) => set.SetIdentifier ?? '(simple)'))];
    const check = { id, sets: having, out, state: await readHealthCheck(ctx.effects.aws, id, options) };
    const side = out ? p.out : p.in;
    if ((out || isWrong(check)) && having.some((name) => !side.includes(name))) {
      return `health check ${id} belongs to ${having.join(' and ')}: it would ${out ? 'take all of them out' : 'bring all of them back'}`;
    }
    checks.push(check);
  }
  return checks;
}

/**
 * A name that no other set answers: where all are unhealthy, Route 53 answers as if all were healthy.
 * https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/health-checks-how-route-53-chooses-records.html
 */
function stuck(p: Params, sets: readonly RecordSet[][], checks: readonly Check[]): string | undefined {
  const out = new Set(checks.flatMap((one) => (one.out ? [one.id] : [])));
  const ids = sets.map((own) => own.map(({ HealthCheckId: id = '' }) => id));
  const record = p.records.find((_, i) => ids[i]?.some((id) => out.has(id)) && ids[i].every((id) => out.has(id)));
  return record && `${record.name} ${record.type} has only sets that would be taken out (${p.out.join(', ')}): Route 53 would still answer with them`;
}

async function check(ctx: StepContext, p: Params): Promise<Verdict> {
  const sets = await setsOf(ctx, p);
  const checks = await checksOf(ctx, p, sets);
  if (typeof checks === 'string') return refusal(checks);
  const alone = stuck(p, sets, checks);
  if (alone !== undefined) return refusal(alone, 'give each name a set that answers for the region that stays, or correct `sets` in the runbook');
  const inverted = checks.find(({ state }) => state.inverted && !state.disabled);
  if (inverted !== undefined) return refusal(`health check ${inverted.id} is inverted: it watches something else than its set’s endpoint`);
  const controls = routingControls(ctx, false, checks.filter(({ out }) => !out).map(({ id, sets, state }) => ({ id, set: sets.join(' and '), state })));
  for (const one of checks.filter(isWrong)) {
    const problem = notSwitchable(one.state);
    if (problem !== undefined) return refusal(`health check ${one.id} of ${one.sets.join(' and ')} ${problem.observed}`, problem.instead);
  }
  return { state: 'ok', because: `${checks.length} health checks can be switched`, warnings: [...controls.warnings, ...checks.flatMap(warningsOf)] };
}

function refusal(observed: string, override = 'give each set its own health check, or set `switch: record`'): Verdict {
  return refused({
    rule: 'health-check',
    observed,
    threshold: 'each set has a health check of its own that is not inverted, of a type that can be disabled and inverted',
    consequence: 'switching it would take out too much, or nothing',
    override,
  });
}

function warningsOf({ id, out, sets, state }: Check): Warning[] {
  const what = `health check ${id} of ${sets.join(' and ')}`;
  const problem = out ? undefined : notSwitchable(state);
  return [
    ...(state.disabled && !state.inverted ? [{ rule: 'health-check-disabled', observed: `${what} is disabled already: it counts as healthy whatever it watches${out ? '; a rollback leaves it disabled' : ''}`, wanted: 'a health check that is enabled', mend: `aws route53 update-health-check --health-check-id ${id} --no-disabled`, page: PAGE }] : []),
    ...(problem === undefined ? [] : [{ rule: 'health-check-type', observed: `${what} ${problem.observed}: traffic could not leave it again. ${problem.instead}`, wanted: 'a health check that can be disabled and inverted', mend: problem.instead, page: PAGE }]),
  ];
}

async function observe(ctx: StepContext, p: Params): Promise<Observation> {
  const checks = await checksOf(ctx, p);
  if (typeof checks === 'string') return missing(ctx, `checks.${p.zone}.${p.out.join()}.${p.in.join()}`, checks);
  found(ctx, `checks.${p.zone}.${p.out.join()}.${p.in.join()}`);
  const wrong = checks.filter(isWrong);
  if (wrong.length === 0) return { state: 'reached', because: words(checks) };
  for (const { id, state } of wrong) if (ctx.fact(beforeFact(id)) === undefined) ctx.record(beforeFact(id), { disabled: state.disabled, inverted: state.inverted });
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
  for (const out of [false, true]) {
    for (const one of checks.filter((each) => each.out === out && isWrong(each))) await update(ctx, one, out ? FORCED : FREE);
  }
}

/** If somebody else's update comes between reading and writing, theirs is read, and ours is written over it. */
async function update(ctx: StepContext, check: Check, to: Pick<HealthCheckState, 'disabled' | 'inverted'>): Promise<void> {
  let { version } = check.state;
  for (let attempt = 1; ; attempt++) {
    try {
      await updateHealthCheck(ctx.effects.aws, check.id, version, to, { region: ctx.target, signal: ctx.signal });
      return;
    } catch (error) {
      if (!(error instanceof AwsError) || error.code !== 'HealthCheckVersionMismatch' || attempt >= VERSION_TRIES) throw error;
      const now = await readHealthCheck(ctx.effects.aws, check.id, { region: ctx.target, signal: ctx.signal });
      if (now.disabled === to.disabled && now.inverted === to.inverted) return;
      version = now.version;
    }
  }
}

/** Each check becomes what it was before; one that is no longer as this step made it stays as it is. */
async function undo(ctx: StepContext, p: Params): Promise<void> {
  const checks = await checksOf(ctx, p);
  if (typeof checks === 'string') throw new Error(checks);
  const before = (id: string) => beforeSchema.safeParse(ctx.fact(beforeFact(id))).data;
  if (checks.every(({ id }) => before(id) === undefined)) throw new Error('what the health checks were before is not known');
  for (const out of [true, false]) {
    for (const one of checks.filter((each) => each.out === out && !isWrong(each))) {
      const state = before(one.id);
      if (state !== undefined) await update(ctx, one, state);
    }
  }
}

export const shiftChecks = stepKind<Params>({ params, check, observe, act, undo });

import { plural } from '../../base/plural.ts';
import * as z from 'zod';
import { packBatches } from '../../aws/route53-batches.ts';
import { changeRecords, changeStatus, listManyRecordSets, protectionsOf, type RecordChange, type RecordSet, type HealthCheckState, readHealthCheck } from '../../aws/route53.ts';
import { AwsError, unlessAws } from '../../aws/errors.ts';
import { LIMITS } from '../../base/limits.ts';
import { dnsName, hostedZoneId, recordType, refused, stepKind } from '../common.ts';
import { found, lastsFor, lastsNot, missing } from '../looks.ts';
import { fact } from '../../model/fact.ts';
import type { Observation, StepContext, Verdict, Warning } from '../../model/step.ts';
import { traitsOf } from '../../model/verb.ts';
import { type Aim, aimSchema, changeTo, wantedSets } from './aim.ts';
import { type BatchProblem, createdSets, type PlannedSets, setProblems } from './batch-rules.ts';
import { type AskedChecks, askChecks, changeProblems } from './change-problems.ts';
import { blindTo, routingControls } from './check-types.ts';
import { countsAsHealthy } from './checkers.ts';
import { aliasedSets } from './sets.ts';
import { lockedZone, zoneProblems } from './zone.ts';

/*
 * Brings the sets of any number of names of one zone to what an aim says.
 *
 * Invariants:
 * 1. As few requests as the limits of a batch allow; all sets of one name change at once.
 * 2. What was read is what is deleted: a set that somebody changed meanwhile fails the batch (see `changeTo`).
 * 3. It is done when every change is INSYNC, and not when it was accepted.
 * https://docs.aws.amazon.com/Route53/latest/APIReference/API_ChangeResourceRecordSets.html
 */

export const recordKeys = z.array(z.strictObject({ name: dnsName, type: recordType })).min(1);

const params = z.strictObject({
  /** Unique in the plan: names the facts of this step. */
  key: z.string(),
  zone: hostedZoneId,
  records: recordKeys,
  aim: aimSchema,
  /** What undo restores; absent where there is no way back. */
  before: aimSchema.optional(),
  /** Sets that must be able to answer afterwards: their health is looked at before. */
  towards: z.array(z.string()).default([]),
});
type Params = z.infer<typeof params>;

const SETS = 'the sets that the runbook names, with one left that answers';
const THRESHOLDS: Record<Aim['policy'], string> = {
  failover: 'one PRIMARY and one SECONDARY set, named as in the runbook',
  weighted: SETS,
  answers: SETS,
  simple: 'one simple record that has the answer of a region of the runbook: another one belongs to somebody else',
};
const GUIDE = 'https://docs.aws.amazon.com/Route53/latest/DeveloperGuide';
/** Above that the TTL is worth a warning, seconds. */
const LONG_TTL = 60;
const CHECKS_READ = 4;
/** Between two looks at a change that is not INSYNC. */
const INSYNC_POLL_MS = 1_000;
/** Looks in a row inside one look of the engine. */
const INSYNC_LOOKS = 20;
/** Throttling, or another change of the zone that is under way, may take a while. */
const CHANGE_ATTEMPTS = 8;
/** How long a list may continue showing sets as they were before a change that is made: the answer of that change was lost. */
const BEHIND_MS = 60_000;
const BEHIND_POLL_MS = 2_000;
/** AWS: changes reach all servers usually within 60 seconds. */
const UNSEEN_MS = 60_000;
/** What Route 53 says of a batch that rests on sets as they are no more. */
const OUTDATED = /already exists|was not found|do not match the current values/;

function read(ctx: StepContext, p: Params): Promise<RecordSet[][]> {
  return listManyRecordSets(ctx.effects.aws, p.zone, p.records, { region: ctx.target, signal: ctx.signal });
}

/** What is to be changed, a group for each name; a text where the aim cannot be reached. */
function groupsFor(aim: Aim, p: Params, current: readonly RecordSet[][]): RecordChange[][] | string {
  const groups: RecordChange[][] = [];
  for (const [i, record] of p.records.entries()) {
    const sets = current[i] ?? [];
    const wanted = wantedSets(aim, record, sets);
    if (typeof wanted === 'string') return wanted;
    const changes = changeTo(sets, wanted);
    if (changes.length > 0) groups.push(changes);
  }
  return groups;
}

async function check(ctx: StepContext, p: Params): Promise<Verdict> {
  const current = await read(ctx, p);
  const groups = groupsFor(p.aim, p, current);
  if (typeof groups === 'string') {
    return refused({
      rule: p.aim.policy === 'failover' ? 'failover-pair' : 'record-sets',
      observed: groups,
      threshold: THRESHOLDS[p.aim.policy],
      consequence: 'users could not be moved',
      override: `correct ${p.aim.policy === 'simple' ? '`answers`' : '`sets`'} in the runbook, or the records in zone ${p.zone}`,
    });
  }
  const changes = planned(p.aim, p, current);
  const towards = current.flat().filter((set) => p.towards.includes(set.SetIdentifier ?? ''));
  const asked = await askChecks(ctx, [...towards, ...newChecks(changes)], changes.flatMap((one) => createdSets(one)));
  const problems = await changeProblems(ctx, p.zone, changes, asked);
  if (problems.length > 0) return refusedByRoute53(problems);
  const { inverted, read: states, ...silent } = await unanswered(ctx, p.aim.policy, towards, asked, changes.flatMap((one) => one.wanted));
  if (silent.refusal !== undefined) return silent.refusal;
  const batches = packBatches(groups).length;
  const [guarded, zone] = await Promise.all([protections(ctx, p), zoneProblems(ctx, p.zone, groups.length > 0)]);
  const no = guarded.refusal ?? zone.refusal;
  if (no !== undefined) return no;
  const because = groups.length === 0 ? 'the records match the plan already' : `${groups.length} of ${plural(p.records.length, 'name')} to change in ${batches} ${batches === 1 ? 'request' : 'requests'}`;
  return { state: 'ok', because, warnings: [...guarded.warnings, ...zone.warnings, ...silent.warnings, ...wayHomeWarnings(p, current), ...inverted.map((observed) => ({ rule: 'health-check-inverted', observed: `${observed}: when the endpoint of the other side passes again, users are sent back to it`, wanted: 'a set that counts as healthy while its endpoint works', mend: 'aws route53 update-health-check --health-check-id ID --no-inverted', page: `${GUIDE}/health-checks-creating-values.html` })), ...healthWarnings(towards, asked, states), ...ttlWarnings(p, current, await aliasedSets(ctx.effects.aws, p.zone, current.flat(), { region: ctx.target, signal: ctx.signal })), ...blindWarnings(p, current)] };
}

function planned(aim: Aim, p: Params, current: readonly (readonly RecordSet[])[]): PlannedSets[] {
  return p.records.flatMap((record, i) => {
    const wanted = wantedSets(aim, record, current[i] ?? []);
    return typeof wanted === 'string' ? [] : [{ record, current: current[i] ?? [], wanted }];
  });
}

function refusedByRoute53(problems: readonly BatchProblem[]): Verdict {
  const more = problems.length > 5 ? `, and ${problems.length - 5} more` : '';
  return refused({
    rule: 'route53-batch',
    observed: `Route 53 would refuse the change: ${problems.slice(0, 5).map((one) => one.observed).join('; ')}${more}`,
    threshold: 'a change that Route 53 accepts',
    consequence: 'users could not be moved after the point of no return',
    override: `none: ${[...new Set(problems.map((one) => one.fix))].slice(0, 5).join('; ')}`,
  });
}

/** What would stand in the way of moving traffic back. */
function wayHomeWarnings(p: Params, current: readonly RecordSet[][]): Warning[] {
  if (p.before === undefined) return [];
  const after = planned(p.aim, p, current).map((one) => one.wanted);
  const problems = planned(p.before, p, after).flatMap(setProblems);
  return problems.slice(0, 3).map(({ observed, fix }) => ({ rule: 'way-back', observed: `the way back is blocked: ${observed}. Fix it: ${fix}`, wanted: 'records that can be changed back', mend: fix }));
}

/** A protected record would be refused by Route 53 in the middle of a run. */
async function protections(ctx: StepContext, p: Params): Promise<{ refusal?: Verdict; warnings: Warning[] }> {
  try {
    const found = await protectionsOf(ctx.effects.aws, p.zone, p.records, { region: ctx.target, signal: ctx.signal, timeoutMs: LIMITS.signalMs, attempts: 2 });
    if (found.length === 0) return { warnings: [] };
    const names = found.map(({ record, comment }) => `${record.name} ${record.type}${comment === undefined ? '' : ` (${comment})`}`);
    const { name, type } = found[0]?.record ?? { name: '', type: '' };
    return {
      warnings: [],
      refusal: refused({
        rule: 'record-protected',
        observed: `protected from changes: ${names.slice(0, 5).join(', ')}${names.length > 5 ? `, and ${names.length - 5} more` : ''}`,
        threshold: 'no resource record set protection on a name that has to change',
        consequence: 'Route 53 would refuse the change',
        override: `aws route53 delete-resource-record-set-protections --hosted-zone-id ${p.zone} --protections RecordName=${name},RecordType=${type}`,
      }),
    };
  } catch (error) {
    // Advisory: older roles lack the permission and some endpoints do not know the call. Route 53 itself refuses a protected record.
    if (!(error instanceof AwsError)) throw error;
    return { warnings: [{ rule: 'protection-unknown', observed: `whether records are protected is not known: ${error.message}`, wanted: 'an answer to route53:ListResourceRecordSetProtections', mend: 'allow it: dr iam --verb check prints all that a check needs' }] };
  }
}

function newChecks(changes: readonly PlannedSets[]): RecordSet[] {
  return changes.flatMap((one) => createdSets(one).filter((set) => !one.current.some((old) => old.HealthCheckId === set.HealthCheckId)));
}

interface ReadCheck {
  id: string;
  set: string;
  state: HealthCheckState;
}

/** Sets that are to answer, and that Route 53 will not answer with: known before, from their health checks. */
async function unanswered(ctx: StepContext, policy: Aim['policy'], towards: readonly RecordSet[], asked: AskedChecks, after: readonly RecordSet[]): Promise<{ refusal?: Verdict; inverted: string[]; read: ReadCheck[]; warnings: Warning[] }> {
  const byCheck = new Map(towards.flatMap((set) => (set.HealthCheckId === undefined ? [] : [[set.HealthCheckId, set.SetIdentifier ?? ''] as const])));
  const inverted: string[] = [];
  const read: ReadCheck[] = [];
  for (const [id, set] of [...byCheck].slice(0, CHECKS_READ)) {
    const state = await readHealthCheck(ctx.effects.aws, id, { region: ctx.target, signal: ctx.signal }).catch(unlessAws);
    if (state !== undefined) read.push({ id, set, state });
    const health = asked.get(id);
    // The checkers' reports come before inversion: an endpoint that passes makes the set unhealthy.
    if (state?.inverted !== true || health === undefined || health instanceof AwsError) continue;
    if (state.disabled || health.says === 'up') inverted.push(`the health check ${id} of ${set} is inverted, and ${state.disabled ? 'disabled' : health.because}: Route 53 calls the set unhealthy`);
  }
  const controls = routingControls(ctx, policy === 'failover', read);
  if (controls.refusal !== undefined || controls.warnings.length > 0) return { inverted, read, ...controls };
  if (inverted.length === 0) return { inverted, read, warnings: [] };
  const others = after.filter((set) => !towards.some((one) => one.SetIdentifier === set.SetIdentifier || one.HealthCheckId === set.HealthCheckId));
  const left = traitsOf(ctx.run.verb).sourceMayBeDead ? await stillHealthy(ctx, others) : [];
  if (left === undefined) return { inverted, read, warnings: [] };
  return { inverted, read, warnings: [], refusal: refused({ rule: 'health-check', observed: [...inverted, ...left].join('; '), threshold: 'a set that counts as healthy while its endpoint works', consequence: 'Route 53 would continue to send users to the other side', override: 'none: aws route53 update-health-check --health-check-id ID --no-inverted' }) };
}

/** Another set that counts as healthy, in words: Route 53 answers with it while the one that is to answer does not. */
async function stillHealthy(ctx: StepContext, sets: readonly RecordSet[]): Promise<string[] | undefined> {
  for (const { SetIdentifier: set = '', HealthCheckId: id, AliasTarget: alias } of sets) {
    if (id === undefined && alias?.EvaluateTargetHealth !== true) return [`set ${set} has no health check: it always counts as healthy`];
    const health = id === undefined ? undefined : await countsAsHealthy(ctx, id);
    if (health?.says === 'up') return [`set ${set} counts as healthy: ${health.because}`];
  }
  return undefined;
}

function healthWarnings(towards: readonly RecordSet[], asked: AskedChecks, states: readonly ReadCheck[]): Warning[] {
  const byCheck = new Map(towards.map((set) => [set.HealthCheckId ?? '', set]));
  return [...byCheck].flatMap(([id, { SetIdentifier: set = '', Name: name = '' }]) => {
    const state = states.find((one) => one.id === id)?.state;
    const blind = state === undefined ? undefined : blindTo(state, name);
    // A routing control, and an inverted check, have words of their own; a disabled one counts as healthy.
    if (blind !== undefined) return state?.inverted === true || state?.disabled === true || state?.type === 'RECOVERY_CONTROL' ? [] : [{ rule: 'health-check-unseen', observed: `the health check ${id} of ${set} ${blind}: whether Route 53 answers with ${set} is not seen before the move`, wanted: 'a health check of an endpoint', mend: `aws cloudwatch get-metric-statistics --region us-east-1 --namespace AWS/Route53 --metric-name HealthCheckStatus --dimensions Name=HealthCheckId,Value=${id} … shows it`, page: `${GUIDE}/monitoring-health-checks.html` }];
    const health = asked.get(id);
    if (health === undefined || health instanceof AwsError || health.says !== 'down') return [];
    const observed = `the health check of ${set} fails now (${health.because}): after the flip it is answered only once it passes again, interval × threshold later. A shallow check does not have this trap`;
    return [{ rule: 'health-check-failing', observed, wanted: 'a health check of the standby that passes before it is active', mend: `aws route53 get-health-check-status --health-check-id ${id} says why; let it test something that a standby answers, too`, page: `${GUIDE}/dns-failover-determining-health-of-endpoints.html` }];
  });
}

function ttlWarnings(p: Params, current: readonly RecordSet[][], led: readonly RecordSet[]): Warning[] {
  const [slow] = [...current.flat(), ...led].toSorted((a, b) => (b.TTL ?? 0) - (a.TTL ?? 0));
  const slowest = slow?.TTL ?? 0;
  const name = (slow?.Name ?? p.records[0]?.name ?? '').replace(/\.$/, '');
  const warnings = slowest > LONG_TTL ? [{ rule: 'record-ttl', observed: `the TTL of ${name} is up to ${slowest} s: users move only when it is over`, wanted: `a TTL of ${LONG_TTL} s or less, as AWS advises for records with health checks`, mend: `write the sets of ${name} again with a TTL of ${LONG_TTL} s: aws route53 change-resource-record-sets --hosted-zone-id ${p.zone} …`, page: `${GUIDE}/dns-failover-complex-configs.html` }] : [];
  if (p.aim.policy !== 'failover') return warnings;
  const { secondary } = p.aim;
  const old = current.flat().find((set) => set.SetIdentifier === secondary);
  const blind = old !== undefined && old.HealthCheckId === undefined && old.AliasTarget === undefined;
  return blind ? [...warnings, { rule: 'set-unchecked', observed: `set ${secondary} has no health check: as PRIMARY it is always called healthy`, wanted: 'a health check for each set', mend: `give the set ${secondary} a health check`, page: `${GUIDE}/dns-failover-types.html` }] : warnings;
}

/** A latency or geolocation set that nobody checks is answered whatever its region does, until a run takes it out. */
function blindWarnings(p: Params, current: readonly RecordSet[][]): Warning[] {
  if (p.aim.policy !== 'answers') return [];
  const blind = current.flat().filter((set) => set.HealthCheckId === undefined && set.AliasTarget?.EvaluateTargetHealth !== true);
  const names = [...new Set(blind.map((set) => set.SetIdentifier ?? ''))];
  return names.length === 0 ? [] : [{ rule: 'set-unchecked', observed: `without a health check, and so answered also while the region is lost: ${names.join(', ')}`, wanted: 'a health check for each set', mend: `give each of these sets a health check: ${names.join(', ')}`, page: `${GUIDE}/dns-failover-types.html` }];
}

const changesFact = fact('route53.changes', z.array(z.string()));
const sentAtFact = fact('route53.sent-at', z.number());
/** Journaled with the intent, cleared once the ids of all changes are known: since when one may be on its way without. */
const askedFact = fact('route53.asked', z.number());

/** Route 53 refused the change while the zone was locked. */
const lockedFact = fact('route53.locked', z.boolean());

function sentChanges(ctx: StepContext, p: Params): string[] {
  return [...(changesFact.read(ctx, p.key) ?? [])];
}

/** Names what is looked at: sets that are as planned by a change that this run does not know. */
const asPlanned = (p: Params): string => `as-planned.${p.key}`;

/**
 * Sets that are as planned, by a change whose id this run does not have: its answer was lost, or somebody else has sent it, maybe a moment ago. It cannot
 * be asked about, so that it is given its time from when it was first seen. The answer of a failover pair is seen from outside, by `settle`; of
 * users in many places nobody sees all.
 */
function withoutId(ctx: StepContext, p: Params): Observation | undefined {
  const known = sentChanges(ctx, p).length > 0 && askedFact.read(ctx, p.key) === undefined;
  if (p.aim.policy === 'failover' || known || lastsFor(ctx, asPlanned(p)) >= UNSEEN_MS) return undefined;
  return { state: 'pending', because: 'it is not known when the records were changed to this: Route 53 gets its usual minute to bring it to all its servers', waitingFor: 'aws' };
}

/** The sets as wanted, and INSYNC where the changes' ids are known. Where they are not, see `withoutId`. */
async function observe(ctx: StepContext, p: Params): Promise<Observation> {
  const groups = groupsFor(p.aim, p, await read(ctx, p));
  if (typeof groups === 'string') return missing(ctx, p.key, groups);
  found(ctx, p.key);
  const lock = groups.length > 0 && lockedFact.has(ctx, p.key) ? await lockedZone(ctx, p.zone) : undefined;
  if (lock !== undefined) return { state: 'pending', because: lock, waitingFor: 'aws', reason: lock };
  if (groups.length > 0) lastsNot(ctx, asPlanned(p));
  if (groups.length > 0) askedFact.record(ctx, p.key, ctx.effects.clock.now());
  if (groups.length > 0) return { state: 'absent', because: `${groups.length} of ${plural(p.records.length, 'name')} still to change` };
  const waiting = await notInsync(ctx, p, sentChanges(ctx, p), 1);
  if (waiting !== undefined) return { state: 'pending', because: `change ${waiting} is PENDING`, waitingFor: 'aws' };
  const unseen = withoutId(ctx, p);
  if (unseen !== undefined) return unseen;
  const what = p.records.length === 1 ? (p.records[0]?.name ?? '') : plural(p.records.length, 'name');
  return { state: 'reached', because: `Route 53 has ${what} as planned${sentChanges(ctx, p).length > 0 ? ', on all its servers (INSYNC)' : ''}` };
}

async function act(ctx: StepContext, p: Params): Promise<void> {
  try {
    await send(ctx, p, p.aim, `dr ${p.key} of ${ctx.runbook}`);
    lockedFact.forget(ctx, p.key);
  } catch (error) {
    // Under which code AWS refuses a change of a locked zone is not documented: any clear refusal is asked for its reason.
    if (!(error instanceof AwsError) || error.kind !== 'terminal' || (await lockedZone(ctx, p.zone)) === undefined) throw error;
    lockedFact.record(ctx, p.key, true);
  }
}

/** Sends what is missing; the ids of all changes that this step has sent. */
async function send(ctx: StepContext, p: Params, aim: Aim, comment: string): Promise<string[]> {
  const sent = sentChanges(ctx, p);
  const until = ctx.effects.clock.now() + BEHIND_MS;
  let before = '';
  for (;;) {
    const current = await read(ctx, p);
    const groups = groupsFor(aim, p, current);
    if (typeof groups === 'string') {
      if (ctx.effects.clock.now() >= until) throw new Error(groups);
      await ctx.wait('aws', BEHIND_POLL_MS);
      continue;
    }
    try {
      for (const batch of packBatches(groups)) {
        const { changeId } = await changeRecords(ctx.effects.aws, p.zone, batch, comment, { region: ctx.target, signal: ctx.signal, attempts: CHANGE_ATTEMPTS });
        sent.push(changeId);
        changesFact.record(ctx, p.key, [...sent]);
        sentAtFact.record(ctx, p.key, ctx.effects.clock.now());
      }
      askedFact.forget(ctx, p.key);
      return sent;
    } catch (error) {
      // A set that was changed between reading and writing: read again, once for each state that is seen. A list that is
      // behind shows the same once more, and cannot be told from it otherwise.
      const seen = JSON.stringify(groups);
      if (!(error instanceof AwsError) || error.code !== 'InvalidChangeBatch') throw error;
      if (seen === before) {
        if (!OUTDATED.test(error.message) || ctx.effects.clock.now() >= until) throw error;
        await ctx.wait('aws', BEHIND_POLL_MS);
      }
      before = seen;
    }
  }
}

/** The first change that is not INSYNC after so many looks; undefined when all are. */
async function notInsync(ctx: StepContext, p: Params, ids: readonly string[], looks: number): Promise<string | undefined> {
  let look = 0;
  for (const id of ids) {
    while ((await statusOf(ctx, p, id)) !== 'INSYNC') {
      if (++look >= looks) return id;
      await ctx.wait('aws', INSYNC_POLL_MS);
    }
  }
  return undefined;
}

/** One that Route 53 does not know is on its way while it is young: a read may be behind. An old one is known no more. */
async function statusOf(ctx: StepContext, p: Params, id: string): Promise<'PENDING' | 'INSYNC'> {
  try {
    return await changeStatus(ctx.effects.aws, id, { region: ctx.target, signal: ctx.signal });
  } catch (error) {
    if (!(error instanceof AwsError) || error.code !== 'NoSuchChange') throw error;
    const sentAt = sentAtFact.read(ctx, p.key);
    return sentAt !== undefined && ctx.effects.clock.now() - sentAt < UNSEEN_MS ? 'PENDING' : 'INSYNC';
  }
}

/** Asks for the changes first: while they are on their way the records need not be read. */
async function verify(ctx: StepContext, p: Params): Promise<Observation> {
  const waiting = await notInsync(ctx, p, sentChanges(ctx, p), INSYNC_LOOKS);
  if (waiting !== undefined) return { state: 'pending', because: `change ${waiting} is PENDING`, waitingFor: 'aws' };
  return observe(ctx, p);
}

async function undo(ctx: StepContext, p: Params): Promise<void> {
  if (p.before === undefined) throw new Error('what the records were before is not known');
  const before = sentChanges(ctx, p).length;
  const sent = await send(ctx, p, p.before, `dr: way back of ${p.key} of ${ctx.runbook}`);
  // As they were before, by a change whose id is not known: the answer of an earlier attempt was lost, or somebody else was quicker.
  if (sent.length === before) await ctx.wait('aws', UNSEEN_MS);
  await notInsync(ctx, p, sent, Number.POSITIVE_INFINITY);
}

/** All changes of one step may have to wait for their turn: one batch every ten seconds, a name at most four elements. */
function actMs(p: Params): number {
  return LIMITS.actMs + BEHIND_MS + Math.ceil((p.records.length * 4) / 1000) * 12_000;
}

export const shiftRecords = stepKind<Params>({ params, check, observe, act, actMs, verify, undo });

import { AwsError } from '../../aws/errors.ts';
import { DeadlineError, withDeadline } from '../../base/deadline.ts';
import { DrError } from '../../base/errors.ts';
import type { Json } from '../../base/json.ts';
import { LIMITS } from '../../base/limits.ts';
import type { Effects } from '../../effects/effects.ts';
import type { Obstacle } from '../../engine/preview.ts';
import { rpoFact } from '../../kinds/databases/facts.ts';
import { knownKind } from '../../kinds/registry.ts';
import { addressesIn } from '../../kinds/route53/sets.ts';
import { judgeSample } from '../../measure/probe.ts';
import type { RpoBound } from '../../measure/rpo.ts';
import type { InspectContext } from '../../model/kind.ts';
import { type Signal, signalFact } from '../../model/signals.ts';
import type { Feasibility } from '../../plan/feasibility.ts';
import type { LoadedRunbook } from '../../runbook/runbook.ts';
import type { Way } from '../check/ways.ts';
import { feasibilityNow } from '../feasibility.ts';
import type { MadePlan } from '../make-plan.ts';
import { assessedFacts, type PreviewRequest, previewRunSteps } from '../preview.ts';
import { openState, type StatePlace } from '../state.ts';
import { type AlarmSeen, alarmsSeen } from './alarms.ts';
import { healthNotSeen, type HealthSeen, healthSeen } from './health.ts';
import type { Evidence, StandbyAnswer, TargetsSeen } from './evidence.ts';

/*
 * Everything that is looked at for one direction, side by side. Each part has its own limit, and what it has not seen by then is
 * unknown: no region that is silent holds up what is known of another.
 */

interface Looker {
  effects: Effects;
  loaded: LoadedRunbook;
  state: StatePlace;
  impactAt: number | undefined;
  signal: AbortSignal;
}

export interface Looked extends Omit<Evidence, 'apis'> {
  /** What a promotion or a restore would lose, by database, as the gate of a failover measures it now. */
  losses: readonly RpoBound[];
  /** What would refuse the failover now; undefined where that is not known. */
  refusals?: readonly Obstacle[] | undefined;
  feasibility?: Feasibility | undefined;
}

const NOT_SEEN = new Map<string, Json>();

export async function lookAt(looker: Looker, way: Way): Promise<Looked> {
  const { source, target, made } = way;
  const planned = made instanceof DrError ? undefined : made;
  const [facts, preview, feasibility, targets, standby, alarms, health] = await Promise.all([
    planned === undefined ? NOT_SEEN : within(looker, 'signals', NOT_SEEN, (drain) => assessedFacts(asPreview(looker, planned, drain), LIMITS.assessPartMs / 2)),
    planned === undefined ? undefined : within(looker, 'checks', undefined, (drain) => previewRunSteps(asPreview(looker, planned, drain))),
    planned === undefined ? undefined : within(looker, 'times', undefined, (signal) => feasibilityNow({ effects: looker.effects, loaded: looker.loaded, plan: planned.plan, state: openState(looker.state, looker.effects.aws), signal })),
    targetsOf(looker, [source, target]),
    within<StandbyAnswer>(looker, 'standby', { says: 'unknown', because: 'no answer in time' }, (signal) => askStandby(looker, target, signal)),
    within<AlarmSeen[]>(looker, 'alarms', [], (signal) => alarmsSeen({ effects: looker.effects, signal }, looker.loaded.runbook.decideAlarms)),
    looker.loaded.runbook.decideHealth ? within<HealthSeen[]>(looker, 'health', healthNotSeen(source, 'no answer in time'), (signal) => healthSeen({ effects: looker.effects, signal }, way)) : [],
    // Asks both regions for what a failover needs: what their APIs answer is seen by it, and not by questions of its own.
    inspected(looker, way),
  ]);
  const signals = signalFact.all({ facts }).map(({ key, value }) => ({ name: key, signal: value }));
  const withUsers = signals.some(({ signal }) => signal.vantage === 'users') ? signals : [{ name: 'users, wherever the name leads', signal: await askUsers(looker) }, ...signals];
  return { source, target, signals: withUsers, targets, standby, alarms, health, impactAt: looker.impactAt, losses: rpoFact.all({ facts }).map(({ key, value }) => ({ ...value, database: key })), refusals: preview?.refusals, feasibility };
}

function asPreview({ effects, state, impactAt }: Looker, { plan, observed }: MadePlan, drain: AbortSignal): PreviewRequest {
  return { plan, identity: observed.identity, effects, state, impactAt, acceptances: { approvedBy: [] }, drain };
}

/** A part of the look, or what stands for it where it gives no answer in time, or none at all. */
async function within<T>({ effects, signal }: Looker, what: string, otherwise: T, look: (signal: AbortSignal) => Promise<T>): Promise<T> {
  try {
    return await withDeadline(effects.clock, LIMITS.assessPartMs, what, signal, look);
  } catch (error) {
    if (signal.aborted || !isUnknown(error)) throw error;
    return otherwise;
  }
}

function isUnknown(error: unknown): boolean {
  return error instanceof DeadlineError || error instanceof AwsError || error instanceof DrError;
}

async function inspected(looker: Looker, { source, target }: Way): Promise<void> {
  const { strategy, objectives, regions, resources } = looker.loaded.runbook;
  await Promise.all(resources.map(({ name, kind, resource }) => within(looker, name, undefined, async (signal) => {
    const ctx: InspectContext = { effects: looker.effects, signal, runbook: looker.loaded.runbook.name, strategy, objectives, regions: regions.map(({ id }) => id), source, target };
    await (await knownKind(kind)).inspect?.(ctx, name, resource);
    return undefined;
  })));
}

/** What each load balancer of these regions can send users to. */
async function targetsOf(looker: Looker, regions: readonly string[]): Promise<TargetsSeen[]> {
  const { resources } = looker.loaded.runbook;
  const looks = resources.flatMap(({ section, name, kind, resource }) => regions.map(async (region): Promise<TargetsSeen[]> => {
    const code = await knownKind(kind);
    if (code.targets === undefined) return [];
    const at = { resource: `${section}.${name}`, region };
    const unknown: TargetsSeen = { ...at, unknown: 'no answer in time' };
    return [await within<TargetsSeen>(looker, at.resource, unknown, async (signal) => {
      try {
        return { ...at, targets: (await code.targets?.({ effects: looker.effects, signal }, resource, region)) ?? [] };
      } catch (error) {
        if (!(error instanceof AwsError)) throw error;
        return { ...at, unknown: error.message };
      }
    })];
  }));
  return (await Promise.all(looks)).flat();
}

/** Every probe, asked where the standby answers. In time of trouble it may say that it is not active: that it answers at all is what is seen. */
async function askStandby({ effects, loaded: { runbook } }: Looker, target: string, signal: AbortSignal): Promise<StandbyAnswer> {
  const ctx = { effects, signal, target };
  let known: ReadonlyMap<string, readonly string[]>;
  try {
    known = new Map((await Promise.all(runbook.resources.map(async ({ kind, resource }) => {
      const routing = (await knownKind(kind)).routing?.(resource);
      return routing === undefined ? [] : [...(await addressesIn(ctx, routing, target))];
    }))).flat());
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    return { says: 'unknown', because: `where it answers is not known: ${error.message}` };
  }
  const asked = (await Promise.all(runbook.probes.map(async (probe) => {
    const [at] = known.get(new URL(probe.http).hostname.toLowerCase()) ?? [];
    if (at === undefined) return [];
    const sample = await effects.http.request({ url: probe.http, at, timeoutMs: LIMITS.signalMs, signal });
    return [{ ...judgeSample(sample, probe), answered: sample.status !== 0 }];
  }))).flat();
  if (asked.length === 0) return { says: 'unknown', because: 'no address of the standby is known for a probe' };
  const because = asked.map((one) => one.because).join('; ');
  if (asked.every(({ up }) => up)) return { says: 'up', because };
  const serving = runbook.strategy === 'active-active';
  if (asked.every(({ up, answered }) => !up && (serving || !answered))) return { says: 'down', because };
  return { says: 'unknown', because: `${because}; a standby that is not active may answer so` };
}

/** What users get, where no plan can be made that would look: by the names of the probes, wherever they lead. */
async function askUsers(looker: Looker): Promise<Signal> {
  const { effects, loaded } = looker;
  const { probes } = loaded.runbook;
  const vantage = 'users';
  if (probes.length === 0) return { vantage, says: 'unknown', because: 'the runbook has no probe' };
  const seen = await Promise.all(probes.map(async (probe) => {
    const sample = await effects.http.request({ url: probe.http, timeoutMs: LIMITS.signalMs, signal: looker.signal });
    return { ...judgeSample(sample, probe), resolved: sample.address !== undefined };
  }));
  const because = seen.map((one) => one.because).join('; ');
  if (seen.every(({ resolved }) => !resolved)) return { vantage, says: 'unknown', because: `no probed name resolves from this machine: ${because}` };
  return { vantage, says: seen.some(({ up }) => up) ? 'up' : 'down', because };
}

/** For people, of a plan that cannot be made. */
export function whyNoPlan({ made }: Way): string | undefined {
  return made instanceof DrError ? [made.message, made.detail ?? ''].filter((part) => part !== '').join(' ') : undefined;
}


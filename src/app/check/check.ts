import { lookingCaller } from '../../aws/looking.ts';
import { iso } from '../../base/clock.ts';
import { DrError } from '../../base/errors.ts';
import { LIMITS } from '../../base/limits.ts';
import type { Effects } from '../../effects/effects.ts';
import { knownKind } from '../../kinds/registry.ts';
import { bySeverity, finder } from '../../model/finding.ts';
import type { InspectContext } from '../../model/kind.ts';
import type { Accepted } from '../../runbook/schema.ts';
import { findRunbooks } from '../../runbook/find.ts';
import { loadRunbook } from '../../runbook/load.ts';
import type { Feasibility } from '../../plan/feasibility.ts';
import type { LoadedRunbook } from '../../runbook/runbook.ts';
import type { Surroundings } from '../doctor/surroundings.ts';
import { feasibilityNow, rtoFindings } from '../feasibility.ts';
import { liveEffects } from '../live-effects.ts';
import { chooseRunbook, type MadePlan } from '../make-plan.ts';
import { lookPermissions } from '../offline-plan.ts';
import { previewRunSteps } from '../preview.ts';
import { openState, type StatePlace } from '../state.ts';
import { dryRunFindings, rightsFindings } from './rights.ts';
import { alarmFindings } from '../assess/alarms.ts';
import { acceptanceOf, assumed, type PathFinding, runFindings, staleAcceptances } from './run-findings.ts';
import { type Availability, availabilityOf, type Stability, stabilityOf } from './stability.ts';
import { certificateFindings } from './certificates.ts';
import { expiredTwins, leftFindings } from '../left-twins.ts';
import { type LastTest, lastTest, staleTest } from './last-test.ts';
import { vcpuFindings } from './vcpu-quotas.ts';
import { type Way, waysOf } from './ways.ts';
import { AwsError } from '../../aws/errors.ts';
import { doctor } from '../doctor/doctor.ts';
import type { Finding as DoctorFinding } from '../doctor/finding.ts';

export interface CheckRequest {
  /** Name or path; default: every runbook of the folder. */
  runbook?: string;
  runbooks: string;
  /** The one region that is to become active; default: each that is not active now. */
  region?: string | undefined;
  state: StatePlace;
  effects?: Effects;
  /** Default: this machine. */
  surroundings?: Surroundings;
  /** Ends the check. */
  signal?: AbortSignal;
}

export interface PlacedFinding extends PathFinding {
  /** The region that would become active. */
  target: string;
  /** Where it stands in the file, from 1. */
  line: number;
  col: number;
  /** The runbook says who lives with it, and until when: it fails nothing. */
  accepted?: Accepted;
}

interface CheckedWay {
  source: string;
  target: string;
  /** Up to where each copy of a database has its data, where anybody says it. */
  positions?: readonly CopyPosition[];
  /** Absent where no failover can be planned. */
  stability?: Stability;
  /** The RTO against the times of what stands before users. */
  feasibility?: Feasibility;
  /** Absent where a part could not be seen. */
  availability?: Availability;
  /** The newest drill or move that ended well, among the newest runs of this state. */
  lastTest?: LastTest;
}

export interface CheckResult {
  runbook: string;
  /** Its file, as given. */
  file: string;
  /** ISO 8601. */
  at: string;
  ways: readonly CheckedWay[];
  /** e.g. `databases.orders`, in the order of the file. */
  resources: readonly string[];
  /** The worst first. */
  findings: readonly PlacedFinding[];
  /** Requests to AWS, and the most that there may be. */
  calls: { made: number; limit: number };
}

/** Would failovers work, and keep what the runbooks promise? Reads only, from every region; one application after the other. @throws DrError */
export async function check(request: CheckRequest): Promise<CheckResult[]> {
  const results: CheckResult[] = [];
  for (const one of await chosen(request)) results.push(await checkLoaded(one, request));
  return results;
}

/** The runbooks that are checked. @throws DrError */
export async function chosen({ runbook, runbooks }: Pick<CheckRequest, 'runbook' | 'runbooks'>): Promise<LoadedRunbook[]> {
  const files = runbook === undefined ? await findRunbooks(runbooks) : [];
  return files.length > 1 ? Promise.all(files.map(loadRunbook)) : [await chooseRunbook({ runbooks, ...(runbook === undefined ? {} : { runbook }) })];
}

export async function checkLoaded(loaded: LoadedRunbook, request: CheckRequest): Promise<CheckResult> {
  const signal = request.signal ?? new AbortController().signal;
  const live = request.effects ?? liveEffects();
  const { aws, asked } = lookingCaller(live.aws, { calls: LIMITS.checkCalls, signal });
  const looker: Looker = { effects: { ...live, aws }, loaded, state: request.state, surroundings: request.surroundings, signal };
  const ways = await waysOf({ effects: looker.effects, loaded, region: request.region });
  const seen = await Promise.all(ways.map((way) => examine(looker, way)));
  return {
    runbook: loaded.runbook.name,
    file: loaded.path,
    at: iso(live.clock.now()),
    ways: seen.map(({ way }) => way),
    resources: loaded.runbook.resources.map(({ section, name }) => `${section}.${name}`),
    findings: bySeverity(unique(placed(loaded, ways, seen.map(({ findings }) => findings), live.clock.now()))),
    calls: { made: asked.length, limit: LIMITS.checkCalls },
  };
}

/** One direction: what was found, and what its plan says of time, control planes and availability. */
async function examine(looker: Looker, way: Way): Promise<{ way: CheckedWay; findings: PathFinding[] }> {
  const { effects, loaded, signal } = looker;
  const { source, target, made } = way;
  const looks = Promise.all([lookAt(looker, way), positionsOf(inspecting(looker, way), loaded)]).then(([found, { positions, findings: ofPositions }]) => ({
    seen: { source, target, ...(positions.length === 0 ? {} : { positions }) },
    findings: [...found, ...ofPositions],
  }));
  if (made instanceof DrError) return looks.then(({ seen, findings }) => ({ way: seen, findings }));
  const { plan } = made;
  const state = openState(looker.state, effects.aws);
  const [{ seen, findings }, feasibility, availability, test, left] = await Promise.all([
    looks,
    feasibilityNow({ effects, loaded, plan, state, signal }),
    availabilityOf({ effects, loaded, source, target, signal }),
    lastTest(state, plan),
    expiredTwins(state, plan, effects.clock.now()),
  ]);
  const more = [...rtoFindings(loaded, target, feasibility), ...staleTest(test, loaded.runbook.name, effects.clock.now()), ...leftFindings(left, loaded.runbook.name, effects.clock.now())];
  const checked = { ...seen, stability: stabilityOf(plan), feasibility, ...(availability === undefined ? {} : { availability }), ...(test === undefined ? {} : { lastTest: test }) };
  return { way: checked, findings: [...findings, ...more] };
}

interface Looker {
  effects: Effects;
  loaded: LoadedRunbook;
  state: StatePlace;
  surroundings: Surroundings | undefined;
  signal: AbortSignal;
}

/** What a run would say, what the kinds see beyond it, and what is lost together with the source. */
async function lookAt(looker: Looker, way: Way): Promise<PathFinding[]> {
  const { effects, loaded, state, surroundings } = looker;
  const { source, target, made } = way;
  const asking = { effects, loaded, target, signal: looker.signal };
  const [run, kinds, survives, certificates, vcpus, alarms, rights] = await Promise.all([
    made instanceof DrError ? [noPlan(loaded, way, made)] : ofRun(looker, made),
    ofKinds(looker, way),
    survivalFindings(loaded, { source, target }, { state, surroundings, now: effects.clock.now() }),
    certificateFindings(asking),
    vcpuFindings(asking),
    alarmFindings(asking),
    made instanceof DrError ? [] : ofCaller(looker, way, made),
  ]);
  const ruleAt = ({ rule, path }: PathFinding): string => `${rule} ${path.join('.')}`;
  const [said, rules] = [new Set(kinds.map(({ observed }) => observed)), new Set(kinds.map(ruleAt))];
  // The kinds say the same with more words around it.
  const more = run.filter((one) => !said.has(one.observed) && !(one.severity === 'warning' && rules.has(ruleAt(one))));
  return [...more, ...kinds, ...survives, ...certificates, ...vcpus, ...alarms, ...rights];
}

/** With the direction, the line, and whether somebody has accepted it. */
function placed(loaded: LoadedRunbook, ways: readonly Way[], found: readonly (readonly PathFinding[])[], now: number): PlacedFinding[] {
  const { accepts } = loaded.runbook;
  const all = ways.flatMap(({ target }, i) => (found[i] ?? []).map((finding) => ({ finding, target })));
  const stale = staleAcceptances(loaded, all.map(({ finding }) => finding), now).map((finding) => ({ finding, target: '' }));
  return [...all, ...stale].map(({ finding, target }) => {
    const accepted = acceptanceOf(accepts, finding, now);
    return { ...finding, target, ...loaded.at(finding.path.map((part) => (/^\d+$/.test(part) ? Number(part) : part))), ...(accepted === undefined ? {} : { accepted }) };
  });
}

function noPlan({ runbook }: LoadedRunbook, { target }: Way, error: DrError): PathFinding {
  const rule = error.code.toLowerCase().replaceAll('_', '-');
  const detail = error.detail === undefined ? '' : ` ${error.detail}`;
  const said = { observed: `${error.message}${detail}`, wanted: `a failover to ${target} that can be planned`, consequence: 'no failover can begin', mend: error.next.length === 0 ? 'see what AWS says, and check again' : error.next.join('; ') };
  return { ...finder({ resource: `runbook:${runbook.name}`, region: target }).error(rule, said), path: [] };
}

async function ofRun({ effects, state }: Looker, { plan, observed }: MadePlan): Promise<PathFinding[]> {
  const preview = await previewRunSteps({ plan, identity: observed.identity, effects, state, acceptances: assumed(plan) });
  return runFindings(plan, preview);
}

/** Whether the caller has what `dr iam` lists for this plan. */
async function ofCaller(looker: Looker, way: Way, { plan, observed }: MadePlan): Promise<PathFinding[]> {
  const { effects, loaded, signal } = looker;
  const permissions = [...(await lookPermissions(loaded, plan.verb, plan.target, plan.account)), ...plan.steps.flatMap((step) => step.permissions)];
  const found = await rightsFindings({ effects, caller: observed.identity, target: plan.target, permissions, signal });
  return found.some(({ rule }) => rule === 'not-checked') ? [...found, ...(await dryRunFindings(inspecting(looker, way), loaded))] : found;
}

function inspecting({ effects, loaded, signal }: Looker, { source, target }: Way): InspectContext {
  const { strategy, objectives, regions } = loaded.runbook;
  return { effects, signal, runbook: loaded.runbook.name, strategy, objectives, regions: regions.map(({ id }) => id), source, target };
}

async function ofKinds(looker: Looker, way: Way): Promise<PathFinding[]> {
  const ctx = inspecting(looker, way);
  const found = await Promise.all(looker.loaded.runbook.resources.map(async ({ section, name, kind, resource }) => {
    const findings = (await (await knownKind(kind)).inspect?.(ctx, name, resource)) ?? [];
    return findings.map((finding) => ({ ...finding, path: [section, name] }));
  }));
  return found.flat();
}

/** The same thing is seen on several ways. */
function unique(findings: readonly PlacedFinding[]): PlacedFinding[] {
  const seen = new Set<string>();
  return findings.filter(({ rule, resource, observed }) => {
    const key = JSON.stringify([rule, resource, observed]);
    return seen.has(key) ? false : seen.add(key);
  });
}

/** Up to where the copy of a database has its data, in words. */
interface CopyPosition {
  /** e.g. `databases.orders`. */
  resource: string;
  position: string;
}

/** Where the copies stand, and what is wrong with asking them. What a region does not answer others say. */
async function positionsOf(ctx: InspectContext, { runbook }: LoadedRunbook): Promise<{ positions: CopyPosition[]; findings: PathFinding[] }> {
  const all = await Promise.all(runbook.resources.map(async ({ section, name, kind, resource }) => {
    try {
      const seen = await (await knownKind(kind)).position?.(ctx, name, resource);
      return seen === undefined ? [] : [{ path: [section, name], ...seen }];
    } catch (error) {
      if (!(error instanceof AwsError)) throw error;
      return [];
    }
  }));
  const seen = all.flat();
  return {
    positions: seen.flatMap(({ path, shown }) => (shown === undefined ? [] : [{ resource: path.join('.'), position: shown }])),
    findings: seen.flatMap(({ path, findings }) => findings.map((finding) => ({ ...finding, path }))),
  };
}

/* What a failover needs of the region that is lost: the rules of `dr doctor`, with that region taken away. */

/** What this machine has by the way it is used now, e.g. its credentials, is the question of `dr doctor` where the failover would run. */
const AREAS: ReadonlySet<string> = new Set(['plan', 'traffic', 'notify', 'state', 'machine']);

async function survivalFindings(loaded: LoadedRunbook, way: { source: string; target: string }, around: { state: StatePlace; surroundings?: Surroundings | undefined; now: number }): Promise<PathFinding[]> {
  const { findings } = await doctor({ paths: [loaded.path], without: [way.source], state: around.state, now: around.now, ...(around.surroundings === undefined ? {} : { surroundings: around.surroundings, env: around.surroundings.env }) });
  return findings.filter((f) => AREAS.has(f.area) && f.verdict !== 'ok' && (f.target === undefined || f.target === way.target)).map((f) => ({ ...asFinding(f, way), path: [] }));
}

function asFinding(f: DoctorFinding, { source }: { source: string }) {
  const find = finder({ resource: f.what, region: '' });
  const severity = f.verdict === 'not-known' ? 'note' : f.blocks ? 'error' : 'warning';
  return find[severity](`survives-${f.area}`, { observed: `${f.what}: ${f.because}`, wanted: `nothing that is lost with ${source}`, mend: f.next ?? 'see dr doctor' });
}

import { lookingCaller } from '../../aws/looking.ts';
import { iso } from '../../base/clock.ts';
import { DrError } from '../../base/errors.ts';
import { LIMITS } from '../../base/limits.ts';
import type { Effects } from '../../effects/effects.ts';
import { knownKind } from '../../kinds/registry.ts';
import { bySeverity, finder } from '../../model/finding.ts';
import type { InspectContext } from '../../model/kind.ts';
import { findRunbooks } from '../../runbook/find.ts';
import { loadRunbook } from '../../runbook/load.ts';
import type { LoadedRunbook } from '../../runbook/runbook.ts';
import { liveEffects } from '../live-effects.ts';
import { chooseRunbook, type MadePlan, planFor } from '../make-plan.ts';
import { previewRunSteps } from '../preview.ts';
import type { StatePlace } from '../state.ts';
import { assumed, type PathFinding, runFindings } from './run-findings.ts';

export interface CheckRequest {
  /** Name or path; default: every runbook of the folder. */
  runbook?: string;
  /** Folder. */
  runbooks: string;
  /** The one region that is to become active; default: each that is not active now. */
  region?: string | undefined;
  state: StatePlace | string;
  effects?: Effects;
  /** Ends the check. */
  signal?: AbortSignal;
}

/** A finding of one direction. */
export interface PlacedFinding extends PathFinding {
  /** The region that would become active. */
  target: string;
}

/** One direction that was looked at. */
export interface CheckedWay {
  source: string;
  target: string;
}

export interface CheckResult {
  runbook: string;
  /** ISO 8601. */
  at: string;
  ways: readonly CheckedWay[];
  /** The worst first. */
  findings: readonly PlacedFinding[];
  /** Requests to AWS, and the most that there may be. */
  calls: { made: number; limit: number };
}

/** Nothing can be said without these. */
const NEEDED: ReadonlySet<string> = new Set(['NO_CREDENTIALS', 'CLOCK_OFF', 'REGION_UNKNOWN']);

/** Would failovers work, and keep what the runbooks promise? Reads only, from every region; one application after the other. @throws DrError */
export async function check(request: CheckRequest): Promise<CheckResult[]> {
  const files = request.runbook === undefined ? await findRunbooks(request.runbooks) : [];
  const loaded = files.length > 1 ? await Promise.all(files.map(loadRunbook)) : [await chooseRunbook(request)];
  const results: CheckResult[] = [];
  for (const one of loaded) results.push(await checkLoaded(one, request));
  return results;
}

export async function checkLoaded(loaded: LoadedRunbook, request: CheckRequest): Promise<CheckResult> {
  const { runbook } = loaded;
  const signal = request.signal ?? new AbortController().signal;
  const live = request.effects ?? liveEffects();
  const { aws, asked } = lookingCaller(live.aws, { calls: LIMITS.checkCalls, signal });
  const looker: Looker = { effects: { ...live, aws }, loaded, state: request.state, signal };
  const regions = runbook.regions.map(({ id }) => id);
  if (request.region !== undefined) await mustKnow(looker, request.region, regions);
  const seen = await Promise.all((request.region === undefined ? regions : [request.region]).map((target) => waysTo(looker, target)));
  const ways = seen.flatMap((one) => one.ways);
  const findings = unique(seen.flatMap((one) => one.findings));
  return { runbook: runbook.name, at: iso(live.clock.now()), ways, findings: bySeverity(findings) as PlacedFinding[], calls: { made: asked.length, limit: LIMITS.checkCalls } };
}

interface Looker {
  effects: Effects;
  loaded: LoadedRunbook;
  state: StatePlace | string;
  signal: AbortSignal;
}

interface Seen {
  ways: CheckedWay[];
  findings: PlacedFinding[];
}

/** @throws DrError `REGION_UNKNOWN` */
async function mustKnow(looker: Looker, region: string, regions: readonly string[]): Promise<void> {
  if (!regions.includes(region)) await planFor(looker.effects, looker.loaded, { verb: 'failover', region });
}

/** Every failover to one region: none where the application is there already. */
async function waysTo(looker: Looker, target: string): Promise<Seen> {
  const { loaded } = looker;
  const others = loaded.runbook.regions.map(({ id }) => id).filter((id) => id !== target);
  const made = await planned(looker, target, undefined);
  if (!(made instanceof DrError)) return lookAt(looker, { source: made.plan.source, target }, made);
  if (NEEDED.has(made.code)) throw made;
  if (made.code === 'ALREADY_ACTIVE') return { ways: [], findings: [] };
  // Several regions serve: any of them may be lost.
  const sources = made.code === 'SOURCE_UNKNOWN' ? others : [loaded.runbook.home === target ? (others[0] ?? target) : loaded.runbook.home];
  const seen = await Promise.all(sources.map(async (source) => {
    const again = made.code === 'SOURCE_UNKNOWN' ? await planned(looker, target, source) : made;
    return lookAt(looker, { source, target }, again);
  }));
  return { ways: seen.flatMap((one) => one.ways), findings: seen.flatMap((one) => one.findings) };
}

async function planned({ effects, loaded }: Looker, region: string, from: string | undefined): Promise<MadePlan | DrError> {
  try {
    return await planFor(effects, loaded, { verb: 'failover', region, from });
  } catch (error) {
    if (error instanceof DrError) return error;
    throw error;
  }
}

/** What a run would say, and what the kinds see beyond it. */
async function lookAt(looker: Looker, way: CheckedWay, made: MadePlan | DrError): Promise<Seen> {
  const [run, kinds] = await Promise.all([made instanceof DrError ? [noPlan(looker, way, made)] : ofRun(looker, made), ofKinds(looker, way)]);
  const said = new Set(kinds.map(({ observed }) => observed));
  // The kinds say the same with more words around it.
  const more = run.filter(({ observed }) => !said.has(observed));
  return { ways: [way], findings: [...more, ...kinds].map((finding) => ({ ...finding, target: way.target })) };
}

function noPlan({ loaded }: Looker, { target }: CheckedWay, error: DrError): PathFinding {
  const rule = error.code.toLowerCase().replaceAll('_', '-');
  const detail = error.detail === undefined ? '' : ` ${error.detail}`;
  const said = { observed: `${error.message}${detail}`, wanted: `a failover to ${target} that can be planned`, consequence: 'no failover can begin', mend: error.next.join('; ') };
  return { ...finder({ resource: `runbook:${loaded.runbook.name}`, region: target }).error(rule, said), path: [] };
}

async function ofRun({ effects, state }: Looker, { plan, observed }: MadePlan): Promise<PathFinding[]> {
  const preview = await previewRunSteps({ plan, identity: observed.identity, effects, state, acceptances: assumed(plan) });
  return runFindings(plan, preview);
}

async function ofKinds({ effects, loaded, signal }: Looker, way: CheckedWay): Promise<PathFinding[]> {
  const { strategy, objectives, regions, resources } = loaded.runbook;
  const ctx: InspectContext = { effects, signal, strategy, objectives, regions: regions.map(({ id }) => id), ...way };
  const found = await Promise.all(resources.map(async ({ section, name, kind, resource }) => {
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

import { DrError } from '../../base/errors.ts';
import { nearest } from '../../base/nearest.ts';
import { REGIONS } from '../../base/regions.ts';
import { loadRunbook } from '../../runbook/load.ts';
import type { LoadedRunbook } from '../../runbook/runbook.ts';
import { offlinePlans } from '../offline-plan.ts';
import { runbookFiles } from '../../runbook/find.ts';
import type { StatePlace } from '../state.ts';
import { credentialFindings, readAwsConfig } from './credentials-findings.ts';
import { type Env, type Finding, fine, lost, type Losses, lossesOf, PLANES, type SurvivalVerdict } from './finding.ts';
import { planFindings } from './plan-findings.ts';
import { machineRegion, surroundingFindings, surroundingsOf, type Surroundings } from './surroundings.ts';
import { DEFAULT_VERB } from '../../model/verb.ts';

interface DoctorRequest {
  paths: readonly string[];
  /** Regions, and the names of `PLANES`. */
  without: readonly string[];
  state: StatePlace;
  env?: Env;
  /** Default: this machine. */
  surroundings?: Surroundings;
  now?: number;
}

export interface Way {
  runbook: string;
  source: string;
  target: string;
  verdict: SurvivalVerdict;
}

export interface DoctorResult {
  without: readonly string[];
  ways: readonly Way[];
  findings: readonly Finding[];
  /** Every finding is ok. */
  ok: boolean;
}

/**
 * Would a failover still run without that? Told from runbooks, environment and files of this machine; nothing is called.
 * Whether what a runbook names is really there, only a look at AWS says: `dr plan`. @throws DrError
 */
export async function doctor(request: DoctorRequest): Promise<DoctorResult> {
  const { without, env = process.env, now = Date.now() } = request;
  const files = await runbookFiles(request.paths);
  const loaded = await Promise.all(files.map(loadRunbook));
  refuseUnknown(without, loaded);
  const losses = lossesOf(without);
  const around = request.surroundings ?? (await surroundingsOf(env, request.state));
  const perRunbook = await Promise.all(loaded.map((one) => waysOf(one, losses, env)));
  const ways = perRunbook.flatMap((one) => one.ways);
  const targets = [...new Set(ways.map((way) => way.target))];
  const common = [
    ...credentialFindings(env, await readAwsConfig(env), losses, { machine: machineRegion(around).region, targets, now }),
    ...planeFindings(losses),
    ...surroundingFindings(around, losses, targets, files),
  ];
  const findings = [...perRunbook.flatMap((one) => one.findings), ...common];
  const about = (way: Way) => findings.filter((f) => f.runbook === undefined || (f.runbook === way.runbook && f.target === way.target));
  return { without, ways: ways.map((way) => ({ ...way, verdict: verdictOf(about(way)) })), findings, ok: findings.every((f) => f.verdict === 'ok') };
}

/** Of one failover: a message that nobody gets stops nothing. */
function verdictOf(findings: readonly Finding[]): SurvivalVerdict {
  if (findings.some((f) => f.blocks)) return 'would-not-run';
  return findings.some((f) => f.verdict === 'not-known') ? 'not-known' : 'ok';
}

async function waysOf(loaded: LoadedRunbook, losses: Losses, env: Env): Promise<{ ways: Way[]; findings: Finding[] }> {
  const { runbook } = loaded;
  const regions = runbook.regions.map((r) => r.id);
  const targets = regions.filter((id) => !losses.regions.has(id));
  const ways: Way[] = [];
  const findings: Finding[] = [];
  for (const target of targets) {
    const { plans } = await offlinePlans(loaded, DEFAULT_VERB, target);
    // Where none of its regions is lost, every way is looked at.
    const left = regions.some((id) => losses.regions.has(id)) ? plans.filter((plan) => losses.regions.has(plan.source)) : plans;
    for (const source of new Set(left.map((plan) => plan.source))) ways.push({ runbook: runbook.name, source, target, verdict: 'ok' });
    findings.push(...left.flatMap((plan) => planFindings(plan, losses, env)));
  }
  if (targets.length === 0) {
    findings.push(lost({ area: 'plan', runbook: runbook.name, what: runbook.name, because: `all its regions are lost: ${regions.join(', ')}`, next: 'another region' }));
  }
  return { ways, findings: unique(findings) };
}

/** What runs do not use at all. */
function planeFindings(losses: Losses): Finding[] {
  return losses.planes.has('iam') ? [fine({ area: 'plan', what: 'IAM', because: 'no step makes or changes a role or a policy; what AWS has is answered in each region' })] : [];
}

function unique(findings: readonly Finding[]): Finding[] {
  const rank = (f: Finding) => (f.blocks ? 0 : f.verdict === 'would-not-run' ? 1 : f.verdict === 'not-known' ? 2 : 3);
  const groups = Map.groupBy(findings, (f) => JSON.stringify([f.area, f.runbook, f.target, f.what]));
  return [...groups.values()].flatMap((same) => same.toSorted((a, b) => rank(a) - rank(b)).slice(0, 1));
}

function refuseUnknown(without: readonly string[], loaded: readonly LoadedRunbook[]): void {
  const usage = (code: string, title: string, next: string) => new DrError({ code, exit: 'usage', title, next: [next] });
  if (without.length === 0) {
    const home = loaded[0]?.runbook.home ?? 'ap-northeast-2';
    throw usage('NOTHING_LOST', '--without is required: the region or control plane that is lost.', `dr doctor --without ${home}`);
  }
  // State and logins may lie in a region that no runbook names; one that nobody knows is a typing error.
  const used = [...new Set(loaded.flatMap(({ runbook }) => runbook.regions.map((r) => r.id)))];
  const bad = without.find((name) => !used.includes(name) && !Object.hasOwn(REGIONS, name) && !PLANES.some((plane) => plane === name));
  if (bad === undefined) return;
  const near = nearest(bad, [...used, ...PLANES]);
  const hint = near === undefined ? '' : ` Did you mean ${near}?`;
  throw usage('LOSS_UNKNOWN', `--without ${bad}: no runbook uses this region, and it is none of ${PLANES.join(', ')}.${hint}`, near === undefined ? `the runbooks use ${used.join(', ')}` : `dr doctor --without ${near}`);
}

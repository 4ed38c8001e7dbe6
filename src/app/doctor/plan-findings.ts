import type { Json } from '../../base/json.ts';
import type { PlanStep } from '../../model/step.ts';
import type { Plan } from '../../model/plan.ts';
import { regionsIn } from '../../base/regions.ts';
import { type Env, type Finding, fine, lost, type Losses, unknown } from './finding.ts';

/* What the steps of a failover need. In assess and fence the source is asked for what it still says, and never needed. */

interface Place {
  runbook: string;
  target: string;
}

/** All findings of one way, e.g. from Seoul to Tokyo. */
export function planFindings(plan: Plan, losses: Losses, env: Env): Finding[] {
  const place = { runbook: plan.runbook.name, target: plan.target };
  // What dr does itself before users are served again only weighs what others have seen.
  const steps = plan.steps.filter((step) => step.origin !== 'common' || (!step.gate && (step.phase === 'verify' || step.phase === 'protect')));
  const topics = steps.some((step) => notifies(step) && step.region !== undefined);
  const perStep = steps.map((step) => (step.outside === 'channel' ? [slack(step, topics, place)] : stepFindings(step, losses, place)));
  return [...planes(plan.steps, losses, place), ...folded(perStep, place), ...secrets(plan.steps, env, place)];
}

/** Of a step that needs no control plane, and names nothing of what is lost. */
const NEEDS_NOTHING = 'needs nothing';
type StepFindings = readonly Finding[] | typeof NEEDS_NOTHING;

/** Steps of which nothing is to be said stand in one line. */
function folded(perStep: readonly StepFindings[], place: Place): Finding[] {
  const others = perStep.flatMap((findings) => (findings === NEEDS_NOTHING ? [] : findings));
  const plain = perStep.filter((findings) => findings === NEEDS_NOTHING).length;
  return plain === 0 ? others : [...others, fine({ area: 'plan', ...place, what: `${plain} other ${plain === 1 ? 'step' : 'steps'}`, because: 'no dependency on what is lost' })];
}

/** Each AWS control plane once, with the steps that need it. */
function planes(steps: readonly PlanStep[], losses: Losses, place: Place): Finding[] {
  const users = new Map<string, PlanStep[]>();
  for (const step of steps) for (const plane of step.controlPlanes) users.set(plane, [...(users.get(plane) ?? []), step]);
  return [...users].map(([plane, of]) => {
    const [service, region = ''] = plane.split('@');
    const gone = losses.regions.has(region) || (service === 'route53' && losses.planes.has('route53-control-plane'));
    const parts = { area: service === 'route53' ? 'traffic' : 'plan', ...place, what: plane, because: `${of.map((step) => step.id).join(', ')} ${of.length === 1 ? 'needs' : 'need'} it` };
    if (!gone) return fine(parts);
    const next = service === 'route53' ? '`switch: object`: it needs no write to Route 53 (a health check cannot be updated without that control plane either)' : `name what is in ${place.target} instead`;
    return lost({ ...parts, next }, of.some((step) => !step.optional));
  });
}

function stepFindings(step: PlanStep, losses: Losses, place: Place): StepFindings {
  const parts = { area: areaOf(step), ...place, what: step.id };
  if (step.outside === 'program') {
    return [unknown({ ...parts, because: 'a program of your own: what it calls is not known', next: 'see that it needs nothing of what is lost, and rehearse it' })];
  }
  if (step.phase === 'assess' || step.phase === 'fence') return [];
  const { region } = step;
  if (region !== undefined && losses.regions.has(region)) {
    if (step.regionMayBeLost === true) {
      return [fine({ ...parts, because: `${region} need not answer: an object that cannot be read does not count` })];
    }
    return [lost({ ...parts, because: `it acts in ${region}`, next: 'name something in a region that stays' }, !step.optional)];
  }
  const named = namedRegions(step, losses, parts);
  if (step.outside !== 'address') return named;
  return [...(named === NEEDS_NOTHING ? [] : named), ownRequest(parts)];
}

/** ARNs and addresses of a region that is lost: keys, topics, target groups, functions. */
function namedRegions(step: PlanStep, losses: Losses, parts: { area: string; runbook: string; target: string; what: string }): StepFindings {
  const named = textsIn(step.params).filter((text) => text.startsWith('arn:') || text.includes('://') || /\.amazonaws\.(com|eu)/.test(text));
  const dead = named.filter((text) => regionsIn(text).some((region) => losses.regions.has(region)));
  if (dead.length > 0) {
    return dead.map((text) => lost({ ...parts, because: `it names ${text}`, next: `name what is in ${parts.target} instead` }, !step.optional));
  }
  if (step.controlPlanes.length > 0) return [];
  return NEEDS_NOTHING;
}

/** Slack is nobody's region: what matters is that it is not the only way. */
function slack(step: PlanStep, topics: boolean, place: Place): Finding {
  const parts = { area: 'notify', ...place, what: step.id };
  if (topics) return fine({ ...parts, because: `Slack stands outside; a topic in ${place.target} tells as well` });
  return unknown({ ...parts, because: 'Slack stands outside, and nothing else tells', next: `add an SNS topic in ${place.target} under \`notify\`` });
}

function ownRequest(parts: { area: string; runbook: string; target: string; what: string }): Finding {
  return unknown({ ...parts, because: 'where the service behind that address runs is not known', next: 'ask those who run it' });
}

function notifies(step: PlanStep): boolean {
  return step.origin === 'common' && step.optional;
}

function areaOf(step: PlanStep): string {
  if (notifies(step)) return 'notify';
  if (step.phase === 'traffic') return 'traffic';
  return 'plan';
}

/** Environment variables that a step reads: a run stops at the first that is not set. */
function secrets(steps: readonly PlanStep[], env: Env, place: Place): Finding[] {
  const needs = new Map<string, PlanStep[]>();
  for (const step of steps) {
    for (const name of new Set(step.env)) needs.set(name, [...(needs.get(name) ?? []), step]);
  }
  return [...needs].map(([name, of]) => {
    const parts = { area: 'secrets', ...place, what: name, because: `${of.map((step) => step.id).join(', ')} ${of.length === 1 ? 'reads' : 'read'} it` };
    if ((env[name] ?? '') !== '') return fine({ ...parts, because: `set; ${parts.because}` });
    return lost({ ...parts, because: `not set; ${parts.because}`, next: `export ${name}=…, and keep it where people can read it without what is lost` }, of.some((step) => !step.optional));
  });
}

function textsIn(value: Json): string[] {
  if (typeof value === 'string') return [value];
  if (Array.isArray(value)) return (value as readonly Json[]).flatMap((inner) => textsIn(inner));
  if (value === null || typeof value !== 'object') return [];
  return Object.values(value).flatMap((inner) => (inner === undefined ? [] : textsIn(inner)));
}

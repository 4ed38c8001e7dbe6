import { listManyRecordSets, type RecordKey } from '../../aws/route53.ts';
import { inRegion } from '../common.ts';
import type { LintFinding, ObserveContext, PlanContext, ResourceKind, ResourceState, StepDraft } from '../../model/kind.ts';
import { type Aim, answerFor, answerOf, answersOf, answersWith, answerWords } from '../route53/aim.ts';
import { assessDraft, changeDraft, settleDraft } from '../route53/drafts.ts';
import { assessHealthCheck } from '../route53/health-signal.ts';
import { lintAnswers } from '../route53/lint.ts';
import { lintPartition } from '../route53/partition.ts';
import { inspectRouting, routingRights } from '../route53/ready.ts';
import { lookRights } from '../route53/rights.ts';
import { recordsOf, type Route53Simple, simpleSchema, routingOf } from '../route53/schema.ts';
import { DNS_SLA } from '../slas.ts';
import { routingTiming } from '../route53/timing.ts';
import { settle } from '../route53/settle.ts';
import { shiftRecords } from '../route53/shift-records.ts';
import { simulatedAnswer, simulateSimple } from '../route53/simulate.ts';
import { drillSteps, trafficDrill } from '../route53/drill.ts';
import { traitsOf } from '../../model/verb.ts';

/*
 * One plain record for each name, without a routing policy: it answers with the active region, and is changed to another one's
 * answer. A record that has the answer of no region of the runbook belongs to somebody else, and is refused.
 * https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/resource-record-sets-values-basic.html
 */

async function observe(ctx: ObserveContext, t: Route53Simple): Promise<ResourceState> {
  const records = recordsOf(t);
  const sets = await listManyRecordSets(ctx.effects.aws, t.zone, records, { region: ctx.target, signal: ctx.signal });
  const regionOf = (i: number) => {
    const [set] = sets[i] ?? [];
    return set === undefined ? undefined : ctx.regions.find((region) => answersWith(set, inRegion(t.answers, region)));
  };
  const activeIn = [...new Set(records.map((_, i) => regionOf(i)))].filter((region) => region !== undefined);
  const [first] = sets[0] ?? [];
  const answers = first === undefined ? 'is not there' : `answers with ${answerWords(answerOf(first))}`;
  const because = `${whole(t)} ${answers}${activeIn.length === 0 ? ', which is the answer of no region in the runbook' : ''}`;
  return { activeIn, because, facts: { active: [...activeIn] } };
}

function whole(t: Route53Simple): string {
  const [record] = recordsOf(t);
  const more = recordsOf(t).length - 1;
  return `${record?.name ?? ''} ${record?.type ?? ''}${more > 0 ? ` and ${more} more` : ''}`;
}

function aimAt(t: Route53Simple, region: string): Aim {
  return { policy: 'simple', answer: inRegion(t.answers, region), known: Object.values(t.answers) };
}

function plan(ctx: PlanContext, name: string, t: Route53Simple): StepDraft[] {
  if (traitsOf(ctx.verb).rebuilds) return [];
  const settled = { title: `${whole(t)} answers with ${ctx.target} from outside`, after: ['change'] };
  return [
    assessDraft(ctx, name, t, `What does ${whole(t)} answer now?`, { answer: inRegion(t.answers, ctx.source) }),
    changeStep(ctx, name, t),
    settleDraft(ctx, name, t, settled, { to: { answer: inRegion(t.answers, ctx.target) } }),
  ];
}

function changeStep(ctx: PlanContext, name: string, t: Route53Simple): StepDraft {
  const type = recordsOf(t)[0]?.type;
  const words = (region: string) => {
    const answer = answerFor(inRegion(t.answers, region), type);
    return answer === undefined ? region : answerWords(answer);
  };
  const own = { title: `Change ${whole(t)} to ${words(ctx.target)}`, changes: [{ resource: `route53:${t.zone}:${whole(t)}`, field: 'answer', before: words(ctx.source), after: words(ctx.target) }] };
  return changeDraft(ctx, t, 'change', own, { key: `${name}.change`, aim: aimAt(t, ctx.target), before: aimAt(t, ctx.source) });
}

/** A simple record has no health check, and is identified by its answer: two regions cannot have the same one. */
function lint(t: Route53Simple): LintFinding[] {
  const findings = lintAnswers(t);
  const refuse = (path: (string | number)[], message: string): void => void findings.push({ path: ['answers', ...path], message, severity: 'error' });
  const regionBy = new Map<string, string>();
  for (const [region, said] of Object.entries(t.answers)) {
    for (const { key, answer } of answersOf(said)) {
      if (answer.healthCheck !== undefined) refuse([region, ...(key === undefined ? [] : [key]), 'healthCheck'], 'a simple record has no health check: use route53-failover, or remove it');
      const words = `${key ?? ''} ${answerWords(answer).toLowerCase()}`;
      const other = regionBy.get(words);
      if (other !== undefined) refuse([region], `the same answer as ${other}: it would not be known which region is active`);
      regionBy.set(words, region);
    }
  }
  return findings;
}

const kind: ResourceKind<Route53Simple> = {
  section: 'traffic',
  strategies: ['backup-restore', 'pilot-light', 'warm-standby'],
  summary: 'Simple Route 53 records, one a name, public or private: changed to the answer of the active region',
  schema: simpleSchema,
  routing: (t) => ({
    ...routingOf(t, () => undefined),
    answer: (region, type) => simulatedAnswer(t.answers[region], type as RecordKey['type'], Object.keys(t.answers), region).values,
  }),
  regions: (t) => [{ path: ['answers'], regions: Object.keys(t.answers) }],
  lint: (t, runbook) => [...lint(t), ...lintPartition(t, runbook.regions)],
  observe,
  inspect: (ctx, _name, t) => inspectRouting(ctx, t),
  inspectRights: routingRights,
  timing: routingTiming,
  slas: () => Promise.resolve([DNS_SLA]),
  looks: lookRights,
  plan,
  drill: (ctx, name, t) => trafficDrill(ctx, name, t.zone, recordsOf(t), { answer: inRegion(t.answers, ctx.target) }),
  steps: { ...drillSteps, assessHealthCheck, change: shiftRecords, settle },
  simulate: (world, _name, t, home) => simulateSimple(world, t, home),
};

export default kind;

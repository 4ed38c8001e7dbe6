import { listManyRecordSets, type RecordKey } from '../../aws/route53.ts';
import { inRegion, regionsAt } from '../common.ts';
import type { LintFinding, ObserveContext, PlanContext, ResourceState, StepDraft } from '../../model/kind.ts';
import { type Aim, answerFor, answerOf, answersOf, answersWith, answerWords } from '../route53/aim.ts';
import { changeDraft } from '../route53/drafts.ts';
import { routingKind } from '../route53/routing-kind.ts';
import { recordsOf, type Route53Simple, simpleSchema } from '../route53/schema.ts';
import { shiftRecords } from '../route53/shift-records.ts';
import { simulatedAnswer, simulateSimple } from '../route53/simulate.ts';
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
function lintSame(t: Route53Simple): LintFinding[] {
  const findings: LintFinding[] = [];
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

export default routingKind<Route53Simple>({
  strategies: ['backup-restore', 'pilot-light', 'warm-standby'],
  summary: 'Simple Route 53 records, one a name, public or private: changed to the answer of the active region',
  schema: simpleSchema,
  regions: (t) => regionsAt(t.answers, 'answers'),
  lint: lintSame,
  observe,
  setOf: () => undefined,
  answer: (t, region, type) => simulatedAnswer(t.answers[region], type as RecordKey['type'], Object.keys(t.answers), region).values,
  question: (_ctx, t) => `What does ${whole(t)} answer now?`,
  moves: (ctx, name, t) => (traitsOf(ctx.verb).rebuilds ? [] : [changeStep(ctx, name, t)]),
  followed: ({ target }, t) => ({ title: `${whole(t)} answers with ${target} from outside`, params: { to: { answer: inRegion(t.answers, target) } } }),
  steps: { change: shiftRecords },
  simulate: (world, _name, t, home) => simulateSimple(world, t, home),
});

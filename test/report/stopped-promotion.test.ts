import { beforeAll, describe, expect, it } from 'vitest';
import type { AwsCaller } from '../../src/aws/caller.ts';
import { statusText } from '../../src/cli/run-view.ts';
import type { JournalRecord } from '../../src/journal/events.ts';
import { foldAll } from '../../src/journal/fold.ts';
import { buildEvidence } from '../../src/report/evidence.ts';
import { renderHtml } from '../../src/report/html.ts';
import { summaryLines } from '../../src/report/summary.ts';
import { planOf, runPlan, SEOUL, simulation, TOKYO } from '../engine/simulated.ts';
import { BRISK } from '../engine/sweep.ts';

/*
 * A failover that is stopped at some moment of its promotion, by Ctrl-C or by the death of its process: whatever shows the run says what its
 * journal says, and what to do.
 */

const PROMOTE = 'databases.orders.promote';

interface Moment {
  name: string;
  /** Of the promotion, by the journal that is left. */
  promotion: 'not-requested' | 'requested' | 'promoted';
  record?: (record: JournalRecord) => boolean;
  /** A call: `looks` counts the answers of the replica's API since the promotion was asked for. */
  call?: (call: { operation: string; when: 'before' | 'after'; looks: number }) => boolean;
}

const at = (type: JournalRecord['type'], step = PROMOTE) => (record: JournalRecord) => record.type === type && 'step' in record && record.step === step;
const look = (n: number): NonNullable<Moment['call']> => ({ operation, when, looks }) => operation === 'DescribeDBInstances' && when === 'after' && looks === n;
const ask = (side: 'before' | 'after'): NonNullable<Moment['call']> => ({ operation, when }) => operation === 'PromoteReadReplica' && when === side;

const MOMENTS: readonly Moment[] = [
  { name: 'when the step begins', promotion: 'not-requested', record: at('step.started') },
  { name: 'when the intent is written', promotion: 'requested', record: at('step.intent') },
  { name: 'right before the request is sent', promotion: 'requested', call: ask('before') },
  { name: 'when the request was answered', promotion: 'requested', call: ask('after') },
  { name: 'when the answer is written', promotion: 'requested', record: at('step.acted') },
  { name: 'at the first look', promotion: 'requested', call: look(1) },
  { name: 'at the second look', promotion: 'requested', call: look(2) },
  { name: 'at the fourth look', promotion: 'requested', call: look(4) },
  { name: 'when its end is written', promotion: 'promoted', record: at('step.done') },
  { name: 'when the canary has ended', promotion: 'promoted', record: at('step.done', 'databases.orders.canary') },
];

async function stoppedAt({ record, call }: Moment): Promise<readonly JournalRecord[]> {
  const sim = await simulation({ timings: BRISK });
  sim.world.breakRegion(SEOUL);
  const plan = await planOf(sim, TOKYO);
  const stop = new AbortController();
  const press = (): void => stop.abort(new Error('SIGINT'));
  let [asked, looks] = [false, 0];
  const aws: AwsCaller = {
    call: async (request) => {
      const { operation } = request;
      if (call?.({ operation, when: 'before', looks }) === true) press();
      asked ||= operation === 'PromoteReadReplica';
      const answer = await sim.effects.aws.call(request);
      if (asked && operation === 'DescribeDBInstances' && request.region === TOKYO) looks += 1;
      if (call?.({ operation, when: 'after', looks }) === true) press();
      return answer;
    },
  };
  const { records } = await runPlan({ ...sim, effects: { ...sim.effects, aws } }, plan, { drain: stop.signal, onRecord: (one) => {
    if (record?.(one) === true) press();
  } });
  expect(stop.signal.aborted).toBe(true);
  return records;
}

/** Everything that shows a run, from these records. */
function shown(records: readonly JournalRecord[]) {
  const state = foldAll(records);
  const evidence = buildEvidence(state, records);
  const text = { summary: summaryLines(evidence).join('\n'), status: statusText({ state, now: state.lastAt, seen: false }, (_style, words) => words), html: renderHtml(evidence).replaceAll(/<[^>]*>/g, '') };
  return { state, evidence, text };
}

function agrees(records: readonly JournalRecord[], promotion: Moment['promotion']): void {
  const { evidence, text } = shown(records);
  const intent = records.find(at('step.intent'));
  expect(evidence.databases[0]).toMatchObject({ promotion, promoted: promotion === 'promoted' ? true : promotion === 'requested' ? null : false });
  for (const [where, words] of Object.entries(text)) {
    const requested = `requested at ${new Date(intent?.at ?? 0).toISOString().slice(11, 19)} UTC, result not yet known`;
    const has = (part: string) => words.includes(part);
    expect([where, has(requested)]).toEqual([where, promotion === 'requested']);
    expect([where, has('treat it as done. Do not reopen the old writer.')]).toEqual([where, promotion === 'requested']);
    if (where !== 'status') expect([where, has('not promoted') || has('a promotion would lose')]).toEqual([where, promotion === 'not-requested']);
    if (promotion !== 'not-requested') expect([where, has('is still a replica') && !has('before it:')]).toEqual([where, false]);
  }
  for (const words of [text.status, text.html]) expect(words).toContain(`To continue: dr resume ${evidence.test.id}`);
  expect(evidence.verdict.sentence.includes('the point of no return is passed')).toBe(promotion !== 'not-requested');
}

describe('a failover that is stopped by Ctrl-C', () => {
  it.each(MOMENTS)('$name: all say that the promotion is $promotion', async (moment) => {
    agrees(await stoppedAt(moment), moment.promotion);
  });
});

describe('a failover whose process died', () => {
  let whole: readonly JournalRecord[];
  beforeAll(async () => {
    whole = await stoppedAt({ name: '', promotion: 'promoted', record: (record) => record.type === 'run.finished' });
  });

  it.each([
    { last: 'step.started', promotion: 'not-requested' },
    { last: 'step.intent', promotion: 'requested' },
    { last: 'step.acted', promotion: 'requested' },
    { last: 'step.done', promotion: 'promoted' },
  ] as const)('after $last: all say that the promotion is $promotion, also once somebody has begun to resume it', ({ last, promotion }) => {
    const left = whole.slice(0, whole.findIndex(at(last)) + 1);
    agrees(left, promotion);
    const { state } = shown(left);
    const resumed = { ...(left.at(-1) as JournalRecord), type: 'run.resumed' as const, operator: state.operator, acceptances: state.acceptances };
    agrees([...left, resumed], promotion);
  });

  it.each(['compute', 'traffic'])('after an intent of %s: no change that was requested is shown as not made', (phase) => {
    const ids = shown(whole).evidence.steps.filter((step) => step.phase === phase && step.acted).map((step) => step.id);
    const intent = whole.findIndex((record) => record.type === 'step.intent' && ids.includes(record.step));
    const id = (whole[intent] as { step: string }).step;
    const { evidence, text } = shown(whole.slice(0, intent + 1));
    expect(evidence.requests.map(({ step }) => step)).toContain(id);
    expect(evidence.steps.find((step) => step.id === id)).toMatchObject({ state: 'unfinished', change: 'requested' });
    for (const words of Object.values(text)) expect(words).toContain('result not yet known');
  });

  it('says that a database is promoted although it did not answer when success was to be told', () => {
    const done = whole.findIndex(at('step.done'));
    const gone = { ...(whole[done] as JournalRecord), type: 'step.failed' as const, step: PROMOTE, because: 'no answer', error: { code: 'END_STATE_GONE', message: 'no answer' } };
    expect(shown([...whole.slice(0, done + 1), gone]).evidence.databases[0]).toMatchObject({ promotion: 'promoted' });
  });

  it('tells a change that was made from one that was not, and from one that was not needed', () => {
    const { evidence } = shown(whole);
    const fence = evidence.changes.filter((change) => change.step === 'databases.orders.fence');
    expect(fence.map(({ made, because }) => [made, because.includes('did not answer')])).toEqual([['not made', true], ['not made', true]]);
    const made = evidence.changes.filter((change) => change.step === PROMOTE || change.step.endsWith('.canary'));
    expect(made.map((change) => change.made)).not.toContain('not made');
    expect(new Set(made.map((change) => change.made))).toEqual(new Set(['made']));
    const page = renderHtml(evidence).replaceAll('<wbr>', '');
    /** How the page marks a step: tone and word. */
    const pillOf = (id: string) => /class="pill (\w+)(?: long)?">([^<]+)</.exec(page.slice(page.indexOf(`<code>${id}</code>`, page.indexOf('<h2>Steps'))))?.slice(1).join(': ');
    expect(['assess.users', 'assess.source', 'databases.orders.fence', PROMOTE].map(pillOf)).toEqual(['mute: down', 'good: passed', 'warn: not made', 'good: done']);
  });
});

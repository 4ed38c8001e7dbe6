import { describe, expect, it } from 'vitest';
import { historyText, statusText } from '../../src/cli/run-view.ts';
import { resumeCommand } from '../../src/cli/names.ts';
import { fit } from '../../src/cli/text.ts';
import { answerText } from '../../src/cli/waiting.ts';
import { plan, RUN, started, step, Story, T0 } from './fixture.ts';
import type { RunEvent } from '../../src/journal/events.ts';

const plain = (_style: unknown, text: string): string => text;
const holder = { run: RUN, term: 1, token: 'x', user: 'kim', host: 'vm', pid: 30_304, since: new Date(T0).toISOString() };
const gate = step('approval.line', { kind: 'run.approval', gate: true, title: 'Approval needed from 1 person', approval: { from: [{ name: 'alice@example.com', keys: ['k'] }], quorum: 1, waitMs: 900_000 } });

/** Down since before the run began, and stopped at its approval. */
function waiting(): Story {
  return new Story()
    .add({ ...started(), plan: plan({ steps: [gate, ...plan().steps] }) } as RunEvent)
    .add({ type: 'probe.changed', probe: 'home-page', up: false, status: 503, sampledAt: T0 })
    .add({ type: 'step.started', step: gate.id });
}

describe('dr status', () => {
  it('of a run that continues says who runs it, what it waits for, what comes next, and counts to now', () => {
    const { run } = waiting();
    const text = statusText({ state: run, now: T0 + 600_000, holder, seen: true, approved: 0 }, plain);
    expect(text).toContain('running (process 30304 on vm, for 10m)');
    expect(text).toMatch(/Waiting for approval: 0 of 1 \(alice@example\.com\), 5m \ds left\.\n +They run: dr approve /);
    expect(text).toContain('Next: Assess Seoul');
    expect(text).toContain('at least 10m since impact');
    expect(text).not.toContain('Approval needed');
    expect(text).not.toContain('dr resume');
  });

  it('of a run that stopped offers a resume, and says when users were last seen', () => {
    const { run } = waiting();
    const text = statusText({ state: run, now: T0 + 600_000, seen: false }, plain);
    expect(text).toContain('stopped without finishing');
    expect(text).toContain(`To continue: dr resume ${RUN}`);
    expect(text).toContain('home-page DOWN when last seen');
  });

  it('of a run that another machine holds claims neither', () => {
    const text = statusText({ state: waiting().run, now: T0 + 600_000, holder, seen: false }, plain);
    expect(text).toContain('whether it still runs cannot be seen from this machine');
    expect(text).toContain(`dr takeover ${RUN}`);
    expect(text).not.toContain('dr resume');
  });
});

describe('a narrow terminal', () => {
  it('gets lines that are broken at words only, with ids whole', () => {
    const lines = fit(`Promote shop-orders-tokyo: requested at 06:01:31 UTC, result not yet known.\n  To continue: dr resume ${RUN}`, 60).split('\n');
    expect(lines).toEqual(['Promote shop-orders-tokyo: requested at 06:01:31 UTC,', '  result not yet known.', '  To continue:', `    dr resume ${RUN}`]);
  });
});

describe('an answer', () => {
  it('is not replaced by what a later check says of itself: it stays, with its age', () => {
    const story = new Story().add(started()).add({ type: 'step.started', step: 'assess.source' });
    story.add({ type: 'step.done', step: 'assess.source', already: true, because: 'two signals say that Seoul is down' });
    story.add({ type: 'step.started', step: 'data.orders.gate' }).add({ type: 'step.paused', step: 'data.orders.gate', because: 'lag 0.8 s' });
    const { lastAt } = story.run;
    story.add({ type: 'run.resumed', operator: story.run.operator, acceptances: { approvedBy: [] } });
    for (const id of ['assess.source', 'data.orders.gate']) story.add({ type: 'check.passed', step: id, because: 'reads only' });
    expect(answerText(story.run.steps.get('assess.source'), lastAt + 60_000)).toMatch(/^two signals say that Seoul is down \(1m.* ago\)$/);
    const status = statusText({ state: story.run, now: lastAt + 60_000, seen: false }, plain);
    expect(status).toContain('last answer: lag 0.8 s (1m ago)');
    expect(status).not.toContain('reads only');
    expect(answerText(story.run.steps.get('compute.api.scale'), lastAt)).toBe('not looked at yet');
  });
});

describe('the command that continues a run', () => {
  it('names the override of what refused it', () => {
    const refusal = { rule: 'approval', observed: '0 of 1 approvals', threshold: '1', consequence: 'none', override: '--approved-by alice@example.com' };
    const story = new Story().add(started()).add({ type: 'check.refused', step: 'data.orders.gate', refusal });
    expect(resumeCommand(story.run)).toBe(`dr resume ${RUN} --approved-by alice@example.com`);
    story.add({ type: 'check.refused', step: 'data.orders.gate', refusal: { ...refusal, override: '--accept-data-loss 660s --reason "…", or wait' } });
    expect(resumeCommand(story.run)).toBe(`dr resume ${RUN} --accept-data-loss 660s --reason "…"`);
    story.add({ type: 'check.refused', step: 'data.orders.gate', refusal: { ...refusal, override: 'none: wait until it is back' } });
    expect(resumeCommand(story.run)).toBe(`dr resume ${RUN}`);
  });
});

describe('dr history', () => {
  it('counts a run without an end up to now', () => {
    expect(historyText([waiting().run], T0 + 600_000)).toContain('10m so far');
  });
});

it('a number and its unit are not torn apart', () => {
  expect(fit('  … Fence shop-orders if ap-northeast-2 answers again (3.3 s)', 60).split('\n')).toEqual(['  … Fence shop-orders if ap-northeast-2 answers again', '    (3.3 s)']);
  expect(fit(`${'x'.repeat(50)} sends 5 small`, 60).split('\n')).toEqual([`${'x'.repeat(50)} sends 5`, '  small']);
});

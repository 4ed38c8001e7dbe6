import { expect, it } from 'vitest';
import { stepTree } from '../../src/cli/step-tree.ts';
import { END_MARKS, endOf, type StepEnd } from '../../src/cli/step-end.ts';
import { runJson } from '../../src/cli/run-view.ts';
import { sentence } from '../../src/cli/presenters/sentences.ts';
import type { RunEvent } from '../../src/journal/events.ts';
import { SAYS, type Says } from '../../src/model/step.ts';
import { plan, started, step, Story } from './fixture.ts';

/** What was seen is a field of the record; journals of earlier versions say it by the first word only. */
const ENDS: readonly [StepEnd, Says | undefined, string][] = [
  ...SAYS.map((says): [StepEnd, Says, string] => [says, says, 'in other words: no answer']),
  ['down', undefined, 'down: no answer'], ['up', undefined, 'up: status 200'], ['unknown', undefined, 'unknown: the name does not resolve'],
  ['not judged', undefined, 'not judged: status 503'], ['done', undefined, 'status 200'],
];

it.each(ENDS)('a look that ends as %s (recorded: %s; %s) has a mark of its own, in the tree and in a log: only what is done has a tick', (end, says, because) => {
  const look = step('verify.home-page', { phase: 'verify', title: 'Look', changes: [] });
  const story = new Story().add({ ...started(), plan: plan({ steps: [look] }) } as RunEvent).add({ type: 'step.started', step: look.id });
  story.add({ type: 'step.done', step: look.id, already: true, because, ...(says === undefined ? {} : { says }) });
  const { run, record } = { run: story.run, record: story.records.at(-1) };
  const stepRun = run.steps.get(look.id);
  expect(stepRun && endOf(look, stepRun, run)).toBe(end);
  const [mark] = END_MARKS[end];
  expect(mark === '✔').toBe(end === 'done');
  expect(stepTree(run, run.lastAt, (_style, words) => words)).toMatch(new RegExp(`^ {2}\\${mark} Look`, 'm'));
  expect(record && sentence(record, run)?.tone).toBe(end === 'done' ? 'good' : 'info');
});

it('what a look saw, what only decides and how a step ended are fields of `--json`', () => {
  const steps = [step('assess.users', { phase: 'assess', changes: [] }), step('assess.source', { phase: 'assess', gate: true, changes: [] }), step('data.orders.promote', {})];
  const story = new Story().add({ ...started(), plan: plan({ steps }) } as RunEvent).add({ type: 'step.started', step: 'assess.users' });
  story.add({ type: 'step.done', step: 'assess.users', already: true, because: 'in other words', says: 'down' });
  expect(runJson(story.run).steps).toMatchObject([{ gate: false, says: 'down', end: 'down' }, { gate: true, state: 'waiting' }, { gate: false, state: 'waiting' }]);
});

it.each([
  ['each on a line of its own, whatever their words', { short: 'It is down', signals: ['one; users: up (no)', 'two'] }, ['It is down', 'one; users: up (no)', 'two']],
  ['as they stand in a journal that does not tell them apart', undefined, ['It is down. one; users: up (no); two']],
] as const)('the signals that were weighed are shown %s', (_what, weighed, lines) => {
  const gate = step('assess.source', { phase: 'assess', gate: true, changes: [] });
  const because = 'It is down. one; users: up (no); two';
  const story = new Story().add({ ...started(), plan: plan({ steps: [gate] }) } as RunEvent).add({ type: 'step.started', step: gate.id });
  story.add({ type: 'step.done', step: gate.id, already: true, because, facts: { 'source.verdict': { verdict: 'source-down', because, ...(weighed === undefined ? {} : { weighed: { short: weighed.short, signals: [...weighed.signals] } }) } } });
  expect(stepTree(story.run, story.run.lastAt, (_style, words) => words)).toContain(lines.map((line) => `      ${line}`).join('\n'));
});

it('a message that was not sent is skipped, and has no tick', () => {
  const notify = step('notify.slack-1', { phase: 'protect', title: 'Notify Slack', optional: true, origin: 'common', changes: [] });
  const story = new Story().add({ ...started(), plan: plan({ steps: [notify] }) } as RunEvent).add({ type: 'step.started', step: notify.id });
  story.add({ type: 'step.done', step: notify.id, already: true, because: 'SLACK_URL is not set: nothing was sent' });
  const { run } = story;
  const record = story.records.at(-1);
  expect(stepTree(run, run.lastAt, (_style, words) => words)).toContain('  – Notify Slack: skipped (1.0 s)\n      SLACK_URL is not set: nothing was sent');
  expect(record && sentence(record, run)).toEqual({ tone: 'info', text: 'notify.slack-1: skipped: SLACK_URL is not set: nothing was sent' });
});

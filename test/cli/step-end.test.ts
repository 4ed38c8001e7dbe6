import { expect, it } from 'vitest';
import { END_MARKS, endOf, type StepEnd } from '../../src/cli/step-end.ts';
import { stepTree } from '../../src/cli/step-tree.ts';
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

it('a message that was not sent is skipped, and has no tick', () => {
  const notify = step('notify.slack-1', { phase: 'protect', title: 'Notify Slack', optional: true, origin: 'common', changes: [] });
  const story = new Story().add({ ...started(), plan: plan({ steps: [notify] }) } as RunEvent).add({ type: 'step.started', step: notify.id });
  story.add({ type: 'step.done', step: notify.id, already: true, because: 'SLACK_URL is not set: nothing was sent' });
  const { run } = story;
  const record = story.records.at(-1);
  expect(stepTree(run, run.lastAt, (_style, words) => words)).toContain('  – Notify Slack: skipped (1.0 s)\n      SLACK_URL is not set: nothing was sent');
  expect(record && sentence(record, run)).toEqual({ tone: 'info', text: 'notify.slack-1: skipped: SLACK_URL is not set: nothing was sent' });
});

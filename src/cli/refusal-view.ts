import { formatDuration } from '../base/duration.ts';
import type { Refusal } from '../model/step.ts';
import { columns, fit, indent, type Painter } from './text.ts';
import type { Obstacle, Preview } from '../engine/preview.ts';

/** Younger than that is now. */
const NOW_MS = 1_000;

/** All parts of a refusal, one a line. `sinceMs`: how long ago it was given; the observation is older by that. */
export function refusalLines(refusal: Refusal, sinceMs = 0): string[] {
  const ageMs = (refusal.ageMs ?? 0) + sinceMs;
  const age = refusal.ageMs === undefined && ageMs < NOW_MS ? 'just now' : `${formatDuration(ageMs)} ago`;
  return columns([
    ['rule', refusal.rule],
    ['observed', `${refusal.observed} (${age})`],
    ['threshold', refusal.threshold],
    ['consequence', refusal.consequence],
    ['override', refusal.override],
  ]);
}

/** What would refuse a run now, each with its override; what it waits for; what only a run can tell. One text a section. */
export function previewLines(preview: Preview, room: number | undefined, paint: Painter): string[] {
  const { refusals, warnings, notEvaluated } = preview;
  const section = (title: string, lines: readonly string[]) => `${title}\n${fit(indent(lines.join('\n'), 2), room)}`;
  return [
    ...(refusals.length === 0 ? [] : [section(paint('red', 'Would be refused now'), refusals.flatMap(obstacleLines))]),
    ...(warnings.length === 0 ? [] : [section(paint('yellow', 'Warnings'), warnings)]),
    ...(notEvaluated.length === 0 ? [] : [section(paint('yellow', 'Not evaluated: only a run can tell'), notEvaluated.map(({ step, title }) => `${title} [${step}]`))]),
  ];
}

export function obstacleLines({ step, title, refusal, error, held }: Obstacle): string[] {
  if (held !== undefined) return [title, ...held.map((line) => indent(line, 2))];
  return [`${title} [${step}]`, ...(refusal === undefined ? [`could not be checked: ${error ?? 'no answer'}`] : refusalLines(refusal)).map((line) => indent(line, 2))];
}

/** `would be refused now: rpo-gate`, or that nothing is known that would refuse it. */
export function wouldBeRefused({ refusals, notEvaluated }: Preview): string {
  if (refusals.length > 0) return `would be refused now: ${[...new Set(refusals.map(({ refusal, step, held }) => (held === undefined ? (refusal?.rule ?? `${step} could not be checked`) : 'another run holds it')))].join(', ')}`;
  return notEvaluated.length === 0 ? 'nothing would refuse it now' : 'nothing that could be checked would refuse it now';
}

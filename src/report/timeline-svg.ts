import { PHASES } from '../model/step.ts';
import { html, type Html, join } from './escape.ts';
import type { Evidence, EvidenceStep } from './evidence-schema.ts';
import { formatMs, formatRound, utcTime } from './format.ts';
import { fitText, placeFlags, timeScale, type TimeScale } from './timeline-scale.ts';

/* The picture of a run: one row a step in lanes by phase, what users saw on top, milestones as flags. No text overlaps. */

const WIDTH = 1100;
const LEFT = 292;
const RIGHT = 190;
const TOOK = WIDTH - 116;
const CHART = WIDTH - LEFT - RIGHT;
const FLAG_SIZE = 11.5;
const FLAG_HEIGHT = 16;

interface Drawing {
  evidence: Evidence;
  scale: TimeScale;
  row: number;
  /** Where the chart begins and ends, from the top. */
  top: number;
  bottom: number;
  end: number;
}

interface Row {
  y: number;
  step: EvidenceStep;
}

/** The timeline as an SVG element; colours come from the page's style sheet. */
export function timelineSvg(evidence: Evidence): Html {
  const { from, end } = rangeOf(evidence);
  const zero = at(evidence.clock.phases.find((p) => p.phase === 'impact')?.at) ?? Date.parse(evidence.clock.startedAt);
  const scale = timeScale({ from, to: end }, busySpans(evidence), zero, LEFT, CHART);
  const flags = placeFlags(milestones(evidence).map((m) => ({ x: scale.x(m.at), text: m.label })), FLAG_SIZE);
  const flagRoom = (Math.max(-1, ...flags.map((f) => f.level)) + 1) * FLAG_HEIGHT + 8;
  const row = evidence.steps.length > 40 ? 16 : 21;
  const top = flagRoom;
  const lanes = layout(evidence, top, row);
  const drawing: Drawing = { evidence, scale, row, top, bottom: lanes.bottom, end };
  const height = lanes.bottom + 26;
  return html`<div class="scroll" role="region" aria-label="Timeline, may be scrolled sideways" tabindex="0"><svg class="timeline" viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="Timeline of the run. The same times stand in the tables below: Clock, Steps, Probes.">
${lanes.bands.map((band) => html`<rect class="${band.odd ? 'band odd' : 'band'}" x="0" y="${band.y}" width="${WIDTH}" height="${band.height}"/>
<text class="lane" x="10" y="${band.y + 14}">${band.name}</text>
`)}
${drawDown(drawing)}${drawGrid(drawing, zero)}${drawFlags(drawing, flags)}
${lanes.observers.map((o) => drawObserver(drawing, o))}
${lanes.rows.map((r) => drawStep(drawing, r))}
<text class="head" x="${TOOK}" y="${top + 14}" text-anchor="end">took</text><text class="head" x="${WIDTH - 8}" y="${top + 14}" text-anchor="end">expected</text>
</svg></div>`;
}

interface Observer {
  y: number;
  name: string;
  changes: readonly { at: number; up: boolean }[];
  end: number;
}

function layout(evidence: Evidence, top: number, row: number) {
  let y = top;
  const bands: { name: string; y: number; height: number; odd: boolean }[] = [];
  const rows: Row[] = [];
  const tracks = observersOf(evidence);
  const observers: Observer[] = tracks.map((track, i) => ({ ...track, y: y + 20 + i * row }));
  const lane = (name: string, count: number): void => {
    const height = 22 + count * row + 2;
    bands.push({ name, y, height, odd: bands.length % 2 === 1 });
    y += height;
  };
  if (tracks.length > 0) lane('users', tracks.length);
  for (const phase of PHASES) {
    const steps = evidence.steps.filter((step) => step.phase === phase);
    if (steps.length === 0) continue;
    steps.forEach((step, i) => rows.push({ step, y: y + 20 + i * row }));
    lane(phase, steps.length);
  }
  return { bands, rows, observers, bottom: y };
}

function observersOf(evidence: Evidence): Omit<Observer, 'y'>[] {
  const end = endOf(evidence);
  const tracks = evidence.probes
    .filter((probe) => probe.changes.length > 0)
    .map((probe) => ({
      name: `probe ${probe.name}`,
      end,
      changes: probe.changes.map((change) => ({ at: Date.parse(change.at), up: change.up })),
    }));
  const lastGood = at(evidence.lab?.lastGoodAt);
  const firstGood = at(evidence.lab?.firstGoodAt);
  if (lastGood === undefined) return tracks;
  const changes = [{ at: lastGood, up: false }, ...(firstGood === undefined ? [] : [{ at: firstGood, up: true }])];
  return [{ name: "the lab's client", end, changes }, ...tracks];
}

/** The end of the run, or its last record while it has none. */
function endOf({ clock }: Evidence): number {
  return Date.parse(clock.endedAt ?? clock.lastAt);
}

function at(iso: string | null | undefined): number | undefined {
  return iso === null || iso === undefined ? undefined : Date.parse(iso);
}

function milestones(evidence: Evidence): { at: number; label: string }[] {
  return evidence.clock.phases.flatMap((phase) =>
    phase.at === null ? [] : [{ at: Date.parse(phase.at), label: phase.atOrBefore ? `${phase.label}, or before` : phase.label }],
  );
}

/** From the first to the last thing that is known, with a little room on both sides. */
function rangeOf(evidence: Evidence): { from: number; end: number } {
  const times = busySpans(evidence).flatMap((span) => [span.from, span.to]);
  const from = Math.min(...times);
  const to = Math.max(...times);
  const room = (to - from) * 0.012;
  return { from: from - room, end: to + room };
}

function busySpans(evidence: Evidence): { from: number; to: number }[] {
  const { clock } = evidence;
  const end = endOf(evidence);
  const stopped = evidence.downtime.stopped.map((gap) => ({ from: Date.parse(gap.from), to: Date.parse(gap.to) }));
  const points = [clock.startedAt, ...evidence.probes.flatMap((p) => p.changes.map((c) => c.at))].map((t) => Date.parse(t));
  points.push(end, ...milestones(evidence).map((m) => m.at));
  for (const time of [evidence.lab?.lastGoodAt, evidence.lab?.firstGoodAt]) points.push(...[at(time) ?? []].flat());
  const steps = evidence.steps.flatMap((step) => {
    const from = at(step.startedAt);
    return from === undefined ? [] : awake(from, at(step.endedAt) ?? end, stopped);
  });
  return [...points.map((time) => ({ from: time, to: time })), ...steps];
}

/** A step that was begun, lost and resumed did nothing while nobody ran it. */
function awake(from: number, to: number, stopped: readonly { from: number; to: number }[]): { from: number; to: number }[] {
  const spans: { from: number; to: number }[] = [];
  let cursor = from;
  for (const gap of stopped) {
    if (gap.to <= cursor || gap.from >= to) continue;
    if (gap.from > cursor) spans.push({ from: cursor, to: gap.from });
    cursor = Math.max(cursor, gap.to);
  }
  if (cursor <= to) spans.push({ from: cursor, to });
  return spans;
}

function drawDown({ evidence, scale, top, bottom, end }: Drawing): Html | false {
  const from = at(evidence.downtime.from);
  if (from === undefined) return false;
  const x = scale.x(from);
  const width = scale.x(at(evidence.downtime.to) ?? end) - x;
  return html`<rect class="down" x="${px(x)}" y="${top}" width="${px(width)}" height="${bottom - top}"><title>the application was down</title></rect>`;
}

function drawGrid({ scale, top, bottom }: Drawing, zero: number): Html {
  const ticks = scale.ticks.map(
    (tick) => html`<line class="grid" x1="${px(tick.x)}" x2="${px(tick.x)}" y1="${top}" y2="${bottom}"/><text class="tick" x="${px(tick.x)}" y="${bottom + 15}" text-anchor="middle">${tickText(tick.at - zero)}</text>
`,
  );
  const folds = scale.folds.map(
    (fold) => html`<rect class="fold" x="${px(fold.x1)}" y="${top}" width="${px(fold.x2 - fold.x1)}" height="${bottom - top}"><title>${formatMs(fold.to - fold.from)} left out</title></rect><text class="tick" x="${px((fold.x1 + fold.x2) / 2)}" y="${bottom + 15}" text-anchor="middle">// ${formatRound(fold.to - fold.from)}</text>
`,
  );
  return join([...ticks, ...folds]);
}

function tickText(ms: number): string {
  if (ms === 0) return '0';
  return `${ms < 0 ? '−' : '+'}${formatRound(Math.abs(ms))}`;
}

function drawFlags({ top, bottom }: Drawing, flags: readonly { x: number; text: string; level: number }[]): Html {
  return join(
    flags.map((flag) => {
      const y = top - 6 - flag.level * FLAG_HEIGHT;
      return html`<line class="mark" x1="${px(flag.x)}" x2="${px(flag.x)}" y1="${y - 9}" y2="${bottom}"/><text class="flag" x="${px(flag.x + 4)}" y="${y}">${flag.text}</text>
`;
    }),
  );
}

function drawObserver({ scale, row }: Drawing, observer: Observer): Html {
  const bars = observer.changes.map((change, i) => {
    const to = observer.changes[i + 1]?.at ?? observer.end;
    const x = scale.x(change.at);
    return html`<rect class="${change.up ? 'up' : 'bad'}" x="${px(x)}" y="${observer.y + 5}" width="${px(Math.max(1.5, scale.x(to) - x))}" height="${row - 11}" rx="2"/>`;
  });
  return html`<text class="name" x="22" y="${observer.y + row / 2 + 4}">${fitText(observer.name, 12, LEFT - 34)}</text>${bars}
`;
}

function drawStep(drawing: Drawing, { step, y }: Row): Html {
  const { row, scale, evidence } = drawing;
  const middle = y + row / 2 + 4;
  const from = at(step.startedAt);
  const took = from === undefined ? 'not run' : step.ms === null ? 'no end' : formatMs(step.ms);
  const expected = step.expected.p95Ms > 0 ? `${formatRound(step.expected.p50Ms)}–${formatRound(step.expected.p95Ms)}` : '';
  const text = html`<text class="${from === undefined ? 'name idle' : 'name'}" x="22" y="${middle}"><title>${step.id}</title>${fitText(step.title, 12, LEFT - 34)}</text><text class="${from === undefined ? 'took idle' : 'took'}" x="${TOOK}" y="${middle}" text-anchor="end">${took}</text><text class="expect" x="${WIDTH - 8}" y="${middle}" text-anchor="end">${expected}</text>`;
  if (from === undefined) return html`${text}\n`;
  const to = at(step.endedAt) ?? endOf(evidence);
  const x = scale.x(from);
  const width = Math.max(2, scale.x(to) - x);
  const bar = { y: y + 5, height: row - 9 };
  const waits = step.waits.map((wait) => {
    const x1 = scale.x(Date.parse(wait.from));
    return html`<rect class="c-${wait.cause}" x="${px(x1)}" y="${bar.y}" width="${px(Math.max(0.5, scale.x(Date.parse(wait.to)) - x1))}" height="${bar.height}"/>`;
  });
  const ended = step.state === 'failed' || step.state === 'refused';
  return html`<g><title>${`${step.title}: ${step.state}, ${took}; ${utcTime(step.startedAt ?? '')} UTC; ${step.because}`}</title>${drawExpected(drawing, step, from, y)}<rect class="c-tool" x="${px(x)}" y="${bar.y}" width="${px(width)}" height="${bar.height}"/>${waits}${ended && html`<rect class="end-${step.state}" x="${px(x + width - 1)}" y="${y + 2}" width="4" height="${row - 3}"/>`}</g>${text}
`;
}

/** What was expected: a ghost to p50 and a whisker to p95, cut at the end of the chart. */
function drawExpected({ scale, row, end }: Drawing, step: EvidenceStep, from: number, y: number): Html | false {
  if (step.expected.p95Ms <= 0) return false;
  const x = scale.x(from);
  const p50 = scale.x(from + step.expected.p50Ms);
  const p95 = scale.x(from + step.expected.p95Ms);
  const cut = from + step.expected.p95Ms > end;
  return html`<rect class="ghost" x="${px(x)}" y="${y + 2.5}" width="${px(Math.max(1, p50 - x))}" height="${row - 4}" rx="2"/><line class="${cut ? 'whisker cut' : 'whisker'}" x1="${px(p50)}" x2="${px(p95)}" y1="${y + row / 2 + 0.5}" y2="${y + row / 2 + 0.5}"/>`;
}

function px(value: number): string {
  return value.toFixed(1);
}

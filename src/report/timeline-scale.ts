/**
 * From times to places on a line. Long stretches in which nothing happened (hours between impact and the run, a night
 * between a crash and its resume) are folded to a narrow strip, so that the minutes that matter stay readable.
 */

export interface TimeScale {
  /** Place of a time; times outside the range lie on its ends. */
  x(at: number): number;
  folds: readonly { from: number; to: number; x1: number; x2: number }[];
  ticks: readonly { at: number; x: number }[];
}

interface Span {
  from: number;
  to: number;
}

/** A stretch is folded when it takes more than this part of what would be left to show. */
const FOLD_SHARE = 0.4;
const FOLD_WIDTH = 34;
const TICK_ROOM = 84;
/** Between the middle of a fold, where its length is written, and a tick's text. */
const FOLD_ROOM = 64;

/** `busy`: everything that is drawn; a point is a span of no length. `zero`: where ticks count from. */
export function timeScale(range: Span, busy: readonly Span[], zero: number, left: number, width: number): TimeScale {
  const to = Math.max(range.to, range.from + 1);
  const folds = foldsOf(idleSpans({ from: range.from, to }, busy), to - range.from);
  const shown = to - range.from - folds.reduce((sum, fold) => sum + fold.to - fold.from, 0);
  const pxPerMs = (width - folds.length * FOLD_WIDTH) / shown;
  const x = (at: number): number => {
    const time = Math.min(to, Math.max(range.from, at));
    let place = left;
    let cursor = range.from;
    for (const fold of folds) {
      if (time <= fold.from) break;
      place += (fold.from - cursor) * pxPerMs;
      if (time < fold.to) return place + ((time - fold.from) / (fold.to - fold.from)) * FOLD_WIDTH;
      place += FOLD_WIDTH;
      cursor = fold.to;
    }
    return place + (time - cursor) * pxPerMs;
  };
  return {
    x,
    folds: folds.map((fold) => ({ ...fold, x1: x(fold.from), x2: x(fold.to) })),
    ticks: ticksOf({ from: range.from, to }, zero, TICK_ROOM / pxPerMs, folds)
      .map((at) => ({ at, x: x(at) }))
      .filter((tick) => folds.every((fold) => Math.abs(tick.x - x((fold.from + fold.to) / 2)) > FOLD_ROOM)),
  };
}

function idleSpans(range: Span, busy: readonly Span[]): Span[] {
  const idle: Span[] = [];
  let cursor = range.from;
  for (const span of [...busy].sort((a, b) => a.from - b.from)) {
    if (span.from > cursor) idle.push({ from: cursor, to: Math.min(span.from, range.to) });
    cursor = Math.max(cursor, span.to);
  }
  if (cursor < range.to) idle.push({ from: cursor, to: range.to });
  return idle.filter((span) => span.to > span.from);
}

/** The longest first, until none dominates what is left. At most 8: each one costs width. */
function foldsOf(idle: readonly Span[], total: number): Span[] {
  const folds: Span[] = [];
  let left = total;
  for (const span of [...idle].sort((a, b) => b.to - b.from - (a.to - a.from))) {
    const length = span.to - span.from;
    if (folds.length === 8 || length <= left * FOLD_SHARE || length >= left) break;
    folds.push(span);
    left -= length;
  }
  return folds.sort((a, b) => a.from - b.from);
}

const NICE_MS = [
  1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 15_000, 30_000, 60_000, 120_000, 300_000, 600_000, 900_000,
  1_800_000, 3_600_000, 7_200_000, 14_400_000, 43_200_000, 86_400_000,
];

function ticksOf(range: Span, zero: number, roomMs: number, folds: readonly Span[]): number[] {
  const day = 86_400_000;
  const step = NICE_MS.find((ms) => ms >= roomMs) ?? Math.ceil(roomMs / day) * day;
  const ticks: number[] = [];
  const shown = shownSpans(range, folds);
  for (const span of shown) {
    for (let at = zero + Math.ceil((span.from - zero) / step) * step; at <= span.to; at += step) ticks.push(at);
  }
  return ticks;
}

function shownSpans(range: Span, folds: readonly Span[]): Span[] {
  const spans: Span[] = [];
  let cursor = range.from;
  for (const fold of folds) {
    spans.push({ from: cursor, to: fold.from });
    cursor = fold.to;
  }
  spans.push({ from: cursor, to: range.to });
  return spans;
}

/** Width of a text in pixels at a font size, on the safe side; wide scripts count double. */
export function textWidth(text: string, size: number): number {
  let units = 0;
  for (const char of text) {
    const codePoint = char.codePointAt(0) ?? 0;
    units += codePoint > 0x2e7f ? 1.05 : /[A-Zmw@%—]/.test(char) ? 0.75 : 0.53;
  }
  return units * size;
}

/** Cuts a text to a width in pixels. */
export function fitText(text: string, size: number, width: number): string {
  if (textWidth(text, size) <= width) return text;
  const chars = Array.from(text);
  while (chars.length > 0 && textWidth(`${chars.join('')}…`, size) > width) chars.pop();
  return `${chars.join('').trimEnd()}…`;
}

interface Flag {
  x: number;
  text: string;
  /** 0 is next to the chart; flags stand to the right of their line. */
  level: number;
}

/** Levels for flags on lines so that no two texts overlap and no line runs through a text: a flag stands one level above every flag whose line lies under it. */
export function placeFlags(marks: readonly { x: number; text: string }[], size: number): Flag[] {
  const sorted = [...marks].sort((a, b) => a.x - b.x);
  const flags: Flag[] = [];
  for (const mark of sorted.reverse()) {
    const end = mark.x + textWidth(mark.text, size) + 10;
    const under = flags.filter((flag) => flag.x < end);
    flags.push({ ...mark, level: under.reduce((level, flag) => Math.max(level, flag.level + 1), 0) });
  }
  return flags.reverse();
}

import { formatDuration } from '../base/duration.ts';

/* How many of many runs took how long, as bars. */

interface Bin {
  /** Milliseconds; the last bin is open where some never ended. */
  from: number;
  to: number;
  count: number;
}

/** So many bars. */
const BINS = 16;

/** Widths that people read easily, seconds. */
const WIDTHS = [0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 14_400, 43_200, 86_400];

/** Bars of one width from the smallest value to the 99th percentile; what is beyond is in the last one. */
export function binsOf(values: readonly number[]): Bin[] {
  const sorted = values.toSorted((a, b) => a - b);
  const [low] = sorted;
  if (low === undefined) return [];
  const high = sorted[Math.ceil(sorted.length * 0.99) - 1] ?? low;
  const width = 1000 * (WIDTHS.find((one) => (one * 1000 * BINS) > high - low) ?? WIDTHS.at(-1) ?? 1);
  const first = Math.floor(low / width) * width;
  const bins = Array.from({ length: Math.floor((high - first) / width) + 1 }, (_, i) => ({ from: first + i * width, to: first + (i + 1) * width, count: 0 }));
  for (const value of values) {
    const bin = bins[Math.min(bins.length - 1, Math.floor((value - first) / width))];
    if (bin !== undefined) bin.count += 1;
  }
  return bins;
}

/** Lines of text, one a bar. `null`: never ended. `columns`: of the longest bar. */
export function histogram(values: readonly (number | null)[], objectiveMs: number, columns: number): string[] {
  const ended = values.filter((value) => value !== null);
  const bins = binsOf(ended);
  const never = values.length - ended.length;
  const most = Math.max(1, never, ...bins.map(({ count }) => count));
  const bar = (count: number) => '█'.repeat(Math.round((count / most) * columns)) || (count > 0 ? '▏' : '');
  const lines = bins.map(({ from, to, count }, i) => {
    const label = i === bins.length - 1 && ended.some((value) => value >= to) ? `from ${formatDuration(from)}` : `to ${formatDuration(to)}`;
    return `${label.padStart(14)} ${bar(count)} ${count === 0 ? '' : count}${from < objectiveMs && objectiveMs <= to ? `  ← objective ${formatDuration(objectiveMs)}` : ''}`.trimEnd();
  });
  return never === 0 ? lines : [...lines, `${'no RTO'.padStart(14)} ${bar(never)} ${never}`];
}

const COLOURS = { good: '#2e7d32', bad: '#c62828', line: '#555' } as const;

/** The same as a picture for a page: bars that keep the objective are green. */
export function histogramSvg(values: readonly (number | null)[], objectiveMs: number): string {
  const ended = values.filter((value) => value !== null);
  const never = values.length - ended.length;
  const bins = [...binsOf(ended).map((bin) => ({ ...bin, label: `to ${formatDuration(bin.to)}`, good: bin.to <= objectiveMs })), ...(never === 0 ? [] : [{ count: never, label: 'no RTO', good: false }])];
  const most = Math.max(1, ...bins.map(({ count }) => count));
  const [left, row, width] = [120, 22, 480];
  const bars = bins.map(({ count, label, good }, i) => {
    const y = 10 + i * row;
    const length = Math.max(count > 0 ? 1 : 0, (count / most) * width);
    return `<text x="${left - 8}" y="${y + 14}" text-anchor="end">${label}</text><rect x="${left}" y="${y + 2}" width="${length.toFixed(1)}" height="${row - 4}" fill="${good ? COLOURS.good : COLOURS.bad}"/><text x="${(left + length + 6).toFixed(1)}" y="${y + 14}">${count === 0 ? '' : count}</text>`;
  });
  const height = 20 + bins.length * row;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 700 ${height}" width="700" height="${height}" role="img" aria-label="RTO of ${values.length} simulated failovers, objective ${formatDuration(objectiveMs)}" font-family="system-ui, sans-serif" font-size="12" fill="${COLOURS.line}">${bars.join('')}</svg>`;
}

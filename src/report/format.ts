import type { LivePart } from '../journal/events.ts';
import { plural } from '../base/plural.ts';
import { formatDuration } from '../base/duration.ts';
import { REGIONS } from '../base/regions.ts';
import { traitsOf, type Verb } from '../model/verb.ts';

/** A duration for a person, with milliseconds below one second: `20 ms`, `4.2 s`, `1m 30s`. */
export function formatMs(ms: number): string {
  const rounded = Math.round(ms);
  return Math.abs(rounded) < 1000 ? `${rounded} ms` : formatDuration(rounded);
}

/** The same without needless zeros, for axes and expectations: `2 s`, `3m`. */
export function formatRound(ms: number): string {
  return formatMs(ms).replace(/\.0 s$/, ' s');
}

/** A duration that may be a lower bound or not measured at all. */
export function formatFigure(figure: { ms: number | null; atLeast: boolean }): string {
  if (figure.ms === null) return 'not measured';
  return figure.atLeast ? `at least ${formatMs(figure.ms)}` : formatMs(figure.ms);
}

/** Time of day in UTC with milliseconds: `10:15:03.120`. */
export function utcTime(iso: string): string {
  return iso.slice(11, 23);
}

/** Date and time in UTC to the second: `2026-11-20 10:15:03 UTC`. */
export function utcDateTime(iso: string): string {
  return `${iso.slice(0, 10)} ${iso.slice(11, 19)} UTC`;
}

/** `ap-northeast-1 (Tokyo)`, or the bare name of a region that is not known. */
export function regionName(region: string): string {
  const place = REGIONS[region];
  return place === undefined ? region : `${region} (${place})`;
}

/** From where to where: a reprotect stays where it is, and rebuilds the other side. */
export function routeText(verb: Verb, { source, target }: { source: string; target: string }, name: (region: string) => string = regionName): string {
  const { drills, rebuilds } = traitsOf(verb);
  if (drills) return `twins in ${name(target)}; ${name(source)} stays active`;
  return rebuilds ? `${name(target)}, standby ${name(source)}` : `${name(source)} → ${name(target)}`;
}

/** Parts of a live drill, in their order. */
export const LIVE_PARTS: Readonly<Record<LivePart, string>> = { out: 'the way out', rebuild: 'the standby is rebuilt', home: 'the way home', protect: 'the other standby is rebuilt' };

/** The city alone where it is known: short enough for a headline. */
export function regionPlace(region: string): string {
  return REGIONS[region] ?? region;
}

/**
 * Makes a text safe for one line of a terminal, and honest on a page: control characters, which could move the cursor,
 * and marks that turn the direction of writing, which could make a name read as another, are shown as codes.
 */
export function visible(text: string): string {
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g, (char) =>
    char === '\n' || char === '\t' ? ' ' : `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** What a person calls each cause of the breakdown. */
export const CAUSE_LABELS = {
  before: 'before the run (detection, decision)',
  stopped: 'dr not running (stopped, crashed)',
  person: 'a person',
  database: 'database',
  aws: 'AWS',
  dns: 'DNS',
  users: 'users (health seen from outside)',
  own: 'custom steps of the runbook',
  hold: 'hold time',
  call: 'AWS calls in flight',
  tool: "dr's own share",
} as const;

/** `bound 61 s, true loss 20 ms: 3 orders` */
export function boundAgainstLoss(boundMs: number, lab: { lost: number; lostSpanMs: number }): string {
  const truth = lab.lost === 0 ? 'no order lost' : `true loss ${formatMs(lab.lostSpanMs)}: ${plural(lab.lost, 'order')}`;
  return `bound ${formatMs(boundMs)}, ${truth}`;
}

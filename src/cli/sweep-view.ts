import type { SweepResult, Swept } from '../app/sweep-drills.ts';
import { iso } from '../base/clock.ts';
import { formatDuration } from '../base/duration.ts';
import { plural } from '../base/plural.ts';
import { costOf, costText, NOT_COUNTED } from '../measure/prices.ts';
import { fit, indent, type Painter } from './text.ts';

const DAY_HOURS = 24;

/** There now, and nobody works on it. */
export function isLeft({ word }: Swept): boolean {
  return word === 'ours' || word === 'kept' || word === 'other';
}

/** Since when it is there, and what it costs. */
function ageAndCost({ twin, since }: Swept, now: number): string {
  const age = since === undefined ? 'age not known' : `${formatDuration(Math.max(0, now - since))} old`;
  return `${age}, ${costText(costOf(twin.rented), DAY_HOURS, 'a day')}`;
}

const COLOUR = { deleted: 'green', ours: 'red', kept: 'yellow', running: 'green', other: 'yellow' } as const;
const SHOWN = { deleted: 'DELETED', ours: 'LEFT', kept: 'KEPT', running: 'IN USE', other: 'NOT OURS' } as const;

/** What was found and what became of it. */
export function sweepText(result: SweepResult, room: number | undefined, paint: Painter): string {
  const { found, notLooked, now, regions, account } = result;
  const left = found.filter(isLeft);
  const where = `account ${account}, ${regions.join(', ')} and all zones`;
  const silent = notLooked.map(({ what, why }) => `${paint('red', 'Not looked at:')} ${what}: ${why}`);
  const items = found.map((one) => {
    const { twin, word, because } = one;
    const head = `${paint(COLOUR[word], SHOWN[word])}  ${twin.resource}`;
    const about = fit(indent(`${ageAndCost(one, now)}; ${because}`, 2), room);
    // In one piece, to be copied.
    const how = word === 'ours' && twin.run !== undefined ? [`  dr drill clean ${twin.run}`] : word === 'kept' ? [`  dr drill clean ${twin.run ?? ''}`] : word === 'other' ? [`  If nobody needs it: ${twin.byHand}`] : [];
    return [head, about, ...how].join('\n');
  });
  const rent = costOf(left.flatMap(({ twin }) => twin.rented));
  const sum = left.length === 0 ? `Nothing is left of a drill in ${where}${notLooked.length === 0 ? '' : ', as far as it was seen'}.` : `${plural(left.length, 'thing')} left in ${where}: ${costText(rent, DAY_HOURS, 'a day')}. ${NOT_COUNTED}`;
  return [...items, ...silent, fit(sum, room)].join('\n\n');
}

export function sweepJson({ account, regions, found, notLooked, now }: SweepResult): object {
  const left = found.filter(isLeft);
  const cost = (some: readonly Swept[]) => {
    const { usdPerHour, unknown } = costOf(some.flatMap(({ twin }) => twin.rented));
    return { usdPerDay: Math.round(usdPerHour * DAY_HOURS * 100) / 100, withoutPrice: unknown };
  };
  return {
    account,
    regions,
    found: found.map((one) => {
      const { resource, name, where, run = null, byHand } = one.twin;
      return { resource, name, where, run, standing: one.word, because: one.because, since: one.since === undefined ? null : iso(one.since), ageMs: one.since === undefined ? null : Math.max(0, now - one.since), cost: cost([one]), ...(one.word === 'other' ? { byHand } : {}) };
    }),
    left: left.length,
    cost: cost(left),
    prices: NOT_COUNTED,
    notLooked,
  };
}

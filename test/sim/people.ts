import type { JournalRecord } from '../../src/journal/events.ts';
import type { Acceptances } from '../../src/model/step.ts';
import { Draw } from './draw.ts';
import type { Eyes } from './eyes.ts';
import { BOSS, type Chapter, type Go, type Person, type Scenario } from './scenario.ts';
import type { Stage } from './stage.ts';

/*
 * What the people at work say, and when. They say that the source is down only when they have looked, and nobody could write to an old
 * writer; they accept the loss that the tool has shown them. Some have not looked, some never say it, some say it minutes later.
 */

const MINUTE = 60_000;
/** Between two of the last goes. */
const LAST_REST_MS = MINUTE;

/** How somebody handles the question whether the source is down. */
export interface Temper {
  attests: 'what-they-see' | 'without-looking' | 'never';
  /** So long after they have looked. */
  lateMs: number;
}

const CAREFUL: Temper = { attests: 'what-they-see', lateMs: 0 };

/** Drawn apart: all else of a seed stays what it was. */
export function withTempers(scenario: Scenario): Scenario {
  const draw = new Draw(scenario.seed ^ 0x7e3f);
  const temper = (): Temper => {
    const n = draw.between(0, 99);
    return { attests: n < 6 ? 'without-looking' : n < 12 ? 'never' : 'what-they-see', lateMs: draw.chance(0.2) ? draw.between(20_000, 5 * MINUTE) : 0 };
  };
  const people = (chapter: Chapter): Person[] => chapter.people.map((person) => ({ ...person, temper: temper() }));
  return { ...scenario, chapters: scenario.chapters.map((chapter) => ({ ...chapter, people: people(chapter) })) };
}

/** A word that somebody gave: the source is down. */
export interface Word {
  person: string;
  /** When they looked. */
  seenAt: number;
  /** Nobody could write to an old writer then. False: they had not looked, or their machine reached nothing of it. */
  seen: boolean;
}

/**
 * Whether this person says that the source is down, who looks at it now: the console of its region, and a login to each old writer. From a
 * machine that is cut off both are silent. Undefined: they do not say it.
 */
export function wordOf({ name, temper = CAREFUL }: Person, cutOff: boolean, stage: Stage, eyes: Eyes): Word | undefined {
  const { clock, databases, chapter } = stage;
  if (temper.attests === 'never') return undefined;
  const writes = databases.some((database) => eyes.takesWrites(database, chapter.source));
  if (writes && !cutOff && temper.attests === 'what-they-see') return undefined;
  return { person: name, seenAt: clock.now(), seen: !writes };
}

/** The same person's word comes so late. */
export function lateMs({ temper = CAREFUL }: Person): number {
  return temper.lateMs;
}

/** They say all that is asked for when everything else is over; of the source only what they see. */
export function saysEverything({ insists, temper = CAREFUL }: Person): boolean {
  return insists && temper.attests !== 'never';
}

/** After the person's own ideas: what the tool asks for, without a death. `loss`: what it has shown. */
export function lastGo(person: Person, loss: Acceptances['dataLossSeconds']): Go {
  const said: Partial<Acceptances> = person.insists ? { sourceDown: person.name, flap: 'alice', reason: 'decided', ...(loss === undefined ? {} : { dataLossSeconds: loss }) } : {};
  return { acceptances: { approvedBy: [BOSS], done: ['tell-the-bank', 'move-jobs'], again: ['pause-jobs'], ...said }, restMs: LAST_REST_MS };
}

/**
 * What a refusal of the last start asks to be accepted as lost; undefined where it asks for nothing. It grows until the next start: somebody
 * who takes their time says more.
 */
export function lossAskedFor(records: readonly JournalRecord[], person: Person): Acceptances['dataLossSeconds'] {
  const begun = records.findLastIndex((record) => record.type === 'run.resumed' || record.type === 'run.started');
  const asked = records.slice(begun).flatMap((record) => {
    const override = record.type === 'step.refused' || record.type === 'check.refused' ? record.refusal.override : undefined;
    const said = /--accept-data-loss (?:(unknown)|(\d+)s)/.exec(override ?? '');
    return said === null ? [] : [said[1] === undefined ? Number(said[2]) + (lateMs(person) + LAST_REST_MS) / 1000 : ('unknown' as const)];
  });
  return asked.includes('unknown') ? 'unknown' : asked.length === 0 ? undefined : Math.max(...asked.map(Number));
}

/** What one person has said by and by. That the source is down is said again with each start. */
export function together(before: Acceptances, now: Acceptances): Acceptances {
  const { sourceDown: _then, ...lasting } = before;
  const union = (a: readonly string[] = [], b: readonly string[] = []) => [...new Set([...a, ...b])];
  const done = union(before.done, now.done);
  return { ...lasting, ...now, approvedBy: union(before.approvedBy, now.approvedBy), ...(done.length === 0 ? {} : { done }) };
}

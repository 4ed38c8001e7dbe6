import type { Verb } from '../../src/model/verb.ts';
import type { Acceptances } from '../../src/model/step.ts';
import type { Fault } from '../../src/simulator/seeds.ts';
import type { Timings } from '../../src/simulator/world.ts';
import type { Idea } from './approvers.ts';
import type { DrillScenario } from './drill-draw.ts';
import type { Temper } from './people.ts';
import type { Shape } from './shapes.ts';

/*
 * Everything that one seed decides, as plain data. Times are milliseconds from the beginning of the chapter.
 */

/** Something that happens in the world, anyone who is at work. */
export type Happening =
  | { at: number; what: 'region-lost' | 'region-back'; region: string }
  | { at: number; what: 'lag'; database: string; lagMs: number }
  | { at: number; what: 'replication-stopped' | 'replication-on'; database: string }
  | { at: number; what: 'capacity'; region: string; instances: number }
  | { at: number; what: 'fault'; until: number; fault: Fault }
  /** Its application is gone, with `silent` its load balancer too, and RDS gives no answer (`hang`), one with nothing in it, or one whose lists are empty: its databases live. */
  | { at: number; what: 'half-dead'; until: number; region: string; api: 'well' | 'hang' | 'empty' | 'lists'; silent: boolean }
  /** A status in which the engine serves. */
  | { at: number; what: 'status'; until: number; region: string; database: string; status: string }
  | { at: number; what: 'group-trouble'; until: number; region: string; trouble: 'kms' | 'image' | 'busy' | 'targets' | 'suspended' | 'hook' | 'policy' }
  /** Somebody makes a copy of the database a writer of its own. */
  | { at: number; what: 'promoted'; region: string; database: string };

/** The death of a process: at the n-th journal record that it writes, or around its n-th AWS call. */
export interface Death {
  at: 'record' | 'before-call' | 'after-call';
  n: number;
}

/** One go of a person: a start, a resume, or an abort of what was begun. */
export interface Go {
  acceptances: Acceptances;
  abort?: true;
  death?: Death;
  /** Ctrl-C after that many milliseconds. */
  drainMs?: number;
  /** It is stopped before its n-th record is durable, and continues so much later. */
  pause?: { n: number; ms: number };
  /** How long the person waits after it before the next go. */
  restMs: number;
}

export interface Person {
  name: string;
  host: string;
  startsAt: number;
  goes: readonly Go[];
  /** Ends the other's run at a time and continues it, with a higher term. */
  takesOver: boolean;
  /** Says what is asked for when everything else is over: loss, attestation. */
  insists: boolean;
  /** Default: says what they see, at once. */
  temper?: Temper;
}

/** One move of the application, and all that goes wrong on its way. */
export interface Chapter {
  verb: Verb;
  /** The region that is left, or rebuilt. */
  source: string;
  /** The region that is active when all has gone well. */
  target: string;
  happenings: readonly Happening[];
  people: readonly Person[];
  /** What the people who approve do, and who forges them, one after the other. */
  signing?: { everyMs: number; ideas: readonly Idea[] };
  /** From then on nothing more goes wrong. What is dead stays dead. */
  calmAt: number;
}

export interface Scenario {
  seed: number;
  shape: Shape;
  timings: Partial<Timings>;
  lagMs: number;
  /** Replication stopped so long before the scenario that no lag is known any more. */
  lagUnknown: boolean;
  /** Somebody made every replica a writer of its own, so long before the first chapter and ten minutes more. */
  detachedMs?: number;
  /** Lists come in pages of so many items, or keys of a bucket. */
  pages?: { items: number; keys: number };
  /** A class, a version and a certificate wait for the maintenance window of every copy. */
  pending?: true;
  /** Where journal and lock lie: one folder that all share, or a bucket of the target region. */
  state: 'folder' | 'bucket';
  /** How far the clock of a machine goes ahead of AWS's, milliseconds, by its name. */
  skew: Readonly<Record<string, number>>;
  /** A machine that does not reach the region that is left, though the region lives; times from the beginning of each chapter. */
  cutOff?: { host: string; at: number; until: number };
  /** A drill before the first chapter, or beside it. */
  drill?: DrillScenario;
  /** One after the other, each as soon as the one before it has succeeded and both regions are well for a while. */
  chapters: readonly Chapter[];
}

export const BOSS = 'boss@example.com';
export const LEAD = 'lead@example.com';

/** One line for people: what this seed is about. */
export function describeScenario(s: Scenario): string {
  const { shape } = s;
  const parts = [shape.strategy, `${shape.databases} database${shape.databases > 1 ? 's' : ''}`, `${shape.traffic} by ${shape.switch}`, `compute ${shape.compute}`];
  for (const part of ['fence', 'canary', 'probe'] as const) if (!shape[part]) parts.push(`no ${part}`);
  if (shape.approval !== 'named') parts.push(shape.approval === 'none' ? 'no approval' : 'two sign');
  if (shape.own) parts.push('custom steps');
  if (shape.third === true) parts.push('three regions');
  const skews = Object.entries(s.skew).filter(([, ms]) => ms !== 0);
  const clocks = skews.length === 0 ? '' : `, clocks ${skews.map(([host, ms]) => `${host} ${ms > 0 ? '+' : ''}${ms / 1000} s`).join(', ')}`;
  const cutOff = s.cutOff === undefined ? '' : `, ${s.cutOff.host} cut off from the source ${s.cutOff.at / 1000}-${s.cutOff.until / 1000} s`;
  if (s.detachedMs !== undefined) parts.push('the copy is a writer of its own');
  if (s.pages !== undefined) parts.push(`pages of ${s.pages.items}`);
  if (s.pending === true) parts.push('changes wait for the window');
  if (s.drill !== undefined) parts.push(`a drill ${s.drill.when} it`);
  const moves = s.chapters.map((c) => `${c.verb} ${c.source} → ${c.target} (${c.people.length} at work, calm at ${c.calmAt / 1000} s)`).join(', then ');
  return `seed ${s.seed}: ${parts.join(', ')}, RPO ${shape.rpoMinutes}m, lag ${s.lagUnknown ? 'unknown' : `${s.lagMs} ms`}, state in a ${s.state}${clocks}${cutOff}; ${moves}`;
}

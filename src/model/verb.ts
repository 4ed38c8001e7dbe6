/**
 * The verbs a runbook is compiled for.
 * - failover: unplanned; the source may be dead, and users leave it
 * - switchover: planned; both sides are healthy, nothing is lost
 * - reprotect: rebuilds redundancy in the source after users left it; the target stays active
 * - drill: a failover of twins that the run makes for itself; production stays as it is, and the twins are deleted at the end
 */
export const VERBS = ['failover', 'switchover', 'reprotect', 'drill'] as const;
export type Verb = (typeof VERBS)[number];

/** What a verb means for a run. Code asks for a trait, so that a new verb is one more row of the table below. */
interface VerbTraits {
  /** Users and data move from the source to the target. */
  movesUsers: boolean;
  /** The source may be dead: nothing may depend on it, and a loss is bounded instead of excluded. */
  sourceMayBeDead: boolean;
  /** Redundancy is rebuilt in the source. */
  rebuilds: boolean;
  /** What fails before the point of no return is rolled back without being asked. */
  rollsBack: boolean;
  /** It works on twins of its own and on nothing else, and is rolled back however it ends. */
  drills: boolean;
}

const TRAITS: Readonly<Record<Verb, VerbTraits>> = {
  failover: { movesUsers: true, sourceMayBeDead: true, rebuilds: false, rollsBack: false, drills: false },
  switchover: { movesUsers: true, sourceMayBeDead: false, rebuilds: false, rollsBack: true, drills: false },
  reprotect: { movesUsers: false, sourceMayBeDead: false, rebuilds: true, rollsBack: false, drills: false },
  drill: { movesUsers: false, sourceMayBeDead: false, rebuilds: false, rollsBack: true, drills: true },
};

export function traitsOf(verb: Verb): VerbTraits {
  return TRAITS[verb];
}

/** What a disaster asks for: what is planned unless another verb is named, what doctor examines, and what moves many applications at once. */
export const DEFAULT_VERB = 'failover' satisfies Verb;

/** The flag of `dr plan` that chooses a verb. */
export function verbFlag(verb: Verb): string {
  return verb === DEFAULT_VERB ? '' : ` --verb ${verb}`;
}

export const MOVES: readonly Verb[] = VERBS.filter((verb) => TRAITS[verb].movesUsers);

/** The verbs in which a custom step may run. A reprotect rebuilds a standby: none runs. */
export const RUNS_CUSTOM_STEPS: readonly Verb[] = VERBS.filter((verb) => !TRAITS[verb].rebuilds);

/** Users move, and the source is healthy: writes are stopped first and nothing is lost. */
export function isPlannedMove(verb: Verb): boolean {
  const { movesUsers, sourceMayBeDead } = TRAITS[verb];
  return movesUsers && !sourceMayBeDead;
}

/** An emergency does not wait for a practice: a run of the one verb takes its application from a run of the other. */
export function preempts(verb: Verb, other: Verb): boolean {
  return TRAITS[verb].sourceMayBeDead && TRAITS[other].drills;
}

/** How the standby side is kept: decides which kinds may be used, and what they contribute. */
export const STRATEGIES = ['backup-restore', 'pilot-light', 'warm-standby', 'active-active'] as const;
export type Strategy = (typeof STRATEGIES)[number];

/** The parts of a runbook whose entries carry a `kind`. A kind belongs to one of them. */
export const SECTIONS = ['databases', 'compute', 'traffic'] as const;
export type Section = (typeof SECTIONS)[number];

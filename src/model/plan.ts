import type { Verb } from './verb.ts';
import type { PlanStep } from './step.ts';

/** Bumped when a saved plan or a journal of an older version can no longer be run. */
export const PLAN_SCHEMA = 'dr.plan/3';

/** What a run will do: a pure value made from runbook, verb and what was observed. It can be printed, hashed, saved, compared and rehearsed. */
export interface Plan {
  schema: typeof PLAN_SCHEMA;
  runbook: {
    name: string;
    /** SHA-256 of the file's bytes. */
    sha256: string;
    /** As given, for people. */
    path: string;
  };
  verb: Verb;
  strategy: string;
  source: string;
  target: string;
  /** reprotect: the region that a person named; absent: every region that does not follow the target. */
  standby?: string;
  account: string;
  /** Of a drill: what the names of its twins have in common, and the parts of the runbook that it does not practise. */
  drill?: { mark: string; skipped: readonly string[] };
  /** ISO 8601. */
  madeAt: string;
  objectives: { rpoMs: number; rtoMs: number };
  probes: readonly PlanProbe[];
  /** In an order in which they could run one by one. */
  steps: readonly PlanStep[];
  /** What contradicts itself in what was observed, in sentences: the run refuses it. */
  findings?: readonly string[];
  /** SHA-256 over everything that was observed: when it changes, the plan is stale. */
  fingerprint: string;
  /** SHA-256 over all the rest: the plan's name. */
  hash: string;
}

export interface PlanProbe {
  name: string;
  http: string;
  status: number;
  /** What a drill expects of the standby. */
  standbyStatus?: number | undefined;
  /** Must be part of the answer's body. */
  body?: string | undefined;
  everyMs: number;
  holdMs: number;
}

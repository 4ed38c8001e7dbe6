import type * as z from 'zod';
import type { Json } from '../base/json.ts';
import type { Effects } from '../effects/effects.ts';
import type { Approver, Initiator } from '../approvals/people.ts';
import type { Verb } from './verb.ts';

/** Phases in the order in which a report shows them; `data` and `compute` run side by side. In `prepare` a drill makes its twins. */
export const PHASES = ['assess', 'prepare', 'fence', 'data', 'compute', 'traffic', 'verify', 'protect'] as const;
export type Phase = (typeof PHASES)[number];

export const RUNBOOK_PHASES = PHASES.filter((phase) => phase !== 'prepare');

export type Reversibility = 'reversible' | 'compensable' | 'point-of-no-return';

/** Who put a step into a plan: the kind of a resource, `dr` itself, or the runbook as a custom step. */
export type Origin = 'resource' | 'common' | 'custom';

/** What a step reaches besides the control planes of AWS; where that runs, and what it calls in turn, `dr` cannot know. A lab has none of them but databases. */
export const OUTSIDE = ['program', 'address', 'function', 'database', 'person', 'channel'] as const;
export type Outside = (typeof OUTSIDE)[number];

/** People who open a gate: by signatures if the runbook names keys, else by name. */
interface Approval {
  from: readonly Approver[];
  quorum: number;
  waitMs: number;
}

/** One node of a plan. Pure data: it is hashed, saved and journaled. */
export interface PlanStep {
  /** Unique in the plan, e.g. `data.orders.promote`. */
  id: string;
  /** `<kind>.<step>`, e.g. `rds-read-replica.promote`: which code runs it. */
  kind: string;
  origin: Origin;
  title: string;
  phase: Phase;
  reversibility: Reversibility;
  /** A gate only decides: it has no act, and every step past the line waits for it. */
  gate: boolean;
  /** If it fails, the run continues and says so (notifications). */
  optional: boolean;
  /** Ids of the steps that must be done before. */
  after: readonly string[];
  /** A guard: it runs beside the rest, from when one of these steps was asked for until everything else has ended. Nothing waits for it, nor fails by it. */
  beside?: readonly string[];
  params: Json;
  /** e.g. `rds@ap-northeast-1`: AWS control planes that must answer for the step to act. */
  controlPlanes: readonly string[];
  permissions: readonly Permission[];
  /** Seconds on real AWS. */
  estimate: Estimate;
  /** The longest the step may take once started, milliseconds. */
  limitMs: number;
  changes: readonly Change[];
  /** Names of the environment variables with the secrets that it reads. */
  env: readonly string[];
  /** Name of the signal that it records: each step of the phase `assess` that is no gate has one. */
  signal?: string;
  /** The old writer that it leaves, as `Change.resource` names it: the run holds it, whether or not anything fences it. */
  oldWriter?: string;
  region?: string;
  /** It does not fail if that region gives no answer. */
  regionMayBeLost?: true;
  outside?: Outside;
  /** It is a gate that people open. */
  approval?: Approval;
  /** What it has done is gone when that step is undone: the twin that it worked on. */
  undoneBy?: string;
}

/** One IAM statement. */
export interface Permission {
  actions: readonly string[];
  resources: readonly string[];
  /** By operator, then by key, e.g. `{ StringEquals: { 'aws:ResourceTag/dr:runbook': ['shop'] } }`. */
  conditions?: Conditions;
}

export type Conditions = Readonly<Record<string, Readonly<Record<string, readonly string[]>>>>;

/** Seconds. `basis` says where the figures come from. */
export interface Estimate {
  p50: number;
  p95: number;
  basis: string;
}

export interface Change {
  /** `<service>:<region or zone>:<name>`, e.g. `rds:ap-northeast-1:shop-orders-tokyo` */
  resource: string;
  field: string;
  before: string;
  after: string;
}

/** Why something is refused; every part is shown. */
export interface Refusal {
  /** The rule's name, e.g. `rpo-gate`, `source-healthy`. */
  rule: string;
  observed: string;
  /** Age of the observation, milliseconds; undefined when it was made just now. */
  ageMs?: number | undefined;
  threshold: string;
  consequence: string;
  /** The exact flag or command that overrides it, or what to mend. */
  override: string;
}

/** What stops no run, and should be known before one. The run journals what was observed; `dr check` shows all of it. */
export interface Warning {
  rule: string;
  observed: string;
  wanted: string;
  /** What to do: a command, or a line of the runbook. */
  mend: string;
  /** The page of AWS on which the rule rests. */
  page?: string;
}

/** What `check` and a gate answer. */
export type Verdict =
  | { state: 'ok'; because: string; warnings?: readonly Warning[] }
  | { state: 'refused'; refusal: Refusal };

/** What a step that only looks can say: a signal of the source, or a probe whose answer shows nothing of what users would get. */
export const SAYS = ['down', 'up', 'unknown', 'not judged'] as const;
export type Says = (typeof SAYS)[number];

/** How the end of a step is to be read, besides its words. */
export interface ReachedMarks {
  /** Nothing was done, because the run is one in the lab. */
  simulated?: true;
  /** Of a step that only looks; neither good nor bad. */
  says?: Says;
}

/** What `observe` and `verify` see. `because` is the sentence that explains it. */
export type Observation =
  | ({ state: 'reached'; because: string } & ReachedMarks)
  /** `waitingFor`: of the time until the next look. `reason`: in AWS's words, shown when new. `unsafe`: a run does not succeed while that was last seen. */
  | { state: 'pending'; because: string; waitingFor: WaitCause; reason?: string | undefined; unsafe?: true }
  /** `further`: what was last asked for is there, and another change is due: it is made at once. */
  | { state: 'absent'; because: string; further?: true }
  /** It can no longer be reached by waiting or by acting again. */
  | { state: 'impossible'; because: string; next?: readonly string[] }
  | { state: 'refused'; refusal: Refusal }
  /** A person has to say something first: the run ends as interrupted, and a resume continues. `decideAgain`: it took so long that the run decides again. */
  | { state: 'paused'; because: string; decideAgain?: true };

/** Whom a wait is for. What is none of these is the tool's own time. */
export type WaitCause = 'aws' | 'database' | 'dns' | 'hold' | 'own' | 'person' | 'users';

/** What a person has said on the command line; journaled with the run, and part of no plan. */
export interface Acceptances {
  /** `--accept-data-loss 90s`: seconds of loss that a named person accepts; `unknown`: even a loss that cannot be bounded. */
  dataLossSeconds?: number | 'unknown';
  /** `--attest-source-down`: a named person says that the source is down. */
  sourceDown?: string;
  /** `--acknowledge-flap`: a named person says that the application may move again so soon. */
  flap?: string;
  /** `--reason`, for the record. */
  reason?: string;
  /** `--approved-by`: names as claimed, not verified. */
  approvedBy: readonly string[];
  /** `--done`: custom steps that a named operator says are done: `NAME`, or `RUNBOOK:NAME`. */
  done?: readonly string[];
  /** `--again`: custom steps that may be run once more although it is not known whether they ran. */
  again?: readonly string[];
  /** `--keep`: for how long the twins of a drill stay after its steps, milliseconds. */
  keepTwinsMs?: number;
  /** `--run-custom-steps`: in the lab, custom steps run instead of being simulated. */
  customSteps?: true;
}

export interface RunFacts {
  id: string;
  /** The plan's hash. */
  plan: string;
  verb: Verb;
  account: string;
  initiator: Initiator;
}

/** What a step kind gets to work with. */
export interface StepContext {
  effects: Effects;
  signal: AbortSignal;
  runbook: string;
  source: string;
  target: string;
  operator: string;
  run: RunFacts;
  acceptances: Acceptances;
  /** Milliseconds since the epoch of the first failed probe, if one was seen. */
  impactAt(): number | undefined;
  /** A person has said when the outage began: `--impact-at`. */
  impactNamed: boolean;
  /** Nothing is run: a person looks at a plan. Only then may a check wait for the source of a failover, which may be dead: users wait for the checks of a run. */
  preview?: true;
  /** How often the step has begun to act, in this run and before a resume; 0 in a check. */
  attempt: number;
  /** An earlier request of the step, in this run or before a resume, may have been made: AWS has not clearly turned it away. */
  askedBefore: boolean;
  /** The journal holds the intent to change that field (`Change`), and it is not undone. An end state without it was made by somebody else. */
  intends(resource: string, field: string): boolean;
  /** The steps of its plan: what one makes, another one needs room for too. Absent where nothing is known of a plan. */
  planned?: readonly Pick<PlanStep, 'kind' | 'params'>[];
  /** A fact that an earlier step recorded, e.g. `fence.orders`. */
  fact(name: string): Json | undefined;
  /** Journaled with the step's outcome; seen by later steps, resume and report. */
  record(name: string, value: Json): void;
  /** Sleeps, and says for whom: only then the time does not count as the tool's own. */
  wait(cause: WaitCause, ms: number): Promise<void>;
}

/** What it takes to look at AWS. */
export type Looking = Pick<StepContext, 'effects' | 'signal'>;

/** The code of one sort of step: everything about it in one value. Resuming after a crash is no special case: observe, and act only where the wanted state is missing. */
export interface StepKind<P = never> {
  params: z.ZodType<P>;
  /** May it run at all? Read only; made for every step before the first mutation. */
  check(ctx: StepContext, params: P): Promise<Verdict>;
  /** Is the wanted state already there? Read only. For a gate: the decision. */
  observe(ctx: StepContext, params: P): Promise<Observation>;
  /** The one mutation, or the one of several that is due. Absent for a gate and for steps that only watch. */
  act?(ctx: StepContext, params: P): Promise<void>;
  /** The longest that the act may take, milliseconds. Default: `LIMITS.actMs`. */
  actMs?(params: P): number;
  /** The end state, observed; asked again until it is reached or the step's limit is up. Default: `observe`. */
  verify?(ctx: StepContext, params: P): Promise<Observation>;
  /** Is the end state still there? One look, asked of a step that is done right before the run says that it has succeeded. Only where users or data depend on it. */
  holds?(ctx: StepContext, params: P): Promise<Observation>;
  /**
   * Only where it truly undoes. Asked of a step that intended to act, maybe without having acted; returns when the state
   * before is there again, within LIMITS.undoMs. What `observe` and `act` have recorded is there as facts.
   * @throws what stands in the way; it is journaled, and the rest is undone.
   */
  undo?(ctx: StepContext, params: P): Promise<void>;
  /** Is what this step makes there, no matter who made it? Asked on the way back of a step that the journal knows nothing of: another machine may have made it. */
  made?(ctx: StepContext, params: P): Promise<boolean>;
  /** Where there is no undo on purpose: what stays as it is, and why that is the safe side. */
  stays?(ctx: Pick<StepContext, 'fact'>, params: P): string;
}

/** Keeps the type of the parameters while the value goes into a table of any step kinds. */
export type AnyStepKind = StepKind;

import * as z from 'zod';
import { durationField } from '../common.ts';
import { MOVES, RUNS_CUSTOM_STEPS, type Verb } from '../../model/verb.ts';
import { type AnyStepKind, type Outside, type Permission, type Phase, type Reversibility, RUNBOOK_PHASES } from '../../model/step.ts';
import type { Json } from '../../base/json.ts';
import type { PlanContext } from '../../model/kind.ts';

/* What every custom step of a runbook says, whatever it does: where it stands, how long it may take, and what it leaves behind. */

const PHASE_WANTED = `expected a phase: ${RUNBOOK_PHASES.join(', ')}`;
const LINE_WANTED = 'expected one line of text';

export const frame = {
  description: z.string(LINE_WANTED).max(200).regex(/^\S(.*\S)?$/, LINE_WANTED).optional().describe('What it is for'),
  before: z.enum(RUNBOOK_PHASES, PHASE_WANTED).optional().describe('It ends before anything of this phase begins'),
  after: z.enum(RUNBOOK_PHASES, PHASE_WANTED).optional().describe('It begins when all of this phase is done'),
  limit: durationField({ min: 1_000, max: 6 * 3_600_000, range: 'a duration from 1s to 6h' }).describe('The longest it may take; it is stopped then'),
  takes: durationField({ min: 0, max: 6 * 3_600_000, range: 'a duration up to 6h' })
    .optional()
    .describe('How long it usually takes, for the expected duration of a plan. Default: its limit'),
  verbs: z
    .array(z.enum(RUNS_CUSTOM_STEPS))
    .min(1, 'expected at least one verb')
    .prefault([...MOVES])
    .describe('When it runs. In a drill only if `drill` stands here; [drill] alone makes it the form that another step has in a drill'),
  optional: z.boolean('expected true or false').default(false).describe('If it fails, the run continues and says so'),
};

/** Fields of the kinds that change something outside. */
export const acting = {
  changes: z
    .literal('nothing', 'expected the word nothing, or leave the key out')
    .optional()
    .describe('Say `nothing` if it only looks or warms up: then nothing has to be undone'),
  repeatable: z
    .boolean('expected true or false')
    .default(false)
    .describe('It does no harm twice: it is run again when it is not known whether it ran'),
};

/** What the frame of any custom step holds once it is read. */
export interface Frame {
  kind: string;
  description?: string | undefined;
  before?: Phase | undefined;
  after?: Phase | undefined;
  /** Milliseconds. */
  limit: number;
  takes?: number | undefined;
  verbs: readonly Verb[];
  optional: boolean;
  changes?: 'nothing' | undefined;
  repeatable?: boolean | undefined;
  undo?: unknown;
}

/** Compensable only with an undo; what changes something and has none cannot be taken back. */
export function reversibilityOf(step: Pick<Frame, 'changes' | 'undo'>): Reversibility {
  if (step.undo !== undefined) return 'compensable';
  return step.changes === 'nothing' ? 'reversible' : 'point-of-no-return';
}

/** Rules of the frame that no single field can check. For `superRefine`. */
export function checkFrame(step: Omit<Frame, 'kind'>, ctx: z.RefinementCtx): void {
  const refuse = (path: string[], message: string) => ctx.addIssue({ code: 'custom', path, message });
  if (step.before === undefined && step.after === undefined) return refuse([], 'stands nowhere: add before: or after: and a phase');
  if (step.before !== undefined && step.after !== undefined) return refuse(['after'], 'stands before one phase and after another: choose one');
  if (step.changes === 'nothing' && step.undo !== undefined) refuse(['undo'], 'it changes nothing, so there is nothing to undo: choose one');
  const [place, phase] = step.before === undefined ? ['after', step.after] : ['before', step.before];
  const reversibility = reversibilityOf(step);
  if (step.before === 'assess' && reversibility !== 'reversible') {
    return refuse(['before'], 'nothing is changed before the assessment is over: say `changes: nothing`, or put it after assess');
  }
  const beforeTheLine = phase === 'assess' || phase === 'fence' || phase === 'compute' || step.before === 'data';
  if (beforeTheLine && reversibility === 'point-of-no-return') {
    refuse([place], 'cannot be taken back, and stands before the point of no return: give it an undo, say `changes: nothing`, or put it after data');
  }
}

export interface OwnDraft {
  params: Json;
  /** What it does to the world outside, in full: arguments, URL, statement. Shown in the plan. */
  does: string;
  undoes?: string | undefined;
  permissions?: readonly Permission[];
  /** Names of the environment variables with the secrets that it reads. */
  env?: readonly string[];
  region?: string;
  /** What it reaches besides the control planes of AWS. Absent: nothing. */
  outside?: Outside;
}

/** One kind of custom step: the default export of `kinds/custom/<kind>.ts`. A new kind is a new file and its line in `registry.ts`. */
export interface OwnKind<S extends Frame> {
  summary: string;
  /** Strict; its `kind` is a literal equal to the file's name. */
  schema: z.ZodType<S>;
  regions?(step: S): { path: readonly (string | number)[]; regions: readonly string[] }[];
  /** It never changes anything: a wait. */
  harmless?: boolean;
  draft(ctx: PlanContext, name: string, step: S): OwnDraft;
  step: AnyStepKind;
}

/** A kind whose step was parsed by its own schema. */
export type AnyOwnKind = OwnKind<Frame>;

/** What `{…}` may stand for. Everything else in braces stays as it is, JSON for example. */
export type FillContext = Pick<PlanContext, 'source' | 'target' | 'runbook' | 'verb'>;

/** Puts source, target, runbook and verb into a text. The values are names, so that they are safe in a URL or a statement. */
export function fill(text: string, ctx: FillContext): string {
  return text.replace(/\{(source|target|runbook|verb)\}/g, (_all, name: keyof FillContext) => ctx[name]);
}

/** The same for every text in a JSON value; keys stay. */
export function fillJson(value: Json, ctx: FillContext): Json {
  if (typeof value === 'string') return fill(value, ctx);
  if (Array.isArray(value)) return (value as readonly Json[]).map((item) => fillJson(item, ctx));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, fillJson(item ?? null, ctx)]));
}

export const jsonValue: z.ZodType<Json> = z.json();

import type * as z from 'zod';
import type { Json } from '../../base/json.ts';
import type { PlanContext } from '../../model/kind.ts';
import type { AnyStepKind, Outside, Permission } from '../../model/step.ts';
import type { Frame } from './frame.ts';

/** What a custom step will do, with everything filled in. */
export interface OwnDraft {
  params: Json;
  /** What it does to the world outside, in full: arguments, URL, statement. Shown in the plan. */
  does: string;
  /** What its undo does. */
  undoes?: string | undefined;
  permissions?: readonly Permission[];
  /** Names of the environment variables with the secrets that it reads. */
  env?: readonly string[];
  /** The region in which it acts. */
  region?: string;
  /** What it reaches besides the control planes of AWS. Absent: nothing. */
  outside?: Outside;
}

/**
 * One kind of custom step: the default export of `kinds/custom/<kind>.ts`. A new kind is a new file and its line in `registry.ts`.
 */
export interface OwnKind<S extends Frame> {
  /** One line for editors. */
  summary: string;
  /** Strict; its `kind` is a literal equal to the file's name. */
  schema: z.ZodType<S>;
  /** Every region that it names somewhere. */
  regions?(step: S): { path: readonly (string | number)[]; regions: readonly string[] }[];
  /** It never changes anything: a wait. */
  harmless?: boolean;
  draft(ctx: PlanContext, name: string, step: S): OwnDraft;
  step: AnyStepKind;
}

/** A kind whose step was parsed by its own schema. */
export type AnyOwnKind = OwnKind<Frame>;

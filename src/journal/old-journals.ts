import { approvalOf, originOf } from '../kinds/registry.ts';
import type { Plan } from '../model/plan.ts';
import { type PlanStep, SAYS, type Says } from '../model/step.ts';

/* What journals of earlier versions do not say, and how it is known all the same. Nobody else reads it out of words. */

/**
 * A plan of a journal, whatever version has written it: what steps did not say then is added, so that old runs can be listed and
 * reported. They cannot be resumed (`PLAN_SCHEMA`).
 */
export function readablePlan(plan: Plan): Plan {
  if (plan.steps.every((step) => (step as Partial<PlanStep>).origin !== undefined)) return plan;
  return { ...plan, steps: plan.steps.map((step) => ({ ...step, origin: originOf(step.kind), env: [], ...approvalOf(step) })) };
}

const BEGINS = new RegExp(`^(${SAYS.join('|')}): `);

/** What a step that only looked has seen: earlier versions said it by the first word of its sentence. */
export function saysOf({ steps }: Plan, { step: id, because }: { step: string; because: string }): Says | undefined {
  const [, word] = BEGINS.exec(because) ?? [];
  const looksOnly = word !== undefined && steps.some((step) => step.id === id && step.changes.length === 0);
  return looksOnly ? SAYS.find((says) => says === word) : undefined;
}

/** Of a check that looked at nothing earlier versions said so in words; it is no evidence. */
const LOOKED_AT_NOTHING: ReadonlySet<string> = new Set(['reads only', 'waits only', 'does nothing', 'weighs what the signals say', 'signatures are asked for when its turn comes', 'what the source answers is used, and not needed']);

/** What a check saw; empty where it looked at nothing. */
export function seenOf({ because }: { because: string }): string {
  return LOOKED_AT_NOTHING.has(because) ? '' : because;
}

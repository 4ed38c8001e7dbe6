import type { Verb } from '../kinds/kind.ts';
import type { Phase, PlanStep } from '../kinds/step.ts';

/*
 * The order of a plan. Links come from three rules, and from what a kind says of its own steps:
 *
 * 1. assess → fence → data; traffic after all data and compute; verify after traffic; protect after verify.
 * 2. Compute waits for assess only, and runs beside fence and data: a failover that is refused has changed nothing.
 *    A switchover has the time: there the fence waits for compute, so that writes stand still for as short as can be.
 * 3. A step past the line waits for every gate, every assess and every fence step of the plan.
 */

/** The phases that a phase waits for. */
const PHASE_AFTER: Record<Phase, readonly Phase[]> = {
  assess: [],
  fence: ['assess'],
  data: ['fence'],
  compute: ['assess'],
  traffic: ['data', 'compute'],
  verify: ['traffic'],
  protect: ['verify'],
};

function phasesBefore(phase: Phase, verb: Verb): readonly Phase[] {
  return verb === 'switchover' && phase === 'fence' ? ['assess', 'compute'] : PHASE_AFTER[phase];
}

/** Adds the links of the three rules to steps that have only those inside their own resource. */
export function linkSteps(steps: readonly PlanStep[], verb: Verb = 'failover'): PlanStep[] {
  const byPhase = Map.groupBy(steps, (step) => step.phase);
  const gates = steps.filter(guardsTheLine).map((step) => step.id);
  const linked = steps.map((step) => {
    const after = new Set(step.after);
    for (const id of lastOf(step.phase, byPhase, verb)) after.add(id);
    if (step.reversibility === 'point-of-no-return') for (const id of gates) after.add(id);
    after.delete(step.id);
    return { ...step, after: [...after] };
  });
  return topological(linked);
}

/** Gates stand before the line, except those that only look at the result. */
function guardsTheLine(step: PlanStep): boolean {
  return (step.gate && step.phase !== 'verify' && step.phase !== 'protect' && step.phase !== 'traffic') || step.phase === 'assess' || step.phase === 'fence';
}

/** The steps that the phase waits for; where a phase it names has none, those that phase would wait for. */
function lastOf(phase: Phase, byPhase: ReadonlyMap<Phase, readonly PlanStep[]>, verb: Verb): string[] {
  return phasesBefore(phase, verb).flatMap((before) => {
    const steps = byPhase.get(before);
    return steps === undefined ? lastOf(before, byPhase, verb) : steps.map((step) => step.id);
  });
}

/** The steps in an order in which each comes after all that it waits for. @throws Error on a circle. */
export function topological(steps: readonly PlanStep[]): PlanStep[] {
  const byId = new Map(steps.map((step) => [step.id, step]));
  const left = new Map(steps.map((step) => [step.id, step.after.length]));
  const dependents = new Map<string, string[]>();
  for (const step of steps) {
    for (const id of step.after) {
      const list = dependents.get(id);
      if (list === undefined) dependents.set(id, [step.id]);
      else list.push(step.id);
    }
  }
  const order: PlanStep[] = steps.filter((step) => step.after.length === 0);
  for (let i = 0; i < order.length; i++) {
    for (const id of dependents.get(order[i]?.id ?? '') ?? []) {
      const open = (left.get(id) ?? 0) - 1;
      left.set(id, open);
      const step = byId.get(id);
      if (open === 0 && step !== undefined) order.push(step);
    }
  }
  if (order.length !== steps.length) throw new Error('the steps wait for each other in a circle, or for a step that is not there');
  return order;
}

/** What makes a plan unsafe to run, in words; empty for a sound one. */
export function planProblems(steps: readonly PlanStep[]): string[] {
  const problems: string[] = [];
  const ids = new Set<string>();
  for (const step of steps) {
    if (ids.has(step.id)) problems.push(`two steps are called ${step.id}`);
    for (const id of step.after) if (!ids.has(id)) problems.push(`${step.id} waits for ${id}, which does not come before it`);
    ids.add(step.id);
  }
  const gates = steps.filter(guardsTheLine).map((step) => step.id);
  const lines = steps.filter((step) => step.reversibility === 'point-of-no-return');
  for (const line of lines) {
    const before = ancestors(line, steps);
    for (const gate of gates) {
      if (gate !== line.id && !before.has(gate)) problems.push(`${line.id} crosses the line without waiting for ${gate}`);
    }
  }
  return problems;
}

function ancestors(step: PlanStep, steps: readonly PlanStep[]): Set<string> {
  const byId = new Map(steps.map((s) => [s.id, s]));
  const seen = new Set<string>();
  const open = [...step.after];
  for (let id = open.pop(); id !== undefined; id = open.pop()) {
    if (seen.has(id)) continue;
    seen.add(id);
    open.push(...(byId.get(id)?.after ?? []));
  }
  return seen;
}

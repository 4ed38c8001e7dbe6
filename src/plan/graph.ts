import { reachable, topological } from '../base/graph.ts';
import { DEFAULT_VERB, isPlannedMove, type Verb } from '../model/verb.ts';
import { commonStep } from '../kinds/registry.ts';
import type { Phase, PlanStep } from '../model/step.ts';

/*
 * The order of a plan. Links come from three rules, and from what a kind says of its steps:
 *
 * 1. assess → prepare → fence → data; traffic after all data and compute; verify after traffic; protect after verify.
 * 2. Compute waits for assess only, and runs beside fence and data: a failover that is refused has changed nothing.
 *    A switchover has the time: there the fence waits for compute, so that writes stand still for as short as can be.
 * 3. A step past the line waits for every gate, every assess and every fence step of the plan.
 *
 * A guard stands beside all of this: no rule counts it, nothing waits for it, and it comes last.
 *
 * A runbook's custom step stands in a phase too, before or after all the others of it. Between two phases that both have many
 * steps a step is put that only gathers: 5,000 steps that each wait for 5,000 others would be 25 million links.
 */

/** Where custom steps stand in their phase, by id, in the order of the runbook. */
export type Places = ReadonlyMap<string, 'before' | 'after'>;

/** Two phases with more links than that between them get a step that gathers. */
const LINKS_MAX = 1_024;

const NO_PHASES: ReadonlySet<Phase> = new Set();

const PHASE_AFTER: Record<Phase, readonly Phase[]> = {
  assess: [],
  prepare: ['assess'],
  fence: ['prepare'],
  data: ['fence'],
  compute: ['prepare'],
  traffic: ['data', 'compute'],
  verify: ['traffic'],
  protect: ['verify'],
};

function phasesBefore(phase: Phase, verb: Verb): readonly Phase[] {
  return isPlannedMove(verb) && phase === 'fence' ? ['prepare', 'compute'] : PHASE_AFTER[phase];
}

/** A step that runs beside the others, and that none of them waits for. */
export function isGuard(step: PlanStep): boolean {
  return step.beside !== undefined;
}

/** Adds the links of the three rules to steps that have only those inside their own resource. */
export function linkSteps(all: readonly PlanStep[], verb: Verb = DEFAULT_VERB, places: Places = new Map()): PlanStep[] {
  const steps = all.filter((step) => !isGuard(step));
  const byPhase = new Map(Map.groupBy(steps, (step) => step.phase));
  const waitsFor = waitingFor(byPhase, verb);
  const gates = steps.filter(guardsTheLine);
  const many = gates.length * steps.filter((step) => step.reversibility === 'point-of-no-return').length > LINKS_MAX;
  const linked = steps.map((step) => {
    const after = new Set(step.after);
    for (const id of waitsFor.ids(step.phase)) after.add(id);
    for (const id of placeLinks(step, byPhase.get(step.phase) ?? [], places)) after.add(id);
    if (step.reversibility === 'point-of-no-return') {
      const implied = many ? phasesEndedBefore(step.phase, verb) : NO_PHASES;
      for (const gate of gates) if (!implied.has(gate.phase)) after.add(gate.id);
    }
    after.delete(step.id);
    return { ...step, after: [...after] };
  });
  return [...topological([...linked, ...waitsFor.gathering()]), ...all.filter(isGuard)];
}

/** Custom steps come before or after everything else of their phase, and one after the other in the order of the runbook. */
function placeLinks(step: PlanStep, phase: readonly PlanStep[], places: Places): string[] {
  if (places.size === 0) return [];
  const place = places.get(step.id);
  if (place === undefined) return phase.filter((other) => places.get(other.id) === 'before').map((other) => other.id);
  const same = phase.filter((other) => places.get(other.id) === place);
  const earlier = same.slice(0, same.indexOf(step)).map((other) => other.id);
  if (place === 'before') return earlier;
  return [...phase.filter((other) => places.get(other.id) !== 'after').map((other) => other.id), ...earlier];
}

/** What each phase waits for, with a step that gathers where the links would be too many. */
function waitingFor(byPhase: ReadonlyMap<Phase, readonly PlanStep[]>, verb: Verb) {
  const known = new Map<Phase, readonly string[]>();
  const gathering: PlanStep[] = [];
  const ids = (phase: Phase): readonly string[] => {
    const before = known.get(phase);
    if (before !== undefined) return before;
    const all = lastOf(phase, byPhase, verb);
    const links = all.length * (byPhase.get(phase)?.length ?? 0);
    const gather = links > LINKS_MAX ? gatherStep(phase, all) : undefined;
    if (gather !== undefined) gathering.push(gather);
    const found = gather === undefined ? all : [gather.id];
    known.set(phase, found);
    return found;
  };
  return { ids, gathering: () => gathering };
}

function gatherStep(phase: Phase, after: readonly string[]): PlanStep {
  return {
    id: `${phase}.ready`,
    kind: commonStep('gather'),
    origin: 'common',
    title: `All steps before ${phase} are done (${after.length})`,
    phase,
    reversibility: 'reversible',
    gate: false,
    optional: false,
    after,
    params: {},
    controlPlanes: [],
    permissions: [],
    estimate: { p50: 0, p95: 0, basis: 'waits for nothing of its own' },
    limitMs: 30_000,
    changes: [],
    env: [],
  };
}

/** Phases of which every step has ended before any step of `phase` begins. */
function phasesEndedBefore(phase: Phase, verb: Verb): Set<Phase> {
  return reachable(phasesBefore(phase, verb), (before) => phasesBefore(before, verb));
}

/** Gates stand before the line, except those that only look at the result. */
function guardsTheLine(step: PlanStep): boolean {
  if (isGuard(step)) return false;
  return (step.gate && step.phase !== 'verify' && step.phase !== 'protect' && step.phase !== 'traffic') || step.phase === 'assess' || step.phase === 'fence';
}

/** The steps that the phase waits for; where a phase it names has none, those that phase would wait for. */
function lastOf(phase: Phase, byPhase: ReadonlyMap<Phase, readonly PlanStep[]>, verb: Verb): string[] {
  return phasesBefore(phase, verb).flatMap((before) => {
    const steps = byPhase.get(before);
    return steps === undefined ? lastOf(before, byPhase, verb) : steps.map((step) => step.id);
  });
}

/** These steps, and every step that they wait for, directly or not. */
export function ancestors(steps: readonly PlanStep[], ids: readonly string[]): Set<string> {
  const byId = new Map(steps.map((step) => [step.id, step]));
  return reachable(ids, (id) => byId.get(id)?.after ?? []);
}

/** Steps of no return, and everything that waits for one of them. Steps come in topological order. */
export function beyondTheLine(steps: readonly PlanStep[]): Set<string> {
  const past = new Set<string>();
  for (const step of steps) {
    const before = [...step.after, ...(step.beside ?? [])];
    if (step.reversibility === 'point-of-no-return' || before.some((id) => past.has(id))) past.add(step.id);
  }
  return past;
}

/** What makes a plan unsafe to run, in words; empty for a sound one. */
export function planProblems(steps: readonly PlanStep[]): string[] {
  const problems: string[] = [];
  const names = new Set<string>();
  /** Nothing may wait for a guard. */
  const ids = new Set<string>();
  for (const step of steps) {
    if (names.has(step.id)) problems.push(`two steps are called ${step.id}`);
    names.add(step.id);
    for (const id of [...step.after, ...(step.beside ?? [])]) if (!ids.has(id)) problems.push(`${step.id} waits for ${id}, which does not come before it`);
    if (!isGuard(step)) ids.add(step.id);
  }
  for (const { line, gate } of unguarded(steps)) problems.push(`${line} crosses the line without waiting for ${gate}`);
  return problems;
}

/**
 * Steps past the line with each gate that they do not wait for. Every step is looked at once: what it waits for is kept as
 * one bit a gate, so that a plan of ten thousand steps is checked in a moment.
 */
function unguarded(steps: readonly PlanStep[]): { line: string; gate: string }[] {
  const gates = steps.filter(guardsTheLine);
  const lines = steps.filter((step) => step.reversibility === 'point-of-no-return');
  if (gates.length === 0 || lines.length === 0) return [];
  const bitOf = new Map(gates.map((gate, i) => [gate.id, i]));
  const words = Math.ceil(gates.length / 32);
  const waited = new Map<string, Uint32Array>();
  for (const step of steps) {
    const bits = new Uint32Array(words);
    for (const id of step.after) {
      const before = waited.get(id);
      if (before === undefined) continue;
      for (let w = 0; w < words; w++) bits[w] = (bits[w] ?? 0) | (before[w] ?? 0);
      const own = bitOf.get(id);
      if (own !== undefined) bits[own >>> 5] = (bits[own >>> 5] ?? 0) | (1 << (own & 31));
    }
    waited.set(step.id, bits);
  }
  const misses = (line: PlanStep, gate: PlanStep, i: number) => gate.id !== line.id && ((waited.get(line.id)?.[i >>> 5] ?? 0) & (1 << (i & 31))) === 0;
  return lines.flatMap((line) => gates.filter((gate, i) => misses(line, gate, i)).map((gate) => ({ line: line.id, gate: gate.id })));
}

import { formatDuration } from '../base/duration.ts';
import type { PlanContext } from '../model/kind.ts';
import { customStep } from '../kinds/registry.ts';
import { reversibilityOf } from '../kinds/own-steps/frame.ts';
import { AROUND_MS } from '../kinds/own-steps/run-once.ts';
import type { Phase, PlanStep } from '../model/step.ts';
import type { Runbook, RunbookStep } from '../runbook/runbook.ts';
import type { Places } from './graph.ts';

/* The custom steps of a runbook. In which phase one stands, and on which side of it, is said by `before` and `after`. */

/** A title is one line; what the step does stands in full among the plan's changes and in its parameters. */
const TITLE_MAX = 160;

export function placedSteps(runbook: Runbook, ctx: PlanContext): { steps: PlanStep[]; places: Places } {
  const entries = runbook.steps.filter(({ frame }) => frame.verbs.some((verb) => verb === ctx.verb));
  const steps = entries.map((entry) => placedStep(entry, ctx));
  return { steps, places: new Map(entries.map(({ name, frame }) => [idOf(name), frame.before === undefined ? 'after' : 'before'])) };
}

function idOf(name: string): string {
  return `own.${name}`;
}

function placedStep(entry: RunbookStep, ctx: PlanContext): PlanStep {
  const { name, kind, frame, harmless } = entry;
  const { params, does, undoes, permissions = [], env = [], region, outside } = entry.draft(ctx);
  const reversibility = harmless ? 'reversible' : reversibilityOf(frame);
  const back = { compensable: `undo: ${undoes ?? ''}`, reversible: 'changes nothing', 'point-of-no-return': 'no way back' }[reversibility];
  const p95 = frame.limit / 1_000;
  return {
    id: idOf(name),
    kind: customStep(kind),
    origin: 'custom',
    title: titleOf(frame.description ?? name, does),
    phase: phaseOf(entry),
    reversibility,
    gate: false,
    optional: frame.optional,
    after: [],
    params,
    controlPlanes: [],
    permissions,
    estimate: {
      p50: Math.min(p95, (frame.takes ?? frame.limit) / 1_000),
      p95,
      basis: frame.takes === undefined ? 'its limit: nothing else is known' : `the runbook; its limit is ${formatDuration(frame.limit)}`,
    },
    limitMs: frame.limit + AROUND_MS,
    changes: [{ resource: `own:${name}`, field: kind, before: back, after: does }],
    env,
    ...(region === undefined ? {} : { region }),
    ...(outside === undefined ? {} : { outside }),
  };
}

function phaseOf({ name, frame }: RunbookStep): Phase {
  const phase = frame.before ?? frame.after;
  if (phase === undefined) throw new Error(`the custom step ${name} stands nowhere`);
  return phase;
}

function titleOf(what: string, does: string): string {
  const whole = `${what}: ${does}`.replace(/\s+/g, ' ');
  return whole.length <= TITLE_MAX ? whole : `${whole.slice(0, TITLE_MAX - 1)}…`;
}

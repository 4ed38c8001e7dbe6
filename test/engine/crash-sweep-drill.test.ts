import { describe, expect, it } from 'vitest';
import { isOver, leftBehind } from '../../src/journal/state.ts';
import { foldAll } from '../../src/journal/fold.ts';
import { loadStepKind } from '../../src/kinds/registry.ts';
import { drillCase, twinsIn } from './drills.ts';
import { crashed, endState, goneOn, type Point } from './sweep.ts';

describe('a drill that dies at any journal record or around any call, and is cleaned', () => {
  it.each(['shop'])('%s: leaves nothing, and production is as it was', { timeout: 600_000 }, async (runbook) => {
    const c = drillCase(runbook);
    const untouched = JSON.stringify(await endState(await c.make()));
    const whole = await crashed(c, {});
    expect(whole.outcome).toBe('succeeded');
    await Promise.all([...new Set(foldAll(whole.records).plan.steps.map((step) => step.kind))].map(loadStepKind));
    const points: Point[] = [
      ...Array.from({ length: whole.records.length - 1 }, (_, i) => ({ record: i + 1 })),
      ...(['before', 'after'] as const).flatMap((when) => Array.from({ length: whole.calls }, (_, i) => ({ call: i + 1, when }))),
    ];
    const wrong: unknown[] = [];
    for (const point of points) {
      const dead = await crashed(c, point);
      if (dead.records.length === 0) continue;
      const end = await goneOn(c, dead);
      const state = foldAll(end.records);
      const same = JSON.stringify(await endState(end.sim)) === untouched;
      if (twinsIn(end.sim).length > 0 || !same || !isOver(state)) wrong.push({ point, outcome: end.outcome, same, left: twinsIn(end.sim), steps: leftBehind(state).map(({ id, notUndone }) => `${id}: ${notUndone?.message ?? ''}`) });
    }
    console.log(`crash sweep, drill of ${runbook}: ${points.length} points, ${wrong.length} wrong`);
    expect(wrong).toEqual([]);
    expect(points.length).toBeGreaterThan(150);
  });
});

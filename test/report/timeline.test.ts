import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fitText, placeFlags, textWidth, timeScale } from '../../src/report/timeline-scale.ts';
import { buildEvidence } from '../../src/report/evidence.ts';
import { timelineSvg } from '../../src/report/timeline-svg.ts';
import { planStep, Script, shopPlan, T0 } from './fixtures.ts';

describe('scale of the timeline', () => {
  it('folds hours in which nothing happened and keeps the minutes', () => {
    const hour = 3_600_000;
    const scale = timeScale({ from: 0, to: 2 * hour + 60_000 }, [{ from: 0, to: 0 }, { from: 2 * hour, to: 2 * hour + 60_000 }], 0, 100, 600);
    expect(scale.folds).toHaveLength(1);
    expect(scale.x(2 * hour)).toBeCloseTo(134, 0);
    expect(scale.x(2 * hour + 60_000)).toBeCloseTo(700, 5);
  });

  it('never runs backwards and stays inside, for any spans', () => {
    const span = fc.tuple(fc.integer({ min: 0, max: 1e6 }), fc.integer({ min: 0, max: 1e4 })).map(([from, length]) => ({ from, to: from + length }));
    fc.assert(
      fc.property(fc.array(span, { maxLength: 20 }), fc.integer({ min: 0, max: 1e6 }), (spans, zero) => {
        const to = Math.max(1, ...spans.map((s) => s.to));
        const scale = timeScale({ from: 0, to }, spans, zero, 50, 700);
        let last = 50;
        for (let i = 0; i <= 200; i++) {
          const x = scale.x((to * i) / 200);
          expect(x).toBeGreaterThanOrEqual(last - 1e-6);
          last = x;
        }
        expect(scale.x(0)).toBeCloseTo(50, 5);
        expect(scale.x(to)).toBeCloseTo(750, 5);
        expect(scale.ticks.length).toBeLessThan(20);
        for (let i = 1; i < scale.ticks.length; i++) expect((scale.ticks[i]?.x ?? 0) - (scale.ticks[i - 1]?.x ?? 0)).toBeGreaterThan(30);
      }),
    );
  });
});

describe('flags of milestones', () => {
  it('overlap nothing, and no line runs through a text', () => {
    const mark = fc.record({ x: fc.integer({ min: 0, max: 700 }), text: fc.string({ minLength: 1, maxLength: 24 }) });
    fc.assert(
      fc.property(fc.array(mark, { maxLength: 10 }), (marks) => {
        const flags = placeFlags(marks, 11.5);
        expect(flags).toHaveLength(marks.length);
        flags.forEach((a, i) => {
          const end = a.x + textWidth(a.text, 11.5);
          // Those to the right whose line begins under this text must hang below it.
          flags.slice(i + 1).filter((b) => b.x < end).forEach((b) => expect(b.level).toBeLessThan(a.level));
        });
      }),
    );
  });
});

describe('texts of the timeline', () => {
  it('are cut to their room', () => {
    expect(fitText('short', 12, 200)).toBe('short');
    const cut = fitText('x'.repeat(200), 12, 100);
    expect(cut.endsWith('…')).toBe(true);
    expect(textWidth(cut, 12)).toBeLessThanOrEqual(100);
    expect(textWidth('서울', 12)).toBeGreaterThan(textWidth('ab', 12));
  });

  it('have a row of their own for each of 60 steps', () => {
    const steps = Array.from({ length: 60 }, (_, i) => planStep(`compute.part${i}.scale`, { phase: 'compute' }));
    const script = new Script().started(0, { plan: shopPlan(steps) });
    steps.forEach((step, i) => script.step(step.id, i * 500, i * 500 + 400));
    const svg = timelineSvg(buildEvidence(script.state(), script.records)).text;
    const rows = [...svg.matchAll(/<text class="name[^"]*" x="22" y="([\d.]+)"/g)].map((m) => Number(m[1]));
    expect(rows).toHaveLength(60);
    rows.forEach((y, i) => i > 0 && expect(y - (rows[i - 1] ?? 0)).toBeGreaterThanOrEqual(16));
  });

  it('draw a run that ended in the millisecond in which it began', () => {
    const script = new Script().started(0, { declaredAt: T0 }).at(0, { type: 'run.finished', outcome: 'refused' });
    const svg = timelineSvg(buildEvidence(script.state(), script.records)).text;
    expect(svg).not.toMatch(/NaN|Infinity|undefined/);
  });
});

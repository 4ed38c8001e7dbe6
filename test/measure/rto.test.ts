import { describe, expect, it } from 'vitest';
import { measureRto, RTO_PHASES, type RtoInput, type RtoPhase, type TimedStep } from '../../src/measure/rto.ts';

const step = (id: string, startedAt?: number, endedAt?: number, done = endedAt !== undefined): TimedStep => ({
  id,
  phase: id.split('.')[0] ?? '',
  done,
  optional: false,
  startedAt,
  endedAt,
});

/** Up at 100, bad at 1000; the run from 2000 to 9000; good again at 5200. */
const base: RtoInput = {
  probes: [{ name: 'home', changes: [{ at: 100, up: true }, { at: 1000, up: false }, { at: 5200, up: true }] }],
  declaredAt: 1900,
  startedAt: 2000,
  steps: [
    step('data.orders.promote', 2500, 4000),
    step('data.items.promote', 2500, 3000),
    step('traffic.web.flip', 4000, 5000),
    step('verify.web.hold', 5000, 8900),
  ],
  outcome: 'succeeded',
  endedAt: 9000,
};

const at = (input: RtoInput, phase: RtoPhase) => measureRto(input).milestones.find((m) => m.phase === phase);

describe('RTO clock', () => {
  it('reads all eight phases and both figures of an undisturbed failover', () => {
    const rto = measureRto(base);
    expect(rto.milestones.map((m) => m.phase)).toEqual([...RTO_PHASES]);
    expect(rto.milestones.map((m) => m.at)).toEqual([1000, 1000, 1900, 2000, 4000, 5000, 5200, 8900]);
    expect(rto.fromImpact).toMatchObject({ ms: 4200, atLeast: false });
    expect(rto.fromStart).toMatchObject({ ms: 3200, atLeast: false });
    expect(rto.downtime).toMatchObject({ ms: 4200, from: 1000, to: 5200 });
    expect(rto.toFailure).toBeUndefined();
  });

  it('measures nothing when no probe saw the application down', () => {
    const rto = measureRto({ ...base, probes: [{ name: 'home', changes: [{ at: 100, up: true }] }] });
    expect(rto.downtime).toMatchObject({ ms: undefined, because: 'the application was never seen down' });
    expect(rto.fromImpact).toMatchObject({ ms: undefined, because: 'the application was never seen down' });
    expect(rto.milestones[0]).toMatchObject({ at: undefined, because: 'the application was never seen down' });
    expect(measureRto({ ...base, probes: [] }).downtime.because).toBe('no probe took a sample');
  });

  it('stays unmeasured when only the time of impact is known and nobody saw it down', () => {
    const rto = measureRto({ ...base, probes: [{ name: 'home', changes: [{ at: 100, up: true }] }], impact: { at: 900, source: 'ticket' } });
    expect(rto.milestones[0]?.at).toBe(900);
    expect(rto.fromImpact.ms).toBeUndefined();
  });

  it('says "at or before" and "at least" when the first sample was already bad', () => {
    const input = { ...base, probes: [{ name: 'home', changes: [{ at: 2100, up: false }, { at: 5200, up: true }] }] };
    const rto = measureRto(input);
    expect(rto.milestones[0]).toMatchObject({ at: 2100, atOrBefore: true });
    expect(rto.fromImpact).toMatchObject({ ms: 3100, atLeast: true });
    expect(rto.fromStart).toMatchObject({ ms: 3200, atLeast: false });
    expect(at(input, 'detected')).toMatchObject({ at: undefined });
  });

  it('takes a given time of impact, unless a probe saw it down even earlier', () => {
    const given = measureRto({ ...base, impact: { at: 400, source: 'alarm of 10:00' } });
    expect(given.milestones[0]).toMatchObject({ at: 400, atOrBefore: false, because: 'alarm of 10:00' });
    expect(given.fromImpact.ms).toBe(4800);
    expect(measureRto({ ...base, impact: { at: 1500, source: 'alarm' } }).milestones[0]?.at).toBe(1000);
  });

  it('waits for the last probe, and for the last bad sample', () => {
    const rto = measureRto({
      ...base,
      probes: [
        ...base.probes,
        {
          name: 'orders',
          changes: [{ at: 100, up: true }, { at: 1200, up: false }, { at: 5100, up: true }, { at: 5300, up: false }, { at: 6400, up: true }],
        },
        { name: 'static', changes: [{ at: 100, up: true }] },
      ],
    });
    expect(rto.milestones[6]).toMatchObject({ at: 6400, because: 'first good sample of orders after the last bad one' });
    expect(rto.fromImpact.ms).toBe(5400);
  });

  it('does not take the first sample after a resume for the first good one', () => {
    const changes = [{ at: 1000, up: false }, { at: 5200, up: true }, { at: 8000, up: true }];
    expect(at({ ...base, probes: [{ name: 'home', changes: [{ at: 100, up: true }, ...changes] }] }, 'first-good')?.at).toBe(5200);
  });

  it('is not measured while a probe is still down', () => {
    const rto = measureRto({ ...base, probes: [{ name: 'home', changes: [{ at: 100, up: true }, { at: 1000, up: false }] }] });
    expect(rto.fromImpact).toMatchObject({ ms: undefined, because: 'home was still down at its last sample' });
  });

  it('counts a good sample that came before the traffic step was recorded as done', () => {
    const probes = [{ name: 'home', changes: [{ at: 100, up: true }, { at: 1000, up: false }, { at: 4300, up: true }] }];
    expect(at({ ...base, probes }, 'first-good')?.at).toBe(4300);
  });

  it('does not credit an application that came back before traffic was moved', () => {
    const probes = [{ name: 'home', changes: [{ at: 100, up: true }, { at: 1000, up: false }, { at: 3000, up: true }] }];
    const rto = measureRto({ ...base, probes });
    expect(rto.milestones[6]?.at).toBe(5000);
    expect(rto.fromImpact.ms).toBe(4000);
    expect(rto.downtime.ms).toBe(2000);
  });

  it('gives a failed or refused run a time to failure and no RTO', () => {
    const failed = measureRto({
      ...base,
      outcome: 'failed',
      endedAt: 7000,
      steps: [step('data.orders.promote', 2500, 4000), step('traffic.web.flip', 4000, 7000, false)],
    });
    expect(failed.fromImpact).toMatchObject({ ms: undefined });
    expect(failed.fromStart).toMatchObject({ ms: undefined });
    expect(failed.toFailure?.ms).toBe(5000);
    expect(failed.milestones[5]).toMatchObject({ at: undefined, because: 'step traffic.web.flip was not seen to end' });
    expect(failed.milestones[6]?.at).toBeUndefined();
    expect(failed.milestones[7]).toMatchObject({ because: 'the plan has no verify step' });
    expect(measureRto({ ...base, outcome: 'refused' }).toFailure?.ms).toBe(7000);
    expect(measureRto({ ...base, outcome: undefined }).fromStart).toMatchObject({ ms: undefined, because: 'the run has not finished' });
  });

  it('lets other observers bound the window without calling them a detection', () => {
    const input: RtoInput = {
      ...base,
      probes: [{ name: 'home', changes: [{ at: 2100, up: false }, { at: 5200, up: true }] }],
      observers: [{ name: 'client', changes: [{ at: 990, up: true }, { at: 990, up: false }, { at: 5250, up: true }] }],
    };
    const rto = measureRto(input);
    expect(rto.milestones[0]).toMatchObject({ at: 990, atOrBefore: false });
    expect(rto.milestones[1]?.at).toBeUndefined();
    expect(rto.fromImpact).toMatchObject({ ms: 4260, atLeast: false });
  });

  it('has no figure from start when the application answered before the run started', () => {
    const rto = measureRto({
      ...base,
      steps: [step('verify.web.hold', 2000, 8000)],
      probes: [{ name: 'home', changes: [{ at: 100, up: true }, { at: 500, up: false }, { at: 700, up: true }] }],
    });
    expect(rto.fromStart).toMatchObject({ ms: undefined });
    expect(rto.fromImpact.ms).toBe(200);
  });

  it('ignores optional steps', () => {
    const late = { ...step('verify.web.notify', 8000, 8500, false), optional: true };
    expect(at({ ...base, steps: [...base.steps, late] }, 'verified')?.at).toBe(8900);
  });
});

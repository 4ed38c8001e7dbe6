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
    expect(rto.milestones.map(({ phase }) => phase)).toEqual([...RTO_PHASES]);
    expect(rto.fromStart).toEqual({ ms: undefined, atLeast: false, because: 'the application was never seen down' });
    expect(measureRto({ ...base, probes: [] }).downtime.because).toBe('no probe took a sample');
  });

  it('stays unmeasured when only the time of impact is known and nobody saw it down', () => {
    const rto = measureRto({ ...base, probes: [{ name: 'home', changes: [{ at: 100, up: true }] }], impact: { at: 900, source: 'ticket' } });
    expect(rto.milestones[0]).toMatchObject({ phase: 'impact', at: 900 });
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
    expect(rto.milestones.map(({ phase }) => phase)).toEqual([...RTO_PHASES]);
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

  it('says of each milestone and figure where it comes from', () => {
    const rto = measureRto(base);
    expect(rto.milestones).toEqual([
      { phase: 'impact', at: 1000, atOrBefore: false, because: 'first failed sample of home' },
      { phase: 'detected', at: 1000, atOrBefore: false, because: 'first failed sample of home' },
      { phase: 'declared', at: 1900, atOrBefore: false, because: 'the run was confirmed' },
      { phase: 'started', at: 2000, atOrBefore: false, because: 'the first record of the run' },
      { phase: 'data-ready', at: 4000, atOrBefore: false, because: 'step data.orders.promote was done' },
      { phase: 'traffic-switched', at: 5000, atOrBefore: false, because: 'step traffic.web.flip was done' },
      { phase: 'first-good', at: 5200, atOrBefore: false, because: 'first good sample of home after the last bad one' },
      { phase: 'verified', at: 8900, atOrBefore: false, because: 'step verify.web.hold was done' },
    ]);
    const because = 'first good sample of home after the last bad one';
    expect(rto).toMatchObject({ downtime: { because }, fromImpact: { because }, fromStart: { because } });
  });

  it('says of what began before the first sample that it is at least that long, and by whose sample', () => {
    const changes = [{ at: 2100, up: false }, { at: 5200, up: true }];
    const rto = measureRto({ ...base, probes: [{ name: 'home', changes }] });
    const because = 'the first sample of home was already bad, so it began then or before; --impact-at TIME says when';
    expect(rto).toMatchObject({ fromImpact: { because }, downtime: { atLeast: true, because } });
    expect(rto.milestones[1]).toMatchObject({ because: 'home was down from its first sample on: when it was noticed is not known' });
    // Two see it at one moment: the first of them counts.
    const before = { name: 'orders', changes: [{ at: 100, up: true }, ...changes] };
    expect(at({ ...base, probes: [{ name: 'home', changes }, before] }, 'impact')?.atOrBefore).toBe(true);
    expect(at({ ...base, probes: [before, { name: 'home', changes }] }, 'impact')).toMatchObject({ atOrBefore: false, because: 'first failed sample of orders' });
  });

  it('takes the earliest of several probes, whatever their order, and says that a probe without a sample saw nothing', () => {
    const later = { name: 'late', changes: [{ at: 100, up: true }, { at: 1100, up: false }, { at: 5200, up: true }] };
    for (const probes of [[...base.probes, later], [later, ...base.probes]]) expect(at({ ...base, probes }, 'detected')).toMatchObject({ at: 1000, because: 'first failed sample of home' });
    expect(at({ ...base, probes: [{ name: 'home', changes: [] }] }, 'detected')).toEqual({ phase: 'detected', at: undefined, atOrBefore: false, because: 'no probe took a sample' });
    expect(measureRto({ ...base, probes: [{ name: 'home', changes: [{ at: 100, up: true }] }, { name: 'cart', changes: [] }] }).downtime.because).toBe('the application was never seen down');
  });

  it('gives a time of impact of the same moment as said, and a detection as said', () => {
    expect(measureRto({ ...base, impact: { at: 1000, source: 'alarm' } }).milestones[0]).toMatchObject({ at: 1000, because: 'alarm' });
    expect(at({ ...base, detected: { at: 1300, source: 'pager' } }, 'detected')).toEqual({ phase: 'detected', at: 1300, atOrBefore: false, because: 'pager' });
  });

  it('of two that end at one moment names the first; a step that ended and is not done is not one', () => {
    const steps = [step('data.a.promote', 2500, 4000), step('data.b.promote', 2500, 4000)];
    expect(at({ ...base, steps }, 'data-ready')?.because).toBe('step data.a.promote was done');
    expect(at({ ...base, steps: [...steps, step('data.c.promote', 2500, 4500, false)] }, 'data-ready')).toMatchObject({ at: undefined, because: 'step data.c.promote was not seen to end' });
    expect(at({ ...base, steps: [...steps, step('data.c.promote', 2500, undefined, true)] }, 'data-ready')).toMatchObject({ at: undefined });
    const twice = [...base.probes, { name: 'other', changes: [{ at: 1000, up: false }, { at: 5200, up: true }] }];
    expect(at({ ...base, probes: twice }, 'first-good')?.because).toBe('first good sample of home after the last bad one');
  });

  it('counts a good sample from the very start of the first traffic step, and from the switch where that start is not known', () => {
    const probes = (good: number) => [{ name: 'home', changes: [{ at: 100, up: true }, { at: 1000, up: false }, { at: good, up: true }] }];
    const steps = [step('traffic.web.flip', 4000, 5000), step('traffic.api.flip', 4500, 4800), { ...step('traffic.news.send', 1000, 1100), optional: true }];
    expect(at({ ...base, steps, probes: probes(4000) }, 'first-good')?.at).toBe(4000);
    expect(at({ ...base, steps, probes: probes(3999) }, 'first-good')).toMatchObject({ at: 5000, because: 'probes were good again before traffic was moved: counted from the switch' });
    const unknownStart = [step('traffic.web.flip', undefined, 5000)];
    expect([4999, 5000].map((good) => at({ ...base, steps: unknownStart, probes: probes(good) }, 'first-good')?.because)).toEqual(['probes were good again before traffic was moved: counted from the switch', 'first good sample of home after the last bad one']);
    expect(at({ ...base, steps: [{ ...step('traffic.web.flip', 4000), optional: true }], probes: probes(3000) }, 'first-good')?.at).toBe(3000);
    const failed = [step('traffic.web.flip', 4000, 7000, false)];
    expect(at({ ...base, steps: failed }, 'first-good')).toMatchObject({ at: undefined, because: 'traffic was not switched: step traffic.web.flip was not seen to end' });
  });

  it('says why there is no figure', () => {
    const early = measureRto({ ...base, steps: [], probes: [{ name: 'home', changes: [{ at: 500, up: false }, { at: 700, up: true }] }] });
    expect(early.fromStart).toEqual({ ms: undefined, atLeast: false, because: 'the application answered before the run started' });
    const same = measureRto({ ...base, steps: [], startedAt: 5200 });
    expect(same.fromStart.ms).toBe(0);
    for (const [outcome, because] of [['failed', 'the run failed'], ['refused', 'the run was refused'], ['aborted', 'the run was aborted']] as const) {
      expect(measureRto({ ...base, outcome })).toMatchObject({ fromImpact: { ms: undefined, atLeast: false, because: `${because}: it has a time to failure, not an RTO` }, toFailure: { ms: 7000, atLeast: false, because: 'start of the run to its end' } });
    }
    expect(measureRto({ ...base, outcome: undefined }).toFailure).toBeUndefined();
    expect(measureRto({ ...base, outcome: 'failed', endedAt: 1500 }).toFailure?.ms).toBe(0);
  });
});

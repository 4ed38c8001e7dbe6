import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { reliableCaller } from '../../../src/aws/reliable-caller.ts';
import { messageOf } from '../../../src/base/errors.ts';
import type { Json } from '../../../src/base/json.ts';
import type { Effects } from '../../../src/effects/effects.ts';
import type { ObserveContext, PlanContext, ResourceKind } from '../../../src/model/kind.ts';
import type { Verb } from '../../../src/model/verb.ts';
import geolocation from '../../../src/kinds/resources/route53-geolocation.ts';
import latency from '../../../src/kinds/resources/route53-latency.ts';
import weighted from '../../../src/kinds/resources/route53-weighted.ts';
import { simulatedAddress } from '../../../src/kinds/route53/simulate.ts';
import type { StepContext, StepKind } from '../../../src/model/step.ts';
import { simulatedEffects } from '../../../src/simulator/effects.ts';
import { SeededIds } from '../../../src/simulator/random.ts';
import { VirtualClock } from '../../../src/simulator/virtual-clock.ts';
import { World } from '../../../src/simulator/world.ts';
import { RUN_FACTS } from '../context.ts';

/*
 * For any sets of records, and any sequence of moves, a name always has an answer, and when a region has been taken out
 * nobody, anywhere, is led to it.
 */

const REGIONS = ['ap-northeast-2', 'ap-northeast-1', 'us-west-2'];
const PLACES = [{ country: 'KR', continent: 'AS' }, { country: 'JP', continent: 'AS' }, { country: 'US', continent: 'NA', subdivision: 'WA' }, { country: 'DE', continent: 'EU' }, {}];
const ZONE = 'Z0000SHOP';

interface Case {
  kind: ResourceKind<unknown>;
  resource: unknown;
  names: string[];
  regions: string[];
}

const kinds = { weighted, latency, geolocation } as unknown as Record<'weighted' | 'latency' | 'geolocation', ResourceKind<unknown>>;

const place = fc.constantFrom<unknown>('default', { continent: 'AS' }, { continent: 'EU' }, { country: 'KR' }, { country: 'JP' }, { country: 'US' }, { country: 'US', subdivision: 'WA' });

const someCase: fc.Arbitrary<Case> = fc
  .record({
    policy: fc.constantFrom('weighted' as const, 'latency' as const, 'geolocation' as const),
    count: fc.integer({ min: 2, max: 3 }),
    names: fc.integer({ min: 1, max: 4 }),
    weights: fc.array(fc.integer({ min: 1, max: 255 }), { minLength: 3, maxLength: 3 }),
    places: fc.uniqueArray(place, { minLength: 1, maxLength: 5, selector: (p) => JSON.stringify(p) }),
    owners: fc.array(fc.nat(2), { minLength: 6, maxLength: 6 }),
    checked: fc.boolean(),
  })
  .map(({ policy, count, names, weights, places, owners, checked }) => {
    const regions = REGIONS.slice(0, count);
    const per = <T>(value: (region: string, i: number) => T) => Object.fromEntries(regions.map((region, i) => [region, value(region, i)]));
    const answers = per((region) => ({ values: [simulatedAddress(REGIONS, region)], ttl: 1, ...(checked ? { healthCheck: `hc-${region}` } : {}) }));
    const common = {
      kind: `route53-${policy}`,
      zone: ZONE,
      records: Array.from({ length: names }, (_, i) => ({ name: `n${i}.example.com`, type: 'A' })),
      switch: 'record',
      between: '0s',
    };
    // A default is always there: without one some places have no answer from the beginning.
    const all = ['default', ...places.filter((p) => p !== 'default')];
    const own = {
      weighted: { sets: per((region) => region), weights: per((_region, i) => weights[i] ?? 1), answers },
      latency: { sets: per((region) => region), answers },
      geolocation: { places: Object.fromEntries(all.map((p, i) => [`p${i}`, { place: p, region: regions[(owners[i] ?? 0) % count] }])), answers },
    }[policy];
    const kind = kinds[policy];
    return { kind, resource: kind.schema.parse({ ...common, ...own }), names: common.records.map((r) => r.name), regions };
  });

const someMoves = fc.array(fc.record({ verb: fc.constantFrom<Verb>('failover', 'switchover', 'reprotect'), source: fc.nat(2), target: fc.nat(2) }), { minLength: 1, maxLength: 5 });

class Bench {
  readonly clock = new VirtualClock();
  readonly world: World;
  readonly effects: Effects;
  readonly it: Case;

  constructor(it: Case, insyncMs: number) {
    this.it = it;
    this.world = new World({ clock: this.clock, seed: 1, regions: REGIONS, timings: { insyncMs } });
    it.kind.simulate(this.world, 'shop', it.resource, REGIONS[0] ?? '', 'active-active');
    this.effects = { ...simulatedEffects(this.world), aws: reliableCaller(this.world, { clock: this.clock, ids: new SeededIds(7) }) };
  }

  /** Everything that anybody is answered; fails where somebody is answered nothing. */
  answers(): Set<string> {
    const seen = new Set<string>();
    for (const name of this.it.names) {
      for (const from of PLACES.flatMap((p) => this.it.regions.map((region) => ({ ...p, region })))) {
        const { values } = this.world.resolve(name, 'A', from);
        if (values.length === 0) throw new Error(`${name} answers nothing, asked from ${JSON.stringify(from)}`);
        for (const value of values) seen.add(value);
      }
    }
    return seen;
  }

  context(facts: Map<string, Json>): StepContext {
    return {
      effects: this.effects,
      signal: new AbortController().signal,
      runbook: 'shop',
      source: '',
      target: '',
      operator: 'test',
      run: RUN_FACTS,
      acceptances: { approvedBy: [] },
      impactAt: () => undefined,
      impactNamed: false,
      attempt: 1,
      askedBefore: false,
      intends: () => false,
      fact: (name) => facts.get(name),
      record: (name, value) => void facts.set(name, value),
      wait: (_cause, ms) => this.clock.sleep(ms),
    };
  }

  /** Runs the moves of a plan, and looks at what users get all the while. */
  async move(verb: Verb, source: string, target: string): Promise<void> {
    const { kind, resource, regions } = this.it;
    const look: ObserveContext = { effects: this.effects, verb, strategy: 'active-active', target, regions };
    const state = await kind.observe(look, resource);
    const survivors = [target, ...regions.filter((r) => r !== target && r !== source)];
    const plan: PlanContext = { runbook: 'shop', verb, strategy: 'active-active', source, target, survivors, objectives: { rpoMs: 0, rtoMs: 0 }, account: '000000000000' };
    const facts = new Map<string, Json>();
    for (const draft of kind.plan(plan, 'shop', resource, state).filter((d) => d.step.startsWith('shift'))) {
      const step = kind.steps[draft.step] as unknown as StepKind<Json>;
      const params = step.params.parse(draft.params);
      await step.act?.(this.context(facts), params);
      for (;;) {
        this.answers();
        const seen = await (step.verify ?? step.observe)(this.context(facts), params);
        if (seen.state === 'reached') break;
        if (seen.state !== 'pending') throw new Error(`${draft.step}: ${seen.state}: ${'because' in seen ? seen.because : ''}`);
        await this.clock.sleep(500);
      }
      this.answers();
    }
  }
}

describe('records by which several regions answer', () => {
  it('never leave anybody without an answer, and lead nobody to a region that is out', async () => {
    let moved = 0;
    await fc.assert(
      fc.asyncProperty(someCase, someMoves, fc.integer({ min: 0, max: 60_000 }), async (it, moves, insyncMs) => {
        const bench = new Bench(it, insyncMs);
        for (const { verb, ...at } of moves) {
          const source = it.regions[at.source % it.regions.length] ?? '';
          const target = it.regions[at.target % it.regions.length] ?? '';
          if (source === target) continue;
          await bench.clock.run(() => bench.move(verb, source, target)).catch((error: unknown) => {
            throw new Error(`${verb} from ${source} to ${target}: ${messageOf(error)}`, { cause: error });
          });
          const seen = bench.answers();
          moved += 1;
          if (verb !== 'reprotect') expect(seen).not.toContain(simulatedAddress(REGIONS, source));
          expect([...seen].every((address) => it.regions.some((region) => simulatedAddress(REGIONS, region) === address))).toBe(true);
        }
      }),
      { numRuns: 150 },
    );
    expect(moved).toBeGreaterThan(100);
  });
});

import * as z from 'zod';
import { noCheck, regionName, refused, stepKind } from '../common.ts';
import { outageBegunBy, saysAlive, seenAliveFact, seenDownFact } from '../outage.ts';
import { judgeSource, showSigns, signalFact, sourceVerdictFact } from '../../model/signals.ts';

const params = z.strictObject({ region: regionName, signals: z.array(z.string()) });
type Params = z.infer<typeof params>;

/** The gate of a failover: two independent signals say that the source is down, or a named person attests it. Leaving a healthy region is a switchover. */
export default stepKind<Params>({
  params,
  check: noCheck,
  observe: (ctx, p) => {
    const signals = p.signals.map((name) => signalFact.read(ctx, name)).filter((s) => s !== undefined);
    const begunBy = outageBegunBy(ctx);
    const verdict = judgeSource(signals, ctx.acceptances.sourceDown, begunBy);
    if (begunBy === undefined && signals.some((s) => s.says === 'down')) seenDownFact.record(ctx, ctx.effects.clock.now());
    sourceVerdictFact.record(ctx, verdict);
    if (saysAlive(signals)) seenAliveFact.record(ctx, ctx.effects.clock.now());
    if (verdict.verdict !== 'not-down') return Promise.resolve({ state: 'reached', because: verdict.because } as const);
    showSigns(ctx, verdict.signs ?? []);
    return Promise.resolve(
      refused({
        rule: 'source-down',
        observed: verdict.because,
        threshold: 'two independent signals that the source region is down',
        consequence: `a failover away from ${p.region} while it works splits the data: both sides may take writes`,
        override: '--attest-source-down NAME --reason "who has seen it, and how"',
      }),
    );
  },
});

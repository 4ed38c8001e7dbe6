import * as z from 'zod';
import { LIMITS } from '../../base/limits.ts';
import { judgeSample } from '../../measure/probe.ts';
import { stepKind } from '../common.ts';
import { probeSchema } from '../probe.ts';
import { type Signal, signalFact } from '../signals.ts';
import type { StepContext } from '../step.ts';

const params = z.strictObject({ probes: z.array(probeSchema) });
type Params = z.infer<typeof params>;

/** One bad answer may be chance; two, this far apart, are counted. */
const BETWEEN_MS = 150;

async function look(ctx: StepContext, p: Params): Promise<Signal> {
  const vantage = 'users';
  if (p.probes.length === 0) return { vantage, says: 'unknown', because: 'the runbook has no probe' };
  const seen = await Promise.all(
    p.probes.map(async (probe) => {
      const ask = () => ctx.effects.http.request({ url: probe.http, timeoutMs: LIMITS.signalMs, signal: ctx.signal });
      const first = judgeSample(await ask(), probe);
      if (first.up) return { probe: probe.name, ...first };
      await ctx.wait('users', BETWEEN_MS);
      return { probe: probe.name, ...judgeSample(await ask(), probe) };
    }),
  );
  const bad = seen.filter((s) => !s.up);
  const words = seen.map((s) => `${s.probe}: ${s.because}`).join('; ');
  // A part that works may be a cached page: users are down when every probe says so.
  return { vantage, says: bad.length === seen.length ? 'down' : 'up', because: words };
}

/** What users see, from where `dr` runs: every probe twice. */
export default stepKind<Params>({
  params,
  check: () => Promise.resolve({ state: 'ok', because: 'reads only' } as const),
  observe: async (ctx, p) => {
    const signal = await look(ctx, p);
    ctx.record(signalFact('users'), signal);
    return { state: 'reached', because: `${signal.says}: ${signal.because}` };
  },
});

import * as z from 'zod';
import { AwsError } from '../../aws/errors.ts';
import { LIMITS } from '../../base/limits.ts';
import { dnsName, hostedZoneId, recordType, stepKind } from '../common.ts';
import { type Signal, signalFact } from '../signals.ts';
import type { StepContext } from '../step.ts';
import { checkersOf } from './checkers.ts';
import { DNS_BEFORE, findSet, setsOf } from './sets.ts';

const params = z.strictObject({ signal: z.string(), zone: hostedZoneId, name: dnsName, type: recordType, set: z.string() });
type Params = z.infer<typeof params>;

async function look(ctx: StepContext, p: Params): Promise<Signal> {
  const vantage = 'health-checkers';
  try {
    const options = { signal: ctx.signal, timeoutMs: LIMITS.signalMs, attempts: 1 };
    const sets = await setsOf(ctx.effects.aws, { zone: p.zone, record: p }, options);
    return (await checkersOf(ctx, findSet(sets, p.set))) ?? { vantage, says: 'unknown', because: `set ${p.set} has no health check` };
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    return { vantage, says: 'unknown', because: error.message };
  }
}

export const assessHealthCheck = stepKind<Params>({
  params,
  check: () => Promise.resolve({ state: 'ok', because: 'reads only' } as const),
  observe: async (ctx, p) => {
    const before = await ctx.effects.dns.resolve(p.name, p.type, LIMITS.dnsMs, ctx.signal).catch(() => undefined);
    if (before !== undefined) ctx.record(`${DNS_BEFORE}.${p.name}`, before.values);
    const signal = await look(ctx, p);
    ctx.record(signalFact(p.signal), signal);
    return { state: 'reached', because: `${signal.says}: ${signal.because}` };
  },
});

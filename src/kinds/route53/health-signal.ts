import * as z from 'zod';
import { AwsError } from '../../aws/errors.ts';
import { listRecordSets } from '../../aws/route53.ts';
import { LIMITS } from '../../base/limits.ts';
import { hostedZoneId, stepKind } from '../common.ts';
import { type Signal, signalFact } from '../signals.ts';
import type { StepContext } from '../step.ts';
import { checkersOf } from './checkers.ts';
import { DNS_BEFORE, DNS_BEFORE_AT, findSet } from './sets.ts';
import { recordKeys } from './shift-records.ts';

const params = z.strictObject({
  signal: z.string(),
  zone: hostedZoneId,
  records: recordKeys,
  /** The source's set: its health check is asked. Absent where that watches a switch, and not the region. */
  set: z.string().optional(),
});
type Params = z.infer<typeof params>;

const vantage = 'health-checkers';
/** Names that are looked up at the same time. */
const LOOKUPS = 16;

async function look(ctx: StepContext, p: Params): Promise<Signal> {
  const [record] = p.records;
  if (p.set === undefined || record === undefined) return { vantage, says: 'unknown', because: 'the health checks watch the switch, and not the region' };
  try {
    const options = { signal: ctx.signal, timeoutMs: LIMITS.signalMs, attempts: 1 };
    const sets = await listRecordSets(ctx.effects.aws, p.zone, record.name, record.type, options);
    return (await checkersOf(ctx, findSet(sets, p.set))) ?? { vantage, says: 'unknown', because: `set ${p.set} has no health check` };
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    return { vantage, says: 'unknown', because: error.message };
  }
}

/** What users were led to before the run: where Route 53's API is silent, the move is recognised by it. */
async function noteAnswers(ctx: StepContext, p: Params): Promise<void> {
  ctx.record(DNS_BEFORE_AT, ctx.effects.clock.now());
  for (let i = 0; i < p.records.length; i += LOOKUPS) {
    await Promise.all(
      p.records.slice(i, i + LOOKUPS).map(async ({ name, type }) => {
        const answer = await ctx.effects.dns.resolve(name, type, LIMITS.dnsMs, ctx.signal).catch(() => undefined);
        if (answer !== undefined) ctx.record(`${DNS_BEFORE}.${name}`, answer.values);
      }),
    );
  }
}

export const assessHealthCheck = stepKind<Params>({
  params,
  check: () => Promise.resolve({ state: 'ok', because: 'reads only' } as const),
  observe: async (ctx, p) => {
    await noteAnswers(ctx, p);
    const signal = await look(ctx, p);
    ctx.record(signalFact(p.signal), signal);
    return { state: 'reached', because: `${signal.says}: ${signal.because}` };
  },
});

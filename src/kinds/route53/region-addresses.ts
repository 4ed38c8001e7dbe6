import { listRecordSets } from '../../aws/route53.ts';
import { LIMITS } from '../../base/limits.ts';
import type { InspectContext, Routing } from '../../model/kind.ts';
import { recordType } from '../common.ts';
import { answerOf } from './aim.ts';
import { addressesOfAnswer, findSet } from './sets.ts';

/** Where a region answers each name that leads to it, as its record sets say now. Nothing for a name without a set of its own. @throws AwsError */
export async function addressesIn(ctx: Pick<InspectContext, 'effects' | 'signal' | 'target'>, { zone, records, setOf }: Pick<Routing, 'zone' | 'records' | 'setOf'>, region: string): Promise<ReadonlyMap<string, readonly string[]>> {
  const set = setOf(region);
  if (set === undefined) return new Map();
  const options = { region: ctx.target, signal: ctx.signal, timeoutMs: LIMITS.signalMs, attempts: 1 };
  const found = await Promise.all(records.map(async ({ name, type }) => {
    const known = recordType.safeParse(type);
    const own = known.success ? findSet(await listRecordSets(ctx.effects.aws, zone, name, known.data, options), set) : undefined;
    return [name.toLowerCase(), own === undefined ? [] : await addressesOfAnswer(ctx, answerOf(own))] as const;
  }));
  return new Map(found);
}

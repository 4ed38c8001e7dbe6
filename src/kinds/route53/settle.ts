import * as z from 'zod';
import { AwsError } from '../../aws/errors.ts';
import { messageOf } from '../../base/errors.ts';
import { LIMITS } from '../../base/limits.ts';
import { dnsName, hostedZoneId, recordType, stepKind } from '../common.ts';
import type { Observation, StepContext, Verdict } from '../step.ts';
import { answersOf, DNS_BEFORE, findSet, setsOf } from './sets.ts';

const params = z.strictObject({ zone: hostedZoneId, name: dnsName, type: recordType, set: z.string() });
type Params = z.infer<typeof params>;

/** How the move is recognised: by the target's own addresses, or, where Route 53's API is silent, by leaving the old ones. */
const wantedSchema = z.union([z.strictObject({ is: z.array(z.string()) }), z.strictObject({ not: z.array(z.string()) })]);
type Wanted = z.infer<typeof wantedSchema>;

async function findWanted(ctx: StepContext, p: Params): Promise<Wanted | string> {
  const sets = await setsOf(ctx.effects.aws, { zone: p.zone, record: p }, { signal: ctx.signal, timeoutMs: LIMITS.signalMs, attempts: 1 });
  const set = findSet(sets, p.set);
  if (set === undefined) return `${p.name} has no set ${p.set}`;
  const { values, alias } = answersOf(set);
  if (alias === undefined) return { is: values };
  const target = await ctx.effects.dns.resolve(alias, p.type, LIMITS.dnsMs, ctx.signal);
  return { is: [...target.values] };
}

async function wantedNow(ctx: StepContext, p: Params): Promise<Wanted | string> {
  const factName = `dns.wanted.${p.name}`;
  const known = wantedSchema.safeParse(ctx.fact(factName));
  if (known.success) return known.data;
  const before = z.array(z.string()).safeParse(ctx.fact(`${DNS_BEFORE}.${p.name}`));
  const found = await findWanted(ctx, p).catch((error: unknown) => {
    if (error instanceof AwsError && before.success) return { not: before.data };
    throw error;
  });
  if (typeof found !== 'string') ctx.record(factName, found);
  return found;
}

async function observe(ctx: StepContext, p: Params): Promise<Observation> {
  const wanted = await wantedNow(ctx, p);
  if (typeof wanted === 'string') return { state: 'impossible', because: wanted };
  const answer = await ctx.effects.dns.resolve(p.name, p.type, LIMITS.dnsMs, ctx.signal).catch((error: unknown) => messageOf(error));
  ctx.signal.throwIfAborted();
  if (typeof answer === 'string') return { state: 'pending', because: answer, waitingFor: 'dns' };
  const seen = answer.values.join(', ') || 'nothing';
  const right = (value: string) => ('is' in wanted ? wanted.is.includes(value) : !wanted.not.includes(value));
  if (answer.values.length > 0 && answer.values.every(right)) return { state: 'reached', because: `${p.name} answers ${seen}` };
  return { state: 'pending', because: `${p.name} still answers ${seen} (TTL ${answer.ttl} s)`, waitingFor: 'dns' };
}

async function check(ctx: StepContext, p: Params): Promise<Verdict> {
  const wanted = await findWanted(ctx, p).catch((error: unknown) => messageOf(error));
  if (typeof wanted === 'string') return { state: 'ok', because: 'the target’s answers are not known', warnings: [wanted] };
  return { state: 'ok', because: `${p.set} answers ${'is' in wanted ? wanted.is.join(', ') : ''}` };
}

/** The name resolves to the target from outside: that, and not an accepted change, is what moves users. */
export const settle = stepKind<Params>({ params, check, observe });

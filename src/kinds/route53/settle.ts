import * as z from 'zod';
import { AwsError, unlessAws } from '../../aws/errors.ts';
import { listManyRecordSets, type RecordKey } from '../../aws/route53.ts';
import { messageOf } from '../../base/errors.ts';
import { LIMITS } from '../../base/limits.ts';
import { hostedZoneId, stepKind } from '../common.ts';
import { follows, missing } from '../looks.ts';
import { fact } from '../../model/fact.ts';
import type { Observation, StepContext, Verdict, Warning } from '../../model/step.ts';
import { answerFor, answerOf, answerSchema, oneAnswer } from './aim.ts';
import { objectChangedFact, objectKey, objectSinceFact } from './flip-object.ts';
import { setsBeside, typesBeside } from './reach.ts';
import { beforeFact, dnsUnseenFact, findSet, keyOf } from './sets.ts';
import { recordKeys } from './shift-records.ts';
import { plainValue } from './values.ts';

/* The names answer from outside as they are to: that, and not an accepted change, is what moves users. */

const params = z.strictObject({
  key: z.string(),
  zone: hostedZoneId,
  records: recordKeys,
  /** Either whose answers must be seen, or whose must be gone: a set, and its answer where the runbook has it. */
  to: z.strictObject({ set: z.string().optional(), answer: answerSchema.optional() }).optional(),
  gone: z.strictObject({ sets: z.array(z.string()), answers: z.array(answerSchema) }).default({ sets: [], answers: [] }),
  /** Every set that the runbook names, where others may answer beside them. */
  named: z.array(z.string()).optional(),
  /** Answers that must be right one after the other: more than one where Route 53 draws lots. */
  samples: z.int().min(1).max(100).default(1),
  object: z.strictObject({ bucket: z.string(), key: z.string() }).optional(),
  /** By a change of records Route 53 itself says that the move is complete. */
  by: z.enum(['record', 'health-check', 'object']).default('record'),
});
type Params = z.infer<typeof params>;

/** Of many names the first few are compared with what this machine sees. */
const NAMES_ASKED = 4;
const LOOKUPS = 16;
/** The slowest health check that there is (30 s × 10), and a TTL of a minute: by then a switch has been felt. */
const FELT_MS = 360_000;

/** How a name is judged. `known`: by these answers. `moved`: by leaving what it answered before the run, or from a time on by anything. */
const wantedSchema = z.union([
  z.strictObject({ known: z.enum(['is', 'not']), answers: z.array(oneAnswer) }),
  z.strictObject({ moved: z.array(z.string()), orFrom: z.number().optional() }),
]);
type Wanted = z.infer<typeof wantedSchema>;

/** From the runbook where it says so; else from Route 53, which may be silent. @throws AwsError */
async function known(ctx: StepContext, p: Params): Promise<Wanted[] | string> {
  const said = p.to === undefined ? p.gone.answers : [p.to.answer].filter((answer) => answer !== undefined);
  const fromRunbook = p.records.map(({ type }): Wanted => ({ known: p.to === undefined ? 'not' : 'is', answers: said.flatMap((answer) => answerFor(answer, type) ?? []) }));
  if (fromRunbook.every((wanted) => 'known' in wanted && wanted.answers.length > 0)) return fromRunbook;
  const sets = await listManyRecordSets(ctx.effects.aws, p.zone, p.records, { region: ctx.target, signal: ctx.signal, timeoutMs: LIMITS.signalMs, attempts: 1 });
  const wanted: Wanted[] = [];
  for (const [i, record] of p.records.entries()) {
    const named = (p.to === undefined ? p.gone.sets : [p.to.set ?? '']).map((id) => findSet(sets[i] ?? [], id)).filter((set) => set !== undefined);
    if (p.to !== undefined && named.length === 0) return `${record.name} has no set ${p.to.set ?? ''}`;
    wanted.push({ known: p.to === undefined ? 'not' : 'is', answers: named.map(answerOf) });
  }
  return wanted;
}

/** Where Route 53's API is silent: the name must leave what it answered, unless it had been switched before this run looked. */
function moved(ctx: StepContext, zone: string, record: RecordKey, object: { bucket: string; key: string }): Wanted | undefined {
  const before = beforeFact.read(ctx, keyOf(zone, record));
  if (before === undefined || before.values.length === 0) return undefined;
  const name = objectKey(object);
  const since = objectSinceFact.read(ctx, name);
  // S3 tells the second only.
  const switchedNow = objectChangedFact.has(ctx, name) || (since !== undefined && since + 1_000 > before.at);
  return switchedNow ? { moved: before.values } : { moved: before.values, orFrom: (since ?? before.at) + FELT_MS };
}

/** By whom a record of a zone (`keyOf`) is to be answered once users are moved; by whom all names of a step; and how many of them are. */
const leadsFact = fact('dns.leads', wantedSchema);
const wantedFact = fact('dns.wanted', z.array(wantedSchema));
/** How many names were seen to answer as they are to, one after the other, and when the last look was, ms. */
const settledFact = fact('dns.settling', z.strictObject({ done: z.int(), last: z.number() }));

/** Whether an address may be one that users are to be led to, in one of the zones that hold the name. True where that is not known. */
export async function leadsThere(ctx: StepContext, zones: readonly string[], name: string, address: string): Promise<boolean> {
  const type = address.includes(':') ? 'AAAA' : 'A';
  const all = zones.map((zone) => leadsFact.read(ctx, keyOf(zone, { name, type })));
  // An alias may lead to more addresses than one answer holds.
  const open = (wanted: Wanted | undefined): boolean => wanted === undefined || ('known' in wanted && wanted.known === 'is' && wanted.answers.some((answer) => 'alias' in answer));
  if (all.length === 0 || all.some(open)) return true;
  const right = await Promise.all(all.filter((wanted) => wanted !== undefined).map((wanted) => isRight([plainValue(address)], wanted, ctx, (other) => ctx.effects.dns.resolve(other, type, LIMITS.dnsMs, ctx.signal))));
  return right.includes(true);
}

async function wantedNow(ctx: StepContext, p: Params): Promise<readonly Wanted[] | string> {
  const noted = wantedFact.read(ctx, p.key);
  if (noted !== undefined) return noted;
  let found: Wanted[] | string;
  try {
    found = await known(ctx, p);
  } catch (error) {
    const { object, zone } = p;
    if (!(error instanceof AwsError) || object === undefined) throw error;
    const others = p.records.map((record) => moved(ctx, zone, record, object)).filter((wanted) => wanted !== undefined);
    if (others.length < p.records.length) throw error;
    found = others;
  }
  if (typeof found !== 'string') {
    wantedFact.record(ctx, p.key, found);
    for (const [i, wanted] of found.entries()) {
      const record = p.records[i];
      if (record !== undefined) leadsFact.record(ctx, keyOf(p.zone, record), wanted);
    }
  }
  return found;
}

/** A name that did not resolve from this machine before the change: what is not seen from here is not "not moved". */
function neverSeen(ctx: StepContext, p: Params, record: RecordKey): boolean {
  return beforeFact.read(ctx, keyOf(p.zone, record))?.values.length === 0;
}

function unseenWords(p: Params, names: readonly string[]): string {
  const [name = '', ...more] = [...new Set(names)];
  const which = `${name}${more.length > 0 ? ` and ${more.length} more` : ''}`;
  const known = p.by === 'record' ? 'moved, INSYNC in Route 53, not seen from here' : 'switched, not seen from here';
  return `${which}: ${known}; it never resolved from this machine, so the move is not verified from outside`;
}

/** What is wanted; the error where that is not known, which only a name that answers asks for. @throws what is no error of AWS */
async function wantedOrError(ctx: StepContext, p: Params): Promise<readonly Wanted[] | string | AwsError> {
  try {
    return await wantedNow(ctx, p);
  } catch (error) {
    if (error instanceof AwsError) return error;
    throw error;
  }
}

async function observe(ctx: StepContext, p: Params): Promise<Observation> {
  const wanted = await wantedOrError(ctx, p);
  if (typeof wanted === 'string') return missing(ctx, `settle.${p.key}`, wanted);
  let done = settledBefore(ctx, p);
  const unseen = done === 0 ? [] : [...(dnsUnseenFact.read(ctx, p.key) ?? [])];
  let seen = '';
  while (done < p.records.length) {
    const names = p.records.slice(done, done + LOOKUPS);
    const looks = await Promise.all(names.map((record, i) => lookAt(ctx, p, record, wanted instanceof AwsError ? wanted : wanted[done + i])));
    ctx.signal.throwIfAborted();
    const found = looks.findIndex((look) => look.state === 'wrong');
    const good = found < 0 ? names.length : found;
    seen = looks[0]?.because ?? '';
    for (const [i, look] of looks.slice(0, good).entries()) if (look.state === 'unseen') unseen.push(names[i]?.name ?? '');
    done += good;
    settledFact.record(ctx, p.key, { done, last: ctx.effects.clock.now() });
    if (unseen.length > 0) dnsUnseenFact.record(ctx, p.key, [...new Set(unseen)]);
    else if (dnsUnseenFact.has(ctx, p.key)) dnsUnseenFact.forget(ctx, p.key);
    if (found >= 0) return { state: 'pending', because: looks[found]?.because ?? '', waitingFor: 'dns' };
  }
  if (unseen.length > 0) return { state: 'reached', says: 'not judged', because: unseenWords(p, unseen) };
  return { state: 'reached', because: p.records.length === 1 ? seen : `${p.records.length} names answer as they are to` };
}

/** Names that need no second look: seen by this run a moment ago. Who asks once more after all were right, or resumes, wants to know of now. */
function settledBefore(ctx: StepContext, p: Params): number {
  const before = settledFact.read(ctx, p.key);
  return before !== undefined && before.done < p.records.length && follows(before.last, ctx.effects.clock.now()) ? before.done : 0;
}

interface Look {
  /** `unseen`: it does not resolve from this machine, and did not before the change. */
  state: 'right' | 'wrong' | 'unseen';
  because: string;
}

/** @throws AwsError where the name answers, and what it is to answer is not known */
async function lookAt(ctx: StepContext, p: Params, record: RecordKey, wanted: Wanted | AwsError | undefined): Promise<Look> {
  if (wanted === undefined) throw new Error(`nothing is known of what ${record.name} is to answer`);
  const resolve = (name: string) => ctx.effects.dns.resolve(name, record.type, LIMITS.dnsMs, ctx.signal);
  const unanswered = (because: string): Look => ({ state: neverSeen(ctx, p, record) ? 'unseen' : 'wrong', because });
  let because = '';
  for (let i = 0; i < p.samples; i++) {
    const answer = await resolve(record.name).catch((error: unknown) => messageOf(error));
    if (typeof answer === 'string') return unanswered(answer);
    if (answer.values.length === 0) return unanswered(`${record.name} ${record.type} does not resolve from this machine`);
    if (wanted instanceof AwsError) throw wanted;
    const shown = answer.values.join(', ');
    const right = await isRight(answer.values.map(plainValue), wanted, ctx, resolve).catch((error: unknown) => messageOf(error));
    if (typeof right === 'string') return { state: 'wrong', because: right };
    if (!right) return { state: 'wrong', because: `${record.name} still answers ${shown} (TTL ${answer.ttl} s)` };
    because = `${record.name} answers ${shown}`;
  }
  return { state: 'right', because };
}

async function isRight(
  values: readonly string[],
  wanted: Wanted,
  ctx: StepContext,
  resolve: (name: string) => Promise<{ values: readonly string[] }>,
): Promise<boolean> {
  if ('moved' in wanted) {
    return values.every((value) => !wanted.moved.map(plainValue).includes(value)) || (wanted.orFrom !== undefined && ctx.effects.clock.now() >= wanted.orFrom);
  }
  const fixed = wanted.answers.flatMap((answer) => ('values' in answer ? answer.values.map(plainValue) : []));
  // What an alias leads to may change at any time, and may be more than one answer holds.
  const aliases: string[] = [];
  for (const answer of wanted.answers) if ('alias' in answer) aliases.push(...(await resolve(answer.alias.name)).values.map(plainValue));
  if (wanted.known === 'not') return values.every((value) => !fixed.includes(value) && !aliases.includes(value));
  return aliases.length > 0 ? values.some((value) => aliases.includes(value)) : values.every((value) => fixed.includes(value));
}

async function check(ctx: StepContext, p: Params): Promise<Verdict> {
  const [types, sets] = await Promise.all([typesBeside(ctx, p), p.named === undefined ? undefined : setsBeside(ctx, p, { all: p.named, source: p.gone.sets, answers: p.gone.answers }).catch(unlessAws)]);
  const no = types.delegated ?? sets?.kept;
  if (no !== undefined) return no;
  const warnings = [...(await Promise.all([unseenWarnings(ctx, p), otherZone(ctx, p)])).flat(), ...types.warnings, ...(sets?.warnings ?? [])];
  const found = await known(ctx, p).catch((error: unknown) => messageOf(error));
  if (typeof found === 'string') return { state: 'ok', because: 'what is to be answered is not known', warnings: [{ rule: 'answer-unknown', observed: found, wanted: 'an answer that is known beforehand, so that the move can be seen', mend: 'correct `sets` or `answers` in the runbook, or the records' }, ...warnings] };
  const because = `it is known what ${p.records.length === 1 ? (p.records[0]?.name ?? '') : `${p.records.length} names`} must answer${p.to === undefined ? ' no more' : ''}`;
  return { state: 'ok', because, ...(warnings.length > 0 ? { warnings } : {}) };
}

/** Names that do not resolve from here, e.g. of a private hosted zone: their move will not be seen. The first few are looked up. */
async function unseenWarnings(ctx: StepContext, p: Params): Promise<Warning[]> {
  const looks = await Promise.all(
    p.records.slice(0, LOOKUPS).map(async ({ name, type }) => {
      const answer = await ctx.effects.dns.resolve(name, type, LIMITS.dnsMs, ctx.signal).catch(() => undefined);
      return answer === undefined || answer.values.length === 0 ? `${name} ${type}` : undefined;
    }),
  );
  const unseen = looks.filter((name) => name !== undefined);
  if (unseen.length === 0) return [];
  const which = `${unseen.slice(0, 3).join(', ')}${unseen.length > 3 ? ` and ${unseen.length - 3} more` : ''}`;
  return [{
    rule: 'name-not-seen',
    observed: `${which} does not resolve from this machine: the move will be made, but cannot be verified from here. If the hosted zone is private, run dr inside its VPC, or set DR_RESOLVER`,
    wanted: 'names that resolve where the failover is run',
    mend: 'run dr where users, or the application, resolve the names',
    page: 'https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/hosted-zones-private.html',
  }];
}

/**
 * Names that answer from here what no set of the zone says: this machine sees another zone of the same name (a public one beside a private one), or the
 * zone is not the one that the parent delegates to. Their move would never be seen, or would move nobody. The first few are compared.
 * https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/hosted-zone-private-considerations.html#hosted-zone-private-considerations-split-view-dns
 */
async function otherZone(ctx: StepContext, p: Params): Promise<Warning[]> {
  // What this run has looked at before it may have moved since, and a resolver still knows the answer of before.
  const asked = p.records.slice(0, NAMES_ASKED).filter((record) => !beforeFact.has(ctx, keyOf(p.zone, record)));
  const sets = await listManyRecordSets(ctx.effects.aws, p.zone, asked, { region: ctx.target, signal: ctx.signal }).catch(unlessAws);
  const elsewhere = await Promise.all(asked.map(async ({ name, type }, i) => {
    const resolve = (one: string) => ctx.effects.dns.resolve(one, type, LIMITS.dnsMs, ctx.signal);
    const own = (sets?.[i] ?? []).map(answerOf);
    const answer = await resolve(name);
    if (answer.values.length === 0 || own.length === 0) return undefined;
    // What an alias leads to is looked up; where that says nothing, nothing is known.
    const said = (await Promise.all(own.map(async (one) => ('values' in one ? one.values : (await resolve(one.alias.name)).values)))).map((values) => values.map(plainValue));
    const strange = said.every((values) => values.length > 0) && !answer.values.some((value) => said.flat().includes(plainValue(value)));
    return strange ? { name: `${name} ${type}`, answers: answer.values.join(', ') } : undefined;
  }).map((look) => look.catch(() => undefined)));
  const found = elsewhere.filter((look) => look !== undefined);
  const [first] = found;
  if (first === undefined) return [];
  return [{
    rule: 'zone-not-seen',
    observed: `${first.name} answers ${first.answers} from this machine, which no record of the zone ${p.zone} says${found.length > 1 ? `; so do ${found.length - 1} more` : ''}: this machine sees another zone of that name, or users do too. The move will be made in ${p.zone}, and cannot be verified from here: this step will fail at its end`,
    wanted: 'names that this machine resolves in the zone that is changed',
    mend: 'for a private zone, run dr inside its VPC, or set DR_RESOLVER; for a public one, name the zone to which the name servers of the parent lead',
    page: 'https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/hosted-zone-private-considerations.html',
  }];
}

/** Of many names the first few: the last look is no second settling. */
async function holds(ctx: StepContext, p: Params): Promise<Observation> {
  const wanted = await wantedOrError(ctx, p);
  if (typeof wanted === 'string') return { state: 'impossible', because: wanted };
  const looks = await Promise.all(p.records.slice(0, LOOKUPS).map((record, i) => lookAt(ctx, p, record, wanted instanceof AwsError ? wanted : wanted[i])));
  const bad = looks.find((look) => look.state === 'wrong');
  return bad === undefined ? { state: 'reached', because: looks[0]?.because ?? '' } : { state: 'pending', because: bad.because, waitingFor: 'dns' };
}

export const settle = stepKind<Params>({ params, check, observe, holds });

import * as z from 'zod';
import { AwsError } from '../../aws/errors.ts';
import { changeRecords, isEverywhere, listRecordSets, protectionsOf, type RecordChange, type RecordKey, type RecordSet } from '../../aws/route53.ts';
import { globalArn } from '../../base/arn.ts';
import { LIMITS } from '../../base/limits.ts';
import { partitionOf } from '../../base/regions.ts';
import { fact } from '../../model/fact.ts';
import type { DrillContext, StepDraft } from '../../model/kind.ts';
import type { Observation, StepContext, Verdict } from '../../model/step.ts';
import { allow, dnsName, hostedZoneId, recordType, refused, stepKind } from '../common.ts';
import { lastsFor } from '../looks.ts';
import { deleteTwin, type FoundTwin, mayNotDelete, nameTaken, notOurTwin, runOfTwin, type Suspect, type Tag, TWIN, TWIN_NAMES, twinAccepted, twinName, twinTags } from '../twins.ts';
import { answerFields, answerFor, answerOf, answerSchema, type RegionAnswer } from './aim.ts';
import { route53Plane } from './rights.ts';
import { findSet, keyOf } from './sets.ts';
import type { HttpSample } from '../../effects/effects.ts';

/*
 * The twin of a record: a simple record of its own, in the same zone, with the answer that the region would give. Route 53 knows no tags of
 * records, so that a TXT record beside it says whose it is; both are made, and deleted, in one atomic change.
 * https://docs.aws.amazon.com/Route53/latest/APIReference/API_ChangeResourceRecordSets.html
 */

/** https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/DomainNameFormat.html: the labels of the name itself are there already. */
const LABEL_MAX = 63;
const TXT_TTL = 60;

const params = z.strictObject({
  zone: hostedZoneId,
  record: z.strictObject({ name: dnsName, type: recordType }),
  name: dnsName,
  owner: dnsName,
  /** The set that leads to the region, or its answer where the runbook has it. */
  set: z.string().optional(),
  answer: answerSchema.optional(),
});
type Params = z.infer<typeof params>;

/** The name that leads to the standby in this drill, by the key of the record that it is the twin of. */
const twinRecordFact = fact('drill.record', z.string());
const changeFact = fact('drill.record-change', z.string());

/** The address that the drill's record for a host name leads to; empty while it does not resolve, undefined where this drill has none. */
export async function drillAddress(ctx: StepContext, zones: readonly string[], host: string): Promise<string | undefined> {
  const found = zones.flatMap((zone) => (['A', 'AAAA', 'CNAME'] as const).flatMap((type) => twinRecordFact.read(ctx, keyOf(zone, { name: host, type })) ?? []));
  const [name] = found;
  if (name === undefined) return undefined;
  for (const type of ['A', 'AAAA']) {
    const { values } = await ctx.effects.dns.resolve(name, type, LIMITS.dnsMs, ctx.signal).catch(() => ({ values: [] }));
    const address = values.find((value) => /^[\d.]+$|:/.test(value));
    if (address !== undefined) return address;
  }
  return '';
}

/** The answer of the standby at the address of `drillAddress`. */
export async function askStandby(ctx: StepContext, url: string, at: string): Promise<HttpSample | Observation> {
  if (at === '') return { state: 'pending', because: 'the record of the drill does not resolve', waitingFor: 'dns' };
  const got = await ctx.effects.http.request({ url, at, timeoutMs: LIMITS.probeMs, signal: ctx.signal });
  ctx.signal.throwIfAborted();
  return got.status === 0 ? { state: 'pending', because: `${at} gives no HTTP answer: ${got.error ?? ''}`, waitingFor: 'users' } : got;
}

interface Seen {
  record: RecordSet | undefined;
  owner: RecordSet | undefined;
}

/** Undefined when neither is there. @throws AwsError */
async function look(ctx: StepContext, p: Params): Promise<Seen | undefined> {
  const options = { region: ctx.target, signal: ctx.signal };
  const [[record], [owner]] = await Promise.all([listRecordSets(ctx.effects.aws, p.zone, p.name, p.record.type, options), listRecordSets(ctx.effects.aws, p.zone, p.owner, 'TXT', options)]);
  return record === undefined && owner === undefined ? undefined : { record, owner };
}

function resourceOf(p: Pick<Params, 'zone' | 'name' | 'record'>): string {
  return `route53:${p.zone}:${p.name} ${p.record.type}`;
}

/** As one text, for a record has no tags: `"dr:drill=… dr:runbook=…"`. */
function ownerText(tags: readonly { Key: string; Value: string }[]): string {
  return `"${tags.map(({ Key, Value }) => `${Key}=${Value}`).join(' ')}"`;
}

function tagsOf(owner: RecordSet | undefined): Tag[] {
  const text = owner?.ResourceRecords?.[0]?.Value ?? '';
  return text.replaceAll('"', '').split(' ').flatMap((part): Tag[] => {
    const at = part.indexOf('=');
    return at < 0 ? [] : [{ Key: part.slice(0, at), Value: part.slice(at + 1) }];
  });
}

function suspect(p: Params, { owner }: Seen): Suspect {
  return { name: p.name, resource: resourceOf(p), tags: tagsOf(owner) };
}

/** What the twin answers: as the runbook says, else as the region's set does now. @throws AwsError */
async function answerSet(ctx: StepContext, p: Params): Promise<RecordSet | string> {
  const said = p.answer === undefined ? undefined : answerFor(p.answer, p.record.type);
  const own = p.set === undefined ? undefined : findSet(await listRecordSets(ctx.effects.aws, p.zone, p.record.name, p.record.type, { region: ctx.target, signal: ctx.signal }), p.set);
  const answer = said ?? (own === undefined ? undefined : answerOf(own));
  if (answer === undefined) return `nothing says what ${ctx.target} answers to ${p.record.name} ${p.record.type}`;
  const { HealthCheckId: _, ...fields } = answerFields(answer);
  return { Name: p.name, Type: p.record.type, ...fields };
}

async function check(ctx: StepContext, p: Params): Promise<Verdict> {
  const there = await look(ctx, p);
  const stranger = there === undefined ? undefined : notOurTwin(ctx, suspect(p, there));
  if (stranger !== undefined) return taken(p, stranger);
  const set = await answerSet(ctx, p);
  if (typeof set === 'string') return unfit(set, 'a set, or `answers` in the runbook, that leads to the region');
  const keys: RecordKey[] = [{ name: p.name, type: p.record.type }, { name: p.owner, type: 'TXT' }];
  const [guarded] = await protectionsOf(ctx.effects.aws, p.zone, keys, { region: ctx.target, signal: ctx.signal });
  if (guarded !== undefined) return unfit(`${guarded.record.name} is protected against changes${guarded.comment === undefined ? '' : ` (${guarded.comment})`}`, 'a name of the zone that may be changed');
  const unable = there === undefined ? await mayNotDelete(ctx, () => deleteNobody(ctx, p), { twin: p.name, right: `route53:ChangeResourceRecordSets on the zone ${p.zone}, for ` }) : undefined;
  return unable === undefined ? { state: 'ok', because: `${p.name} is free` } : refused(unable);
}

/** The right to write the zone is asked for by deleting a record that nobody ever makes: Route 53 refuses that as a change that does not fit. */
async function deleteNobody(ctx: StepContext, p: Params): Promise<void> {
  const nobody: RecordSet = { Name: p.name.replace(/-[a-z]+\./, '-nobody.'), Type: 'TXT', TTL: TXT_TTL, ResourceRecords: [{ Value: '"nobody"' }] };
  await change(ctx, p, [{ Action: 'DELETE', ResourceRecordSet: nobody }]).catch((error: unknown) => {
    if (!(error instanceof AwsError) || error.code !== 'InvalidChangeBatch') throw error;
  });
}

function taken(p: Params, why: string) {
  return refused(nameTaken(`${p.name} is in the zone ${p.zone} already: ${why}`, 'a record of somebody else would be changed and deleted'));
}

function unfit(observed: string, threshold: string) {
  return refused({ rule: 'twin-record', observed, threshold, consequence: 'the drill could not show that Route 53 takes a change and answers with it', override: 'none: correct `traffic` in the runbook, or the zone' });
}

async function observe(ctx: StepContext, p: Params): Promise<Observation> {
  const there = await look(ctx, p);
  if (there === undefined) return { state: 'absent', because: `${p.name} is not in the zone` };
  const stranger = notOurTwin(ctx, suspect(p, there));
  if (stranger !== undefined) return taken(p, stranger);
  const change = changeFact.read(ctx, p.name);
  const everywhere = change === undefined || (await isEverywhere(ctx.effects.aws, change, { region: ctx.target, signal: ctx.signal }));
  if (!everywhere) return { state: 'pending', because: `the change of ${p.name} is under way`, waitingFor: 'aws' };
  twinRecordFact.record(ctx, keyOf(p.zone, p.record), p.name);
  const { values } = await ctx.effects.dns.resolve(p.name, p.record.type, LIMITS.dnsMs, ctx.signal);
  if (values.length === 0) return { state: 'pending', because: `${p.name} is INSYNC, and does not resolve from this machine yet`, waitingFor: 'dns' };
  return { state: 'reached', because: `${p.name} answers ${values.join(', ')} from outside` };
}

function change(ctx: StepContext, p: Params, changes: RecordChange[]): Promise<{ changeId: string }> {
  return changeRecords(ctx.effects.aws, p.zone, changes, `dr drill ${ctx.run.id}`, { region: ctx.target, signal: ctx.signal });
}

async function act(ctx: StepContext, p: Params): Promise<void> {
  const set = await answerSet(ctx, p);
  if (typeof set === 'string') throw new Error(set);
  const owner: RecordSet = { Name: p.owner, Type: 'TXT', TTL: TXT_TTL, ResourceRecords: [{ Value: ownerText(twinTags(ctx)) }] };
  // CREATE, and not UPSERT: Route 53 refuses it where the name is taken.
  const { changeId } = await change(ctx, p, [set, owner].map((made) => ({ Action: 'CREATE', ResourceRecordSet: made })));
  changeFact.record(ctx, p.name, changeId);
  twinAccepted(ctx, resourceOf(p));
}

/** So long the TXT record must be seen alone: an answer may lack the other one, and without its owner that would stay for ever. Milliseconds. */
const ALONE_MS = 30_000;

/** Both records in one change, to the letter as they are. */
async function askToDelete(ctx: StepContext, p: Params, { record, owner }: Seen): Promise<boolean> {
  if (record === undefined && lastsFor(ctx, `twin-record-alone.${p.name}`) < ALONE_MS) return false;
  const changes = [record, owner].flatMap((set): RecordChange[] => (set === undefined ? [] : [{ Action: 'DELETE', ResourceRecordSet: set }]));
  try {
    const { changeId } = await change(ctx, p, changes);
    while (!(await isEverywhere(ctx.effects.aws, changeId, { region: ctx.target, signal: ctx.signal }))) await ctx.wait('aws', INSYNC_POLL_MS);
    return true;
  } catch (error) {
    // Deleted since it was looked at: the next look decides.
    if (!(error instanceof AwsError) || error.code !== 'InvalidChangeBatch') throw error;
    return false;
  }
}

const INSYNC_POLL_MS = 1_000;

function undo(ctx: StepContext, p: Params): Promise<void> {
  return deleteTwin<Seen>(ctx, resourceOf(p), {
    find: () => look(ctx, p),
    suspect: (seen) => suspect(p, seen),
    isGoing: () => false,
    ask: (seen) => askToDelete(ctx, p, seen),
  });
}

const made = async (ctx: StepContext, p: Params): Promise<boolean> => {
  const there = await look(ctx, p);
  return there !== undefined && runOfTwin(tagsOf(there.owner)) === ctx.run.id;
};

/** Of the record sets of a zone that have the names of twins: each twin with the TXT record beside it. */
export function foundRecords(zone: string, sets: readonly RecordSet[]): FoundTwin[] {
  const bare = ({ Name = '' }: RecordSet) => Name.replace(/\.$/, '');
  const nameOf = (set: RecordSet) => (set.Type === 'TXT' ? bare(set).replace(/^([^.]+)-owner\./, '$1.') : bare(set));
  return [...Map.groupBy(sets, nameOf)].map(([name, both]) => {
    const record = both.find(({ Type }) => Type !== 'TXT');
    const owner = both.find(({ Type }) => Type === 'TXT');
    // The label ends with the type, so that it is known where only the TXT record is left.
    const type = record?.Type ?? name.split('.')[0]?.split('-').at(-1)?.toUpperCase() ?? '';
    const run = runOfTwin(tagsOf(owner));
    const batch = JSON.stringify({ Changes: both.map((set) => ({ Action: 'DELETE', ResourceRecordSet: set })) });
    return {
      resource: resourceOf({ zone, name, record: { name, type: type as RecordKey['type'] } } as Params),
      name,
      where: zone,
      run,
      // Route 53 does not tell.
      madeAt: undefined,
      going: false,
      rented: [],
      byHand: `aws route53 change-resource-record-sets --hosted-zone-id ${zone} --change-batch '${batch}'`,
    };
  });
}

export const twinRecord = stepKind<Params>({ params, check, observe, act, undo, made });

/** One for each type: what the zone takes for one name it takes for a thousand. Of a wildcard the twin has the label in its place. */
export function twinRecordSteps(ctx: DrillContext, zone: string, all: readonly RecordKey[], to: { set?: string | undefined; answer?: RegionAnswer | undefined }): StepDraft[] {
  const records = all.filter(({ type }, i) => all.findIndex((other) => other.type === type) === i);
  return records.map((record, i) => twinRecordStep(ctx, zone, record as Params['record'], to, i === 0 ? undefined : `twinRecord-${i + 1}`));
}

function twinRecordStep(ctx: DrillContext, zone: string, record: Params['record'], to: { set?: string | undefined; answer?: RegionAnswer | undefined }, label: string | undefined): StepDraft {
  const rest = record.name.replace(/^\*\./, '').replace(/\.$/, '');
  // The type belongs to it: a CNAME may have no neighbour of its name.
  const own = twinName(ctx, record.type.toLowerCase(), LABEL_MAX - 1);
  const name = `${own}.${rest}`;
  const owner = `${twinName(ctx, `${record.type.toLowerCase()}-owner`, LABEL_MAX)}.${rest}`;
  const zoneArn = globalArn(partitionOf(ctx.target), 'route53', `hostedzone/${zone}`);
  return {
    step: 'twinRecord',
    ...(label === undefined ? {} : { label }),
    phase: 'traffic',
    reversibility: 'compensable',
    title: `Make ${name}, which answers as ${ctx.target} would, and resolve it from outside`,
    params: { zone, record, name, owner, ...(to.set === undefined ? {} : { set: to.set }), ...(to.answer === undefined ? {} : { answer: to.answer }) } satisfies Params,
    controlPlanes: [route53Plane(ctx)],
    permissions: [
      allow(['route53:ListResourceRecordSets', 'route53:ListResourceRecordSetProtections'], [zoneArn]),
      allow(['route53:ChangeResourceRecordSets'], [zoneArn], { 'ForAllValues:StringLike': { 'route53:ChangeResourceRecordSetsNormalizedRecordNames': [`${TWIN_NAMES}.${rest.toLowerCase()}`] } }),
      allow(['route53:GetChange'], [globalArn(partitionOf(ctx.target), 'route53', 'change/*')]),
    ],
    estimate: { p50: 30, p95: 90, basis: 'AWS: changes are INSYNC usually within 60 s' },
    limitMs: 900_000,
    changes: [{ resource: resourceOf({ zone, name, record }), field: TWIN, before: 'none', after: `the answer of ${ctx.target}` }],
  };
}

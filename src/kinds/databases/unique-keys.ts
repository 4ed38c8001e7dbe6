import * as z from 'zod';
import { AwsError } from '../../aws/errors.ts';
import { findDbInstance, parametersOf } from '../../aws/rds.ts';
import { applyStatus } from '../../aws/states/rds.ts';
import { LIMITS } from '../../base/limits.ts';
import { dbInstanceId, refused, regionName, stepKind } from '../common.ts';
import type { Observation, StepContext, Verdict } from '../../model/step.ts';

/*
 * The gate before more users write to a region: no two writers may make the same key. A region that is left, or is out,
 * may be dead: it is asked shortly, and what the runbook says of it stands in for its answer. If that says nothing either, a failover
 * continues a warning, for a lost region writes no more; a way back, and a planned drain, are refused.
 */

const params = z.strictObject({
  writers: z.array(z.strictObject({ region: regionName, id: dbInstanceId, offset: z.int().min(1).optional() })).min(2),
  maybeSilent: z.array(regionName),
});
type Params = z.infer<typeof params>;

const NAMES = { increment: 'auto_increment_increment', offset: 'auto_increment_offset' } as const;

/** What MySQL counts with, where nobody has said otherwise. */
const DEFAULTS = { increment: 1, offset: 1 } as const;

type KeySettings = { region: string } & (
  /** `waits`: AWS does not say that the engine runs with all parameters of its group; that status, for people. */
  | { from: 'group'; increment: number; offset: number; waits: string | undefined }
  /** Said by the runbook, for the region could not be asked. Undefined: not known. */
  | { from: 'runbook'; offset: number | undefined }
);

/**
 * What is wrong with the writers' settings together; empty when no two can make the same key: each counts in steps of its own, from
 * a start of its own.
 * https://dev.mysql.com/doc/refman/8.4/en/replication-options-source.html#sysvar_auto_increment_increment
 */
function keyProblems(writers: readonly KeySettings[]): string[] {
  const known = writers.filter((writer) => writer.from === 'group');
  const problems = known.flatMap(({ region, increment, offset }) => [
    ...(increment < writers.length ? [`${region} counts in steps of ${increment}, and there are ${writers.length} writers`] : []),
    // MySQL ignores an offset that is above the increment.
    ...(offset > increment ? [`${region} has the offset ${offset} above its increment ${increment}, which MySQL ignores`] : []),
  ]);
  const [first] = known;
  const other = known.find(({ increment }) => increment !== first?.increment);
  if (first !== undefined && other !== undefined) problems.push(`${first.region} counts in steps of ${first.increment}, ${other.region} in steps of ${other.increment}`);
  const seen = new Map<number, string>();
  for (const { region, offset } of writers) {
    if (offset === undefined) continue;
    const twin = seen.get(offset);
    if (twin !== undefined) problems.push(`${twin} and ${region} both start at ${offset}`);
    else seen.set(offset, region);
  }
  return problems;
}

async function settingsOf(ctx: StepContext, p: Params, writer: Params['writers'][number]): Promise<KeySettings> {
  const { region, id, offset } = writer;
  const leaving = p.maybeSilent.includes(region);
  const options = leaving ? { signal: ctx.signal, timeoutMs: LIMITS.signalMs, attempts: 1 } : { signal: ctx.signal };
  try {
    const instance = await findDbInstance(ctx.effects.aws, region, id, options);
    const { DBParameterGroupName: group, ParameterApplyStatus: status } = instance?.DBParameterGroups?.[0] ?? {};
    if (group === undefined) throw new Error(`there is no ${id} in ${region}, or it shows no parameter group`);
    const found = await parametersOf(ctx.effects.aws, region, group, Object.values(NAMES), options);
    const { applied, shown } = applyStatus(status);
    return { region, from: 'group', increment: numberOf(found[NAMES.increment], DEFAULTS.increment), offset: numberOf(found[NAMES.offset], DEFAULTS.offset), waits: applied === 'yes' ? undefined : shown };
  } catch (error) {
    if (!leaving || !(error instanceof AwsError) || !error.saysNothing) throw error;
    return { region, from: 'runbook', offset };
  }
}

function numberOf(text: string | undefined, otherwise: number): number {
  if (text === undefined || text === '') return otherwise;
  const value = Number(text);
  if (!Number.isInteger(value)) throw new Error(`${text} is no whole number`);
  return value;
}

function inWords(settings: KeySettings): string {
  if (settings.from === 'runbook') return `${settings.region}: every ? from ${settings.offset ?? '?'} (as the runbook says)`;
  const { region, increment, offset, waits } = settings;
  return `${region}: every ${increment} from ${offset}${waits === undefined ? '' : ` (its parameter group is ${waits})`}`;
}

interface Look {
  because: string;
  problems: string[];
  unknown: string[];
  waiting: { region: string; waits: string }[];
}

async function look(ctx: StepContext, p: Params): Promise<Look> {
  const settings = await Promise.all(p.writers.map((writer) => settingsOf(ctx, p, writer)));
  return {
    because: settings.map(inWords).join('; '),
    problems: keyProblems(settings),
    unknown: settings.filter((s) => s.offset === undefined).map((s) => s.region),
    waiting: settings.flatMap((s) => (s.from === 'group' && s.waits !== undefined ? [{ region: s.region, waits: s.waits }] : [])),
  };
}

function refusal(p: Params, observed: string) {
  return refused({
    rule: 'unique-keys',
    observed,
    threshold: `auto_increment_increment of at least ${p.writers.length} for all, and an auto_increment_offset of its own for each of ${p.writers.length} writers`,
    consequence: 'two regions would make the same key, and rows would be lost when they meet',
    override: 'aws rds modify-db-parameter-group --region REGION --db-parameter-group-name GROUP --parameters ParameterName=auto_increment_offset,ParameterValue=N,ApplyMethod=immediate',
  });
}

async function check(ctx: StepContext, p: Params): Promise<Verdict> {
  const { because, problems, unknown, waiting } = await look(ctx, p);
  if (problems.length > 0) return refusal(p, problems.join('; '));
  const warnings = [
    ...unknown.map((region) => ({ rule: 'unique-keys-unknown', observed: `${region} cannot be asked, and \`offsets\` of the runbook does not say from where it counts: it is checked when it comes back`, wanted: 'an offset that is known while the region is lost', mend: 'name `offsets` for each region in the runbook' })),
    ...waiting.map(({ region, waits }) => ({ rule: 'unique-keys-waiting', observed: `the parameter group of the writer in ${region} is ${waits}: it may not count as its group says yet`, wanted: 'in-sync', mend: `SHOW VARIABLES LIKE 'auto_increment%' on it; what waits for a restart: aws rds reboot-db-instance --region ${region}` })),
  ];
  return { state: 'ok', because, warnings };
}

async function observe(ctx: StepContext, p: Params): Promise<Observation> {
  const { because, problems } = await look(ctx, p);
  return problems.length > 0 ? refusal(p, problems.join('; ')) : { state: 'reached', because };
}

export const uniqueKeys = stepKind<Params>({ params, check, observe });

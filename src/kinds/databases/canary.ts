import * as z from 'zod';
import { dbInstanceState } from '../../aws/states/rds.ts';
import { messageOf } from '../../base/errors.ts';
import { LIMITS } from '../../base/limits.ts';
import { instanceSchema, refused, sqlName, stepKind } from '../common.ts';
import { canaryFact } from './facts.ts';
import { envOf, loginParams, type LoginSeen, loginSeen, loginTo, missingLogin, type NamedLogin, sqlTarget, targetOf, withoutSql } from './login.ts';
import type { PlanContext, StepDraft } from '../../model/kind.ts';
import type { StepContext, Warning } from '../../model/step.ts';
import { type Database, instanceNow, lookRights, rdsResource } from './instance.ts';
import { findPoints, listBackups } from './recovery-points.ts';

const params = z.strictObject({
  name: z.string(),
  table: sqlName,
  ...loginParams,
  /** This run makes the instance: it is not there yet when checks are made. */
  made: z.boolean().optional(),
  /** The original of an instance that this run makes: its recovery points tell the engine. */
  source: instanceSchema.optional(),
});
type Params = z.infer<typeof params>;

/** A row is written, committed and read back, again and again until it works: in a table of its own that does no harm. Records `canary.<database>`. */
export const canary = stepKind<Params>({
  params,
  check: async (ctx, p) => {
    const instance = p.made === true ? undefined : await instanceNow(ctx, p);
    const target = missingLogin(ctx, p) ?? (p.made === true ? await engineOfPoint(ctx, p) : sqlTarget(ctx, p.id, p, instance));
    const seen: LoginSeen = typeof target === 'object' ? await loginSeen(ctx, p.id, p, target) : { refused: target };
    const refusal = seen.refused;
    // Where no engine runs, others say so.
    const words = dbInstanceState(instance?.DBInstanceStatus).writes === 'no' ? undefined : seen.unreached;
    if (refusal === undefined) return { state: 'ok', because: `login for ${p.id} is there`, ...(words === undefined ? {} : { warnings: [unreached(p, words)] }) };
    return refused({
      rule: 'canary',
      observed: refusal,
      threshold: `the environment variables ${p.userEnv} and ${p.passwordEnv}, and a PostgreSQL endpoint`,
      consequence: `the new writer of ${p.name} could not be proven to take writes before users are sent to it`,
      override: `export ${p.userEnv}=… ${p.passwordEnv}=…, or take \`canary\` out of the runbook`,
    });
  },
  observe: async (ctx, p) => {
    const target = await targetOf(ctx, p);
    if (typeof target === 'string') return { state: 'pending', because: target, waitingFor: 'aws' };
    const token = `${ctx.runbook}-${ctx.effects.ids.hex(8)}`;
    try {
      const read = await ctx.effects.sql.canary(target, p.table, token, LIMITS.sqlMs, ctx.signal);
      if (read !== token) return { state: 'pending', because: `wrote ${token}, read ${read}`, waitingFor: 'database' };
      canaryFact.record(ctx, p.name, { token, at: ctx.effects.clock.now(), table: p.table });
      return { state: 'reached', because: `row ${token} was written, committed and read back` };
    } catch (error) {
      ctx.signal.throwIfAborted();
      return { state: 'pending', because: messageOf(error), waitingFor: 'database' };
    }
  },
});

/** The row is written after the line, and users are led there only then: without a way from here the run would end between the two. */
function unreached({ id }: Params, observed: string): Warning {
  return {
    rule: 'login',
    observed: `${observed}. If that stays so, the run fails after the promotion, before users are moved`,
    wanted: `a way from here to ${id}`,
    mend: `let this machine reach ${id}, run where it is reached, or take \`canary\` out of the runbook`,
    page: 'https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/CHAP_Troubleshooting.html#CHAP_Troubleshooting.Connecting',
  };
}

/** An instance that is not there yet will run what its backups hold. */
async function engineOfPoint(ctx: StepContext, { id, region, source }: Params): Promise<string | undefined> {
  if (source === undefined) return undefined;
  const { usable } = await findPoints(ctx, region, { [source.region]: source.id });
  return withoutSql(id, usable[0]?.engine);
}

export function canaryStep(ctx: PlanContext, copy: Database, login: NamedLogin & { table: string }, after: string, source?: Database): StepDraft {
  const { table } = login;
  return {
    step: 'canary',
    phase: 'data',
    after: [after],
    reversibility: 'reversible',
    title: `Write a row to ${copy.id} and read it back`,
    env: envOf(login),
    params: { ...loginTo(copy, login), table, ...(source === undefined ? {} : { made: true, source: { region: source.region, id: source.id } }) } satisfies Params,
    controlPlanes: [],
    permissions: [lookRights(ctx, copy), ...(source === undefined ? [] : [listBackups(copy.region, ctx.account)])],
    estimate: { p50: 1, p95: 10, basis: 'one connection, one insert, one select' },
    limitMs: 300_000,
    changes: [{ resource: rdsResource(copy.region, copy.id), field: `table ${table}`, before: '', after: 'one canary row' }],
  };
}

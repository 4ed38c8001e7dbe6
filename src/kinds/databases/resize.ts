import * as z from 'zod';
import type { DbInstance } from '../../aws/rds.ts';
import { dbInstanceState, mayBeAsked } from '../../aws/states/rds.ts';
import { LIMITS } from '../../base/limits.ts';
import { allow, databasePart, refused, stepKind } from '../common.ts';
import { lastsFor } from '../looks.ts';
import { fact } from '../../model/fact.ts';
import type { Observation, StepContext, Verdict, Warning } from '../../model/step.ts';
import { freshRefusal, isAvailable, modifyWhenFree, notReady, orRefused } from './change.ts';
import type { PlanContext, StepDraft } from '../../model/kind.ts';
import { type Database, dbArn, instanceNow, pendingChanges, rdsResource } from './instance.ts';
import { offerFor } from './offered.ts';

/*
 * Changes the class of an instance that nobody writes to yet: it is restarted.
 * https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/Overview.DBInstance.Modifying.html
 */

const params = z.strictObject({ ...databasePart, to: z.string() });
type Params = z.infer<typeof params>;

const classFact = fact('class', z.string());
const before = (p: Params): string => `${p.name}.before`;

function change(ctx: StepContext, p: Params, to: string) {
  return modifyWhenFree(ctx, p, { DBInstanceClass: to, ApplyImmediately: true });
}

const CLASS = 'DBInstanceClass';
/** So long a change that was asked for at once may wait, of an instance that shows nothing under way. Then it is asked for again. Milliseconds. */
const ON_ITS_WAY_MS = 300_000;

async function observe(ctx: StepContext, p: Params): Promise<Observation> {
  const instance = await instanceNow(ctx, p);
  if (instance === undefined) return { state: 'impossible', because: `${p.id} is not in ${p.region}` };
  const has = instance.DBInstanceClass ?? 'unknown';
  const state = dbInstanceState(instance.DBInstanceStatus);
  const serves = mayBeAsked(state) && state.writes === 'yes' && state.changing !== true;
  const not = notReady(p.id, state);
  // Some states last for hours, and AWS does not document whether it changes the class then: it is asked, and its refusal is waited out.
  if (not !== undefined && (!serves || (has !== p.to && freshRefusal(ctx, p) !== undefined))) return not;
  if (has === p.to) return { state: 'reached', because: `${p.id} has the class ${has}` };
  // What somebody else has asked for waits for the maintenance window, which may be days away.
  const onItsWay = instance.PendingModifiedValues?.DBInstanceClass === p.to && ctx.intends(rdsResource(p.region, p.id), CLASS);
  if (onItsWay && lastsFor(ctx, `pending-class.${p.name}`) < ON_ITS_WAY_MS) return { state: 'pending', because: `${p.id} gets the class ${p.to}`, waitingFor: 'aws' };
  classFact.record(ctx, before(p), has);
  return { state: 'absent', because: `${p.id} has the class ${has}` };
}

/** A change that is asked for at once takes with it all that waits, also a new version of the engine: users wait for it. */
function madeWithIt(p: Params, instance: DbInstance): Warning[] {
  const waiting = pendingChanges(instance).filter((one) => one !== `${CLASS} ${p.to}`);
  if (waiting.length === 0) return [];
  return [{
    rule: 'pending-changes',
    observed: `${p.id} has changes that wait for its maintenance window: ${waiting.join(', ')}; AWS makes them together with the class ${p.to}, and the recovery waits for all of them`,
    wanted: 'no pending change',
    mend: `aws rds modify-db-instance --region ${p.region} --db-instance-identifier ${p.id} --apply-immediately, in a quiet hour`,
    page: 'https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_ModifyInstance.ApplyImmediately.html',
  }];
}

/** A class that RDS does not offer where the instance is would be refused after the line. */
async function offered(ctx: StepContext, p: Params, instance: DbInstance): Promise<Verdict> {
  const has = instance.DBInstanceClass ?? 'unknown';
  const { AvailabilityZone: zone, SecondaryAvailabilityZone: second, Engine: engine, EngineVersion: version, StorageType: storageType } = instance;
  const zones = [zone, second].filter((one) => one !== undefined);
  const { unfit, warnings } = has === p.to ? { unfit: [], warnings: [] } : await offerFor(ctx, { region: p.region, id: p.id, engine, version, instanceClass: p.to, multiAz: instance.MultiAZ, zones, storageType });
  if (unfit.length === 0) {
    const all = [...warnings, ...(has === p.to ? [] : madeWithIt(p, instance))];
    return { state: 'ok', because: `${p.id} has the class ${has}`, ...(all.length > 0 ? { warnings: all } : {}) };
  }
  return refused({
    rule: 'instance-class',
    observed: unfit.join('; '),
    threshold: `a class that RDS offers where ${p.id} is`,
    consequence: `AWS refuses to change ${p.id}, and the recovery stops there`,
    override: `none: name another one: instanceClass: { active: … } of ${p.name} in the runbook. aws rds describe-orderable-db-instance-options --region ${p.region} --engine ${engine ?? ''} shows what there is`,
  });
}

export const resize = stepKind<Params>({
  params,
  check: async (ctx, p) => {
    const instance = await instanceNow(ctx, p);
    if (instance !== undefined) return offered(ctx, p, instance);
    return refused({
      rule: 'replica-usable',
      observed: `${p.id} is not in ${p.region}`,
      threshold: 'an instance whose class can be changed',
      consequence: 'there is nothing that could be made larger',
      override: `none: aws rds describe-db-instances --region ${p.region}`,
    });
  },
  observe: async (ctx, p) => orRefused(ctx, p, await observe(ctx, p)),
  act: (ctx, p) => change(ctx, p, p.to),
  undo: async (ctx, p) => {
    const had = classFact.read(ctx, before(p));
    if (had === undefined) throw new Error(`the class that ${p.id} had is not known`);
    for (;;) {
      const instance = await instanceNow(ctx, p);
      if (instance === undefined) throw new Error(`${p.id} is not in ${p.region} any more`);
      if (isAvailable(instance)) {
        if (instance.DBInstanceClass === had) return;
        await change(ctx, p, had);
      }
      await ctx.wait('aws', LIMITS.pollMaxMs);
    }
  },
});

export function resizeStep(ctx: PlanContext, { name, region, id }: Database, before: string, to: string): StepDraft {
  return {
    step: 'resize',
    phase: 'compute',
    reversibility: 'compensable',
    title: `Give ${id} the class ${to}`,
    params: { name, region, id, to } satisfies Params,
    controlPlanes: [`rds@${region}`],
    permissions: [allow(['rds:DescribeDBInstances', 'rds:ModifyDBInstance'], [dbArn(region, ctx.account, id)]), allow(['rds:DescribeOrderableDBInstanceOptions'], ['*'])],
    estimate: { p50: 420, p95: 1200, basis: 'a change of class with a restart; Multi-AZ is faster' },
    limitMs: 3_600_000,
    changes: [{ resource: rdsResource(region, id), field: CLASS, before, after: to }],
  };
}

import * as z from 'zod';
import { arnIn } from '../../base/arn.ts';
import { allow, dbInstanceId, inRegion, perRegion, READS, regionsAt } from '../common.ts';
import { databaseSlas } from '../databases/sides.ts';
import type { PlanContext, ResourceKind, StepDraft } from '../../model/kind.ts';
import { dbArn, isWriter } from '../databases/instance.ts';
import { databaseProductionStep, production } from '../databases/production.ts';
import { assessSourceApi, sourceApiStep } from '../databases/signals.ts';
import { proxyField, reachabilityField, simulateWayIn, wayInLooks, wayInRegions } from '../databases/way-in.ts';
import { writerReady } from '../databases/writer.ts';
import { inspectWriters } from '../databases/writers-ready.ts';
import { uniqueKeys } from '../databases/unique-keys.ts';
import { traitsOf } from '../../model/verb.ts';
import { neededInstance } from '../databases/refusals.ts';
import { discoverWriters } from '../discovery/writers.ts';

/* A writable database in each region, kept alike outside of dr. Nothing is promoted: the regions that stay take writes, and no two writers make the same key. */

const schema = z
  .strictObject({
    kind: z.literal('rds-writers'),
    instances: perRegion(dbInstanceId).describe('DB instance identifier in each region; each takes writes'),
    keys: z
      .enum(['auto-increment', 'uuid'])
      .describe('auto-increment: steps and offsets are compared in the parameter groups (MySQL, MariaDB). uuid: keys cannot collide, nothing is compared'),
    offsets: perRegion(z.int().min(1).max(65_535))
      .optional()
      .describe('auto_increment_offset of each region: stands in for the answer of a region that is lost'),
    proxy: proxyField,
    reachability: reachabilityField,
  })
  .refine((db) => db.keys !== 'uuid' || db.offsets === undefined, { path: ['offsets'], message: '`offsets` belong to `keys: auto-increment`' });

type RdsWriters = z.infer<typeof schema>;

function plan(ctx: PlanContext, name: string, db: RdsWriters): StepDraft[] {
  const back = traitsOf(ctx.verb).rebuilds;
  const needed = back ? [ctx.source, ctx.target] : ctx.survivors;
  const describe = (regions: readonly string[]) => allow(['rds:DescribeDBInstances'], regions.map((region) => dbArn(region, ctx.account, inRegion(db.instances, region))));
  const steps: StepDraft[] = [];
  if (!back) steps.push(sourceApiStep(ctx, { name, region: ctx.source, id: inRegion(db.instances, ctx.source) }));
  if (db.keys === 'auto-increment') {
    const regions = Object.keys(db.instances);
    steps.push({
      ...READS,
      step: 'uniqueKeys',
      phase: 'assess',
      gate: true,
      title: `No two writers of ${name} make the same key`,
      params: {
        writers: regions.map((region) => ({ region, id: inRegion(db.instances, region), ...(db.offsets?.[region] === undefined ? {} : { offset: db.offsets[region] }) })),
        // A failover leaves a region that may be dead; one that is out already may be too.
        maybeSilent: regions.filter((region) => !ctx.survivors.includes(region) && (traitsOf(ctx.verb).sourceMayBeDead || region !== ctx.source)),
      },
      permissions: [describe(regions), allow(['rds:DescribeDBParameters'], regions.map((region) => arnIn(region, 'rds', ctx.account, 'pg:*')))],
      estimate: { p50: 2, p95: 5, basis: 'a few API calls in each region' },
      limitMs: 60_000,
    });
  }
  for (const [i, region] of needed.entries()) {
    const id = inRegion(db.instances, region);
    steps.push({
      ...READS,
      step: 'ready',
      label: i === 0 ? 'ready' : `ready${i + 1}`,
      phase: 'data',
      title: `${id} in ${region} takes writes`,
      params: { region, id },
      permissions: [describe([region])],
      estimate: { p50: 1, p95: 5, basis: 'one API call' },
      limitMs: 900_000,
    });
  }
  return steps;
}

const kind: ResourceKind<RdsWriters> = {
  section: 'databases',
  strategies: ['active-active'],
  summary: 'A writable RDS database in each region: nothing is promoted, keys are checked to be unique',
  schema,
  ids: (db) => [{ type: 'rds:db', path: ['instances'], ids: db.instances }],
  regions: (db) => [...regionsAt(db.instances, 'instances'), ...regionsAt(db.offsets, 'offsets'), ...wayInRegions(db)],
  lint: (db) => {
    if (db.keys === 'uuid') return [];
    const offsets = Object.values(db.offsets ?? {});
    if (new Set(offsets).size < offsets.length) return [{ path: ['offsets'], severity: 'error', message: 'two regions have the same offset: they would make the same keys' }];
    return db.offsets === undefined ? [{ path: [], severity: 'warning', message: 'without `offsets` nobody knows from where a lost region counted' }] : [];
  },
  observe: async (ctx, db) => {
    const id = inRegion(db.instances, ctx.target);
    const instance = await neededInstance(ctx, 'rds-writers', id, { detail: 'Without it the region can take no writes.' });
    const writer = isWriter(instance);
    // All of them take writes, and the others may not be asked: traffic tells which of them serve.
    return { activeIn: [], because: `${id} in ${ctx.target} is ${writer ? 'a writer' : 'a replica'}`, facts: { role: writer ? 'writer' : 'replica' } };
  },
  looks: (at, db) => [allow(['rds:DescribeDBInstances'], [dbArn(at.target, at.account, inRegion(db.instances, at.target))])],
  inspect: inspectWriters,
  slas: (ctx, db, region) => databaseSlas(ctx, region, inRegion(db.instances, region)),
  inspectRights: (at, db) => [allow(['rds:DescribeDBInstances'], [at.source, at.target].map((region) => dbArn(region, at.account, inRegion(db.instances, region)))), ...wayInLooks(at, db)],
  plan,
  // All of them take writes already: they are looked at, and nothing is made.
  drill: (ctx, name, db) => [databaseProductionStep(ctx, name, db.instances), ...plan(ctx, name, db).filter(({ step }) => step !== 'assessSourceApi')],
  steps: { production, assessSourceApi, uniqueKeys, ready: writerReady },
  discover: discoverWriters,
  simulate: (world, name, db) => {
    const regions = Object.keys(db.instances);
    for (const [i, region] of regions.entries()) {
      const parameterGroup = `${name}-writer`;
      const parameters = { auto_increment_increment: String(regions.length), auto_increment_offset: String(db.offsets?.[region] ?? i + 1) };
      const mysql = db.keys === 'auto-increment';
      if (mysql) world.addDbParameterGroup({ region, name: parameterGroup, family: 'mysql8.4', parameters });
      world.addDbInstance({ region, id: inRegion(db.instances, region), ...(mysql ? { engine: 'mysql' as const, parameterGroup } : {}) });
    }
    simulateWayIn(world, db, db.instances, db.keys === 'auto-increment' ? 'mysql' : 'postgres');
  },
};

export default kind;

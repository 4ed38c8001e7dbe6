import { describe, expect, it } from 'vitest';
import { fenceAgainStep } from '../../../src/kinds/databases/fence-again.ts';
import { fenceStep } from '../../../src/kinds/databases/fence.ts';
import { positionGateStep } from '../../../src/kinds/databases/position-gate.ts';
import { promoteStep, promoteTwinStep } from '../../../src/kinds/databases/promote.ts';
import { backupsStep } from '../../../src/kinds/databases/backup-signal.ts';
import { replicationStep, sourceApiStep } from '../../../src/kinds/databases/signals.ts';
import { canaryStep } from '../../../src/kinds/databases/canary.ts';
import { openWritesStep } from '../../../src/kinds/databases/open-writes.ts';
import { quiesceStep } from '../../../src/kinds/databases/quiesce.ts';
import { caughtUpStep, recoveryGateStep } from '../../../src/kinds/databases/recovery-gate.ts';
import { inSyncStep, parametersStep, rebuildStep, restartStep } from '../../../src/kinds/databases/rebuild.ts';
import { openStep, restoreStep, restoreTwinStep } from '../../../src/kinds/databases/restore.ts';
import { rpoGateStep } from '../../../src/kinds/databases/rpo-gate.ts';
import { rebuildOf } from '../../../src/kinds/databases/standby.ts';
import { standbyGateStep } from '../../../src/kinds/databases/standby-gate.ts';
import type { PlanContext, StepDraft } from '../../../src/model/kind.ts';
import { SEOUL, TOKYO } from '../context.ts';

/* What a plan says of the steps on which the data depends: what each may do, in which order, for how long, and by which rights. */

const at = (verb: PlanContext['verb']): PlanContext => ({ runbook: 'shop', verb, strategy: 'warm-standby', source: SEOUL, target: TOKYO, survivors: [TOKYO], objectives: { rpoMs: 300_000, rtoMs: 900_000 }, account: '111122223333' });
const old = { name: 'orders', region: SEOUL, id: 'shop-orders' };
const copy = { name: 'orders', region: TOKYO, id: 'shop-orders-tokyo' };
const login = { database: 'shop', userEnv: 'SHOP_DB_USER', passwordEnv: 'SHOP_DB_PASSWORD' };
const GROUP = 'sg-0aaaaaaaaaaaaaaaa';

/** A draft, as people can read it. */
function told({ step, title, phase, reversibility, limitMs, estimate, permissions, changes, params, ...more }: StepDraft): string {
  return [
    `${step}: ${title}`,
    `${phase} ${reversibility}, ${estimate.p50} to ${estimate.p95} s, limit ${limitMs / 1000} s: ${estimate.basis}`,
    ...permissions.map(({ actions, resources, conditions }) => `may ${actions.join(' ')} on ${resources.join(' ')}${conditions === undefined ? '' : ` if ${JSON.stringify(conditions)}`}`),
    ...changes.map((change) => `${change.resource} ${change.field}: ${change.before} → ${change.after}`),
    JSON.stringify(params),
    JSON.stringify(more),
  ].join('\n');
}

describe('the looks at a source', () => {
  it('at its own API, which may be dead', () => {
    expect(told(sourceApiStep(at('failover'), old))).toMatchInlineSnapshot(`
      "assessSourceApi: Does the RDS API of ap-northeast-2 answer for shop-orders?
      assess reversible, 2 to 3 s, limit 30 s: limit of one look at a region that may be dead
      may rds:DescribeDBInstances on arn:aws:rds:ap-northeast-2:111122223333:db:shop-orders
      {"signal":"rds-api.orders","region":"ap-northeast-2","id":"shop-orders"}
      {"controlPlanes":[],"signal":"rds-api.orders"}"
    `);
    expect(sourceApiStep(at('switchover'), old, 1).estimate.p50).toBe(1);
  });

  it('at its replication, from the target; a planned move says how far it may lag', () => {
    expect(told(replicationStep(at('failover'), copy))).toMatchInlineSnapshot(`
      "assessReplication: Does shop-orders-tokyo still replicate?
      assess reversible, 1 to 3 s, limit 30 s: two API calls
      may rds:DescribeDBInstances on arn:aws:rds:ap-northeast-1:111122223333:db:shop-orders-tokyo
      may cloudwatch:GetMetricData on *
      {"signal":"replication.orders","region":"ap-northeast-1","id":"shop-orders-tokyo"}
      {"controlPlanes":[],"signal":"replication.orders"}"
    `);
    expect(replicationStep(at('switchover'), copy, 5000).params).toEqual({ signal: 'replication.orders', region: TOKYO, id: 'shop-orders-tokyo', maxLagMs: 5000 });
    expect(Object.keys(replicationStep(at('failover'), copy).params as object)).toEqual(['signal', 'region', 'id']);
  });

  it('at its backups, in the region that keeps them', () => {
    expect(told(backupsStep(at('failover'), old))).toMatchInlineSnapshot(`
      "assessBackups: Do backups of shop-orders still arrive in ap-northeast-1?
      assess reversible, 1 to 3 s, limit 30 s: two API calls
      may rds:DescribeDBInstanceAutomatedBackups rds:DescribeDBSnapshots on arn:aws:rds:ap-northeast-1:111122223333:auto-backup:* arn:aws:rds:ap-northeast-1:111122223333:db:* arn:aws:rds:ap-northeast-1:111122223333:snapshot:*
      {"signal":"backups.orders","region":"ap-northeast-1","source":{"region":"ap-northeast-2","id":"shop-orders"}}
      {"controlPlanes":[],"signal":"backups.orders"}"
    `);
  });
});

describe('what is done inside a database', () => {
  it('writes are stopped, and let in again', () => {
    expect(told(quiesceStep(at('switchover'), old, login))).toMatchInlineSnapshot(`
      "quiesce: Stop writes to shop-orders in ap-northeast-2
      fence compensable, 1 to 20 s, limit 120 s: one ALTER DATABASE, then the end of every session
      may rds:DescribeDBInstances on arn:aws:rds:ap-northeast-2:111122223333:db:shop-orders
      rds:ap-northeast-2:shop-orders database shop: read and write → read-only, sessions ended
      {"name":"orders","region":"ap-northeast-2","id":"shop-orders","database":"shop","userEnv":"SHOP_DB_USER","passwordEnv":"SHOP_DB_PASSWORD"}
      {"env":["SHOP_DB_USER","SHOP_DB_PASSWORD"],"controlPlanes":[]}"
    `);
    expect(told(openWritesStep(at('switchover'), copy, login, 'promote'))).toMatchInlineSnapshot(`
      "openWrites: Make sure that shop-orders-tokyo takes writes
      data reversible, 1 to 10 s, limit 300 s: one look; one ALTER DATABASE after a switchover
      may rds:DescribeDBInstances on arn:aws:rds:ap-northeast-1:111122223333:db:shop-orders-tokyo
      rds:ap-northeast-1:shop-orders-tokyo database shop: read-only → read and write
      {"name":"orders","region":"ap-northeast-1","id":"shop-orders-tokyo","database":"shop","userEnv":"SHOP_DB_USER","passwordEnv":"SHOP_DB_PASSWORD"}
      {"after":["promote"],"env":["SHOP_DB_USER","SHOP_DB_PASSWORD"],"controlPlanes":[]}"
    `);
    expect(openWritesStep(at('failover'), copy, login, 'restore')).toMatchObject({ after: ['restore'], changes: [], estimate: { basis: 'one ALTER DATABASE' } });
  });

  it('a row is written and read back', () => {
    const named = { ...login, table: 'dr_canary' };
    expect(told(canaryStep(at('failover'), copy, named, 'openWrites'))).toMatchInlineSnapshot(`
      "canary: Write a row to shop-orders-tokyo and read it back
      data reversible, 1 to 10 s, limit 300 s: one connection, one insert, one select
      may rds:DescribeDBInstances on arn:aws:rds:ap-northeast-1:111122223333:db:shop-orders-tokyo
      rds:ap-northeast-1:shop-orders-tokyo table dr_canary:  → one canary row
      {"name":"orders","region":"ap-northeast-1","id":"shop-orders-tokyo","database":"shop","userEnv":"SHOP_DB_USER","passwordEnv":"SHOP_DB_PASSWORD","table":"dr_canary"}
      {"after":["openWrites"],"env":["SHOP_DB_USER","SHOP_DB_PASSWORD"],"controlPlanes":[]}"
    `);
    const made = canaryStep(at('failover'), copy, named, 'restore', old);
    expect(made.params).toMatchObject({ made: true, source: { region: SEOUL, id: 'shop-orders' } });
    expect(made.permissions.flatMap(({ actions }) => actions)).toContain('rds:DescribeDBSnapshots');
  });
});

describe('the gates before a promotion', () => {
  it('a loss within the RPO', () => {
    expect(told(rpoGateStep(at('failover'), copy, undefined))).toMatchInlineSnapshot(`
      "rpoGate: Data loss of orders against the RPO
      assess reversible, 1 to 3 s, limit 30 s: two API calls
      may rds:DescribeDBInstances on arn:aws:rds:ap-northeast-1:111122223333:db:shop-orders-tokyo
      may cloudwatch:GetMetricData on *
      {"name":"orders","region":"ap-northeast-1","id":"shop-orders-tokyo","rpoMs":300000}
      {"controlPlanes":[],"gate":true}"
    `);
    expect(rpoGateStep(at('failover'), copy, [TOKYO]).params).toMatchObject({ usersIn: [TOKYO] });
    // A plan is hashed: what is not there is no member.
    expect(Object.keys(rpoGateStep(at('failover'), copy, undefined).params as object)).toEqual(['name', 'region', 'id', 'rpoMs']);
  });

  it('the whole log replayed', () => {
    expect(told(positionGateStep(at('switchover'), copy, old, login))).toMatchInlineSnapshot(`
      "positionGate: shop-orders-tokyo has replayed every write of shop-orders
      data reversible, 2 to 30 s, limit 180 s: the lag of the replica, without new writes
      may rds:DescribeDBInstances on arn:aws:rds:ap-northeast-1:111122223333:db:shop-orders-tokyo arn:aws:rds:ap-northeast-2:111122223333:db:shop-orders
      {"name":"orders","region":"ap-northeast-1","id":"shop-orders-tokyo","database":"shop","userEnv":"SHOP_DB_USER","passwordEnv":"SHOP_DB_PASSWORD","source":{"region":"ap-northeast-2","id":"shop-orders"}}
      {"controlPlanes":[],"gate":true,"env":["SHOP_DB_USER","SHOP_DB_PASSWORD"]}"
    `);
  });
});

describe('the gates before a restore', () => {
  it('a recovery point within the RPO', () => {
    expect(told(recoveryGateStep(at('failover'), copy, old))).toMatchInlineSnapshot(`
      "recoveryGate: Newest recovery point of orders against the RPO
      assess reversible, 1 to 3 s, limit 30 s: two API calls
      may rds:DescribeDBInstanceAutomatedBackups rds:DescribeDBSnapshots on arn:aws:rds:ap-northeast-1:111122223333:auto-backup:* arn:aws:rds:ap-northeast-1:111122223333:db:* arn:aws:rds:ap-northeast-1:111122223333:snapshot:*
      may kms:DescribeKey on arn:aws:kms:ap-northeast-1:111122223333:key/*
      {"name":"orders","region":"ap-northeast-1","id":"shop-orders-tokyo","source":{"region":"ap-northeast-2","id":"shop-orders"},"rpoMs":300000}
      {"controlPlanes":[],"gate":true,"oldWriter":"rds:ap-northeast-2:shop-orders"}"
    `);
  });

  it('backups that hold every write', () => {
    expect(told(caughtUpStep(at('switchover'), copy, old))).toMatchInlineSnapshot(`
      "caughtUp: Backups in ap-northeast-1 hold every write of shop-orders
      data reversible, 360 to 1200 s, limit 3600 s: AWS moves the newest restorable time about every five minutes; its copy comes later
      may rds:DescribeDBInstanceAutomatedBackups rds:DescribeDBSnapshots on arn:aws:rds:ap-northeast-1:111122223333:auto-backup:* arn:aws:rds:ap-northeast-1:111122223333:db:* arn:aws:rds:ap-northeast-1:111122223333:snapshot:*
      may kms:DescribeKey on arn:aws:kms:ap-northeast-1:111122223333:key/*
      {"name":"orders","region":"ap-northeast-1","id":"shop-orders-tokyo","source":{"region":"ap-northeast-2","id":"shop-orders"}}
      {"controlPlanes":[],"gate":true,"oldWriter":"rds:ap-northeast-2:shop-orders"}"
    `);
  });
});

describe('the fence', () => {
  it('with a quarantine group', () => {
    expect(told(fenceStep(at('failover'), old, GROUP))).toMatchInlineSnapshot(`
      "fence: Fence the old writer shop-orders in ap-northeast-2
      fence compensable, 1 to 180 s, limit 240 s: nothing to change where the region is dead; else a change of security groups takes under a minute, and a reboot one or two
      may rds:DescribeDBInstances rds:ModifyDBInstance rds:RebootDBInstance on arn:aws:rds:ap-northeast-2:111122223333:db:shop-orders
      may ec2:DescribeSecurityGroups on *
      rds:ap-northeast-2:shop-orders VpcSecurityGroups: as it is → sg-0aaaaaaaaaaaaaaaa (if its API answers)
      rds:ap-northeast-2:shop-orders sessions: as they are → ended by a reboot (if its API answers)
      {"name":"orders","region":"ap-northeast-2","id":"shop-orders","group":"sg-0aaaaaaaaaaaaaaaa"}
      {"controlPlanes":[]}"
    `);
  });

  it('without one changes nothing', () => {
    expect(told(fenceStep(at('failover'), old, undefined))).toMatchInlineSnapshot(`
      "fence: Fence the old writer shop-orders in ap-northeast-2
      fence compensable, 1 to 180 s, limit 240 s: nothing to change where the region is dead; else a change of security groups takes under a minute, and a reboot one or two
      may rds:DescribeDBInstances on arn:aws:rds:ap-northeast-2:111122223333:db:shop-orders
      {"name":"orders","region":"ap-northeast-2","id":"shop-orders"}
      {"controlPlanes":[]}"
    `);
  });

  it('without one names none: a plan is hashed, and what is not there is no member', () => {
    expect(Object.keys(fenceStep(at('failover'), old, undefined).params as object)).toEqual(['name', 'region', 'id']);
  });

  it('as a guard beside the promotion; without a group there is none', () => {
    expect(fenceAgainStep(at('failover'), old, undefined, 'promote')).toEqual([]);
    expect(fenceAgainStep(at('failover'), old, GROUP, 'promote').map(told).join('\n')).toMatchInlineSnapshot(`
      "fenceAgain: Fence shop-orders if ap-northeast-2 answers again
      fence compensable, 0 to 0 s, limit 604800 s: runs beside the rest, and nothing waits for it
      may rds:DescribeDBInstances rds:ModifyDBInstance rds:RebootDBInstance on arn:aws:rds:ap-northeast-2:111122223333:db:shop-orders
      may ec2:DescribeSecurityGroups on *
      rds:ap-northeast-2:shop-orders VpcSecurityGroups: as it is → sg-0aaaaaaaaaaaaaaaa (if it was not fenced, and is seen again)
      rds:ap-northeast-2:shop-orders sessions: as they are → ended by a reboot (if it was not fenced, and is seen again)
      {"name":"orders","region":"ap-northeast-2","id":"shop-orders","group":"sg-0aaaaaaaaaaaaaaaa"}
      {"beside":["promote"],"optional":true,"controlPlanes":[]}"
    `);
  });
});

describe('the promotion', () => {
  it('of a failover', () => {
    expect(told(promoteStep(at('failover'), copy, old, { after: ['fence'], retentionDays: 7, login }))).toMatchInlineSnapshot(`
      "promote: Promote shop-orders-tokyo to primary
      data point-of-no-return, 300 to 900 s, limit 3600 s: AWS: "can take several minutes or longer"; grows with transactions to apply
      may rds:DescribeDBInstances rds:PromoteReadReplica on arn:aws:rds:ap-northeast-1:111122223333:db:shop-orders-tokyo
      may rds:DescribeDBParameters on arn:aws:rds:ap-northeast-1:111122223333:pg:*
      may cloudwatch:GetMetricData on *
      may rds:DescribeDBInstances on arn:aws:rds:ap-northeast-2:111122223333:db:shop-orders
      rds:ap-northeast-1:shop-orders-tokyo role: replica of shop-orders → writer
      rds:ap-northeast-1:shop-orders-tokyo BackupRetentionPeriod: as it is → 7 days
      {"name":"orders","region":"ap-northeast-1","id":"shop-orders-tokyo","source":{"region":"ap-northeast-2","id":"shop-orders"},"planned":false,"rpoMs":300000,"retentionDays":7,"login":{"database":"shop","userEnv":"SHOP_DB_USER","passwordEnv":"SHOP_DB_PASSWORD"}}
      {"after":["fence"],"oldWriter":"rds:ap-northeast-2:shop-orders","env":["SHOP_DB_USER","SHOP_DB_PASSWORD"],"controlPlanes":["rds@ap-northeast-1"]}"
    `);
  });

  it('of a switchover, with nothing named', () => {
    expect(told(promoteStep(at('switchover'), copy, old, {}))).toMatchInlineSnapshot(`
      "promote: Promote shop-orders-tokyo to primary
      data point-of-no-return, 300 to 900 s, limit 3600 s: AWS: "can take several minutes or longer"; grows with transactions to apply
      may rds:DescribeDBInstances rds:PromoteReadReplica on arn:aws:rds:ap-northeast-1:111122223333:db:shop-orders-tokyo
      may rds:DescribeDBParameters on arn:aws:rds:ap-northeast-1:111122223333:pg:*
      may cloudwatch:GetMetricData on *
      may rds:DescribeDBInstances on arn:aws:rds:ap-northeast-2:111122223333:db:shop-orders
      rds:ap-northeast-1:shop-orders-tokyo role: replica of shop-orders → writer
      {"name":"orders","region":"ap-northeast-1","id":"shop-orders-tokyo","source":{"region":"ap-northeast-2","id":"shop-orders"},"planned":true}
      {"oldWriter":"rds:ap-northeast-2:shop-orders","controlPlanes":["rds@ap-northeast-1"]}"
    `);
  });

  it('with nothing named has no member for it', () => {
    const { params, ...draft } = promoteStep(at('switchover'), copy, old, {});
    expect(Object.keys(params as object)).toEqual(['name', 'region', 'id', 'source', 'planned']);
    expect(['after', 'env'].filter((name) => name in draft)).toEqual([]);
  });

  it('of a copy that is a writer already', () => {
    expect(promoteStep(at('failover'), copy, old, { usersIn: [TOKYO] })).toMatchObject({
      params: { usersIn: [TOKYO] },
      changes: [{ field: 'role', before: 'a writer already, by whose hand is not known', after: 'writer' }],
    });
  });

  it('of a twin, which is no line', () => {
    const twin = { ...copy, id: 'dr-drill-1-orders' };
    expect(told(promoteTwinStep(at('drill'), twin, copy, { retentionDays: 7, login }))).toMatchInlineSnapshot(`
      "promote: Promote dr-drill-1-orders to primary
      data compensable, 300 to 900 s, limit 3600 s: AWS: "can take several minutes or longer"; grows with transactions to apply
      may rds:DescribeDBInstances rds:PromoteReadReplica on arn:aws:rds:ap-northeast-1:111122223333:db:dr-drill-*
      may rds:DescribeDBParameters on arn:aws:rds:ap-northeast-1:111122223333:pg:*
      may cloudwatch:GetMetricData on *
      rds:ap-northeast-1:dr-drill-1-orders role: replica of shop-orders-tokyo → writer
      rds:ap-northeast-1:dr-drill-1-orders BackupRetentionPeriod: as it is → 7 days
      {"name":"orders","region":"ap-northeast-1","id":"dr-drill-1-orders","source":{"region":"ap-northeast-1","id":"shop-orders-tokyo"},"planned":false,"rpoMs":300000,"retentionDays":7,"login":{"database":"shop","userEnv":"SHOP_DB_USER","passwordEnv":"SHOP_DB_PASSWORD"},"twin":true}
      {"env":["SHOP_DB_USER","SHOP_DB_PASSWORD"],"controlPlanes":["rds@ap-northeast-1"],"undoneBy":"twin"}"
    `);
  });
});

describe('the rebuild of a standby', () => {
  const db = { instances: { [SEOUL]: 'shop-orders', [TOKYO]: 'shop-orders-tokyo' } };
  const ctx = at('reprotect');
  const plain = () => rebuildOf(ctx, 'orders', db);

  it('a gate', () => {
    expect(told(standbyGateStep(ctx, plain()))).toMatchInlineSnapshot(`
      "standbyGate: Can shop-orders in ap-northeast-2 be rebuilt as a replica?
      assess reversible, 1 to 5 s, limit 60 s: a few API calls
      may rds:DescribeDBInstances on arn:aws:rds:ap-northeast-2:111122223333:db:* arn:aws:rds:ap-northeast-1:111122223333:db:shop-orders-tokyo
      may kms:DescribeKey on arn:aws:kms:ap-northeast-2:111122223333:key/*
      may rds:DescribeDBSubnetGroups on arn:aws:rds:ap-northeast-2:111122223333:subgrp:*
      may rds:DescribeOptionGroups on arn:aws:rds:ap-northeast-2:111122223333:og:*
      may rds:DescribeDBParameterGroups on arn:aws:rds:ap-northeast-2:111122223333:pg:*
      may ec2:DescribeSecurityGroups rds:DescribeAccountAttributes rds:DescribeOrderableDBInstanceOptions rds:DescribeCertificates on *
      {"name":"orders","region":"ap-northeast-2","id":"shop-orders","writer":"arn:aws:rds:ap-northeast-1:111122223333:db:shop-orders-tokyo"}
      {"controlPlanes":["rds@ap-northeast-2"],"gate":true}"
    `);
  });

  it('a new replica, with the groups and the key of the old instance, which only AWS knows', () => {
    expect(told(rebuildStep(ctx, plain()))).toMatchInlineSnapshot(`
      "rebuild: Recreate shop-orders, as a replica of shop-orders-tokyo
      data reversible, 1800 to 7200 s, limit 86400 s: a snapshot is taken and copied between the regions: grows with the data
      may rds:DescribeDBInstances on arn:aws:rds:ap-northeast-2:111122223333:db:* arn:aws:rds:ap-northeast-1:111122223333:db:shop-orders-tokyo
      may rds:CreateDBInstanceReadReplica on arn:aws:rds:ap-northeast-2:111122223333:db:shop-orders arn:aws:rds:ap-northeast-1:111122223333:db:shop-orders-tokyo arn:aws:rds:ap-northeast-2:111122223333:pg:* arn:aws:rds:ap-northeast-2:111122223333:og:* arn:aws:rds:ap-northeast-2:111122223333:subgrp:*
      may rds:AddTagsToResource on arn:aws:rds:ap-northeast-2:111122223333:db:shop-orders
      may iam:PassRole on arn:aws:iam::111122223333:role/* if {"StringEquals":{"iam:PassedToService":["monitoring.rds.amazonaws.com"]}}
      may kms:CreateGrant kms:DescribeKey on arn:aws:kms:ap-northeast-2:111122223333:key/* if {"StringEquals":{"kms:ViaService":["rds.ap-northeast-2.amazonaws.com"]}}
      rds:ap-northeast-2:shop-orders instance: none → replica
      {"name":"orders","region":"ap-northeast-2","id":"shop-orders","writer":"arn:aws:rds:ap-northeast-1:111122223333:db:shop-orders-tokyo"}
      {"controlPlanes":["rds@ap-northeast-2"]}"
    `);
  });

  it('its parameters, the restart that they take, and its lag', () => {
    expect([parametersStep(plain()), restartStep(plain()), inSyncStep(ctx, plain())].map(told).join('\n\n')).toMatchInlineSnapshot(`
      "parameters: Give shop-orders the parameter group of the old one
      data reversible, 5 to 120 s, limit 1800 s: one change, where it is another than the default
      may rds:DescribeDBInstances on arn:aws:rds:ap-northeast-2:111122223333:db:* arn:aws:rds:ap-northeast-1:111122223333:db:shop-orders-tokyo
      may rds:ModifyDBInstance on arn:aws:rds:ap-northeast-2:111122223333:db:shop-orders arn:aws:rds:ap-northeast-2:111122223333:db:shop-orders-old-* arn:aws:rds:ap-northeast-2:111122223333:pg:* arn:aws:rds:ap-northeast-2:111122223333:og:*
      {"name":"orders","region":"ap-northeast-2","id":"shop-orders","writer":"arn:aws:rds:ap-northeast-1:111122223333:db:shop-orders-tokyo"}
      {"controlPlanes":["rds@ap-northeast-2"],"after":["rebuild"]}

      restart: Restart shop-orders if its parameters wait for it
      data reversible, 30 to 300 s, limit 1800 s: one restart, where the parameter group was changed
      may rds:DescribeDBInstances on arn:aws:rds:ap-northeast-2:111122223333:db:* arn:aws:rds:ap-northeast-1:111122223333:db:shop-orders-tokyo
      may rds:RebootDBInstance on arn:aws:rds:ap-northeast-2:111122223333:db:shop-orders
      {"name":"orders","region":"ap-northeast-2","id":"shop-orders","writer":"arn:aws:rds:ap-northeast-1:111122223333:db:shop-orders-tokyo"}
      {"controlPlanes":["rds@ap-northeast-2"],"after":["parameters"]}

      inSync: shop-orders is in sync
      data reversible, 180 to 1800 s, limit 86400 s: the log since the snapshot, then a lag sample a minute
      may rds:DescribeDBInstances on arn:aws:rds:ap-northeast-2:111122223333:db:* arn:aws:rds:ap-northeast-1:111122223333:db:shop-orders-tokyo
      may cloudwatch:GetMetricData on *
      {"name":"orders","region":"ap-northeast-2","id":"shop-orders","writer":"arn:aws:rds:ap-northeast-1:111122223333:db:shop-orders-tokyo","maxLagMs":300000}
      {"controlPlanes":[],"after":["restart"]}"
    `);
  });

  it('what the runbook names is a member of its parameters, and nothing else is: a plan is hashed', () => {
    expect(Object.keys(plain().params)).toEqual(['name', 'region', 'id', 'writer']);
    const named = rebuildOf(ctx, 'orders', { ...db, securityGroups: { [SEOUL]: [GROUP], [TOKYO]: [] }, fence: { quarantine: { [SEOUL]: GROUP } }, instanceClass: { active: 'db.r6g.large', standby: 'db.t4g.small' } });
    expect(named.params).toEqual({ ...plain().params, securityGroups: [GROUP], quarantine: GROUP, instanceClass: 'db.t4g.small' });
    expect(rebuildOf(ctx, 'orders', { ...db, securityGroups: {}, fence: { quarantine: {} } }).params).toEqual(plain().params);
  });
});

describe('a restore', () => {
  const settings = { class: 'db.r6g.large', subnetGroup: 'archive', parameterGroup: 'archive-pg17', securityGroups: [GROUP, 'sg-0bbbbbbbbbbbbbbbb'], multiAz: true, retentionDays: 14 };
  const open = { settings, closedBy: undefined, kmsKey: undefined };
  const closed = { settings: { ...settings, multiAz: false, optionGroup: 'audit' }, closedBy: GROUP, kmsKey: 'arn:aws:kms:ap-northeast-1:111122223333:key/1' };

  it('that is closed, and opened: that is the line', () => {
    expect([restoreStep(at('failover'), copy, old, closed), ...openStep(at('failover'), copy, old, closed)].map(told).join('\n\n')).toMatchInlineSnapshot(`
      "restore: Restore shop-orders-tokyo from the newest recovery point, closed
      data compensable, 900 to 3600 s, limit 21600 s: a new instance and its volume; grows with the logs that are replayed
      may rds:DescribeDBInstances rds:AddTagsToResource rds:RebootDBInstance on arn:aws:rds:ap-northeast-1:111122223333:db:shop-orders-tokyo
      may rds:DescribeDBInstanceAutomatedBackups rds:DescribeDBSnapshots on arn:aws:rds:ap-northeast-1:111122223333:auto-backup:* arn:aws:rds:ap-northeast-1:111122223333:db:* arn:aws:rds:ap-northeast-1:111122223333:snapshot:*
      may rds:RestoreDBInstanceToPointInTime rds:RestoreDBInstanceFromDBSnapshot on arn:aws:rds:ap-northeast-1:111122223333:db:shop-orders-tokyo arn:aws:rds:ap-northeast-1:111122223333:subgrp:archive arn:aws:rds:ap-northeast-1:111122223333:pg:archive-pg17 arn:aws:rds:ap-northeast-1:111122223333:og:* arn:aws:rds:ap-northeast-1:111122223333:snapshot:* arn:aws:rds:ap-northeast-1:111122223333:auto-backup:*
      may rds:DescribeDBSubnetGroups rds:DescribeDBParameterGroups on arn:aws:rds:ap-northeast-1:111122223333:subgrp:archive arn:aws:rds:ap-northeast-1:111122223333:pg:archive-pg17
      may rds:DescribeOptionGroups on arn:aws:rds:ap-northeast-1:111122223333:og:audit
      may ec2:DescribeSecurityGroups rds:DescribeAccountAttributes rds:DescribeOrderableDBInstanceOptions on *
      may kms:DescribeKey kms:CreateGrant on arn:aws:kms:ap-northeast-1:111122223333:key/1 if {"StringEquals":{"kms:ViaService":["rds.ap-northeast-1.amazonaws.com"]}}
      rds:ap-northeast-1:shop-orders-tokyo instance: none → db.r6g.large, Single-AZ; AWS's defaults where the runbook says nothing
      {"name":"orders","region":"ap-northeast-1","id":"shop-orders-tokyo","settings":{"class":"db.r6g.large","subnetGroup":"archive","parameterGroup":"archive-pg17","securityGroups":["sg-0aaaaaaaaaaaaaaaa","sg-0bbbbbbbbbbbbbbbb"],"multiAz":false,"retentionDays":14,"optionGroup":"audit"},"closedBy":"sg-0aaaaaaaaaaaaaaaa","source":{"region":"ap-northeast-2","id":"shop-orders"}}
      {"controlPlanes":["rds@ap-northeast-1"]}

      open: Open shop-orders-tokyo to the application: from here on it goes its own way
      data point-of-no-return, 30 to 120 s, limit 21600 s: a change of security groups; longer where the first backup must end before it
      may rds:DescribeDBInstances rds:ModifyDBInstance on arn:aws:rds:ap-northeast-1:111122223333:db:shop-orders-tokyo
      may rds:DescribeDBInstanceAutomatedBackups rds:DescribeDBSnapshots on arn:aws:rds:ap-northeast-1:111122223333:auto-backup:* arn:aws:rds:ap-northeast-1:111122223333:db:* arn:aws:rds:ap-northeast-1:111122223333:snapshot:*
      may rds:DescribeDBInstances on arn:aws:rds:ap-northeast-2:111122223333:db:shop-orders
      rds:ap-northeast-1:shop-orders-tokyo VpcSecurityGroups: sg-0aaaaaaaaaaaaaaaa → sg-0aaaaaaaaaaaaaaaa, sg-0bbbbbbbbbbbbbbbb
      {"name":"orders","region":"ap-northeast-1","id":"shop-orders-tokyo","settings":{"class":"db.r6g.large","subnetGroup":"archive","parameterGroup":"archive-pg17","securityGroups":["sg-0aaaaaaaaaaaaaaaa","sg-0bbbbbbbbbbbbbbbb"],"multiAz":false,"retentionDays":14,"optionGroup":"audit"},"rpoMs":300000,"source":{"region":"ap-northeast-2","id":"shop-orders"}}
      {"after":["restore"],"controlPlanes":["rds@ap-northeast-1"]}"
    `);
  });

  it('that is open at once is the line itself, and weighs the loss', () => {
    expect(told(restoreStep(at('failover'), copy, old, open))).toMatchInlineSnapshot(`
      "restore: Restore shop-orders-tokyo from the newest recovery point
      data point-of-no-return, 900 to 3600 s, limit 21600 s: a new instance and its volume; grows with the logs that are replayed
      may rds:DescribeDBInstances rds:AddTagsToResource rds:RebootDBInstance on arn:aws:rds:ap-northeast-1:111122223333:db:shop-orders-tokyo
      may rds:DescribeDBInstanceAutomatedBackups rds:DescribeDBSnapshots on arn:aws:rds:ap-northeast-1:111122223333:auto-backup:* arn:aws:rds:ap-northeast-1:111122223333:db:* arn:aws:rds:ap-northeast-1:111122223333:snapshot:*
      may rds:RestoreDBInstanceToPointInTime rds:RestoreDBInstanceFromDBSnapshot on arn:aws:rds:ap-northeast-1:111122223333:db:shop-orders-tokyo arn:aws:rds:ap-northeast-1:111122223333:subgrp:archive arn:aws:rds:ap-northeast-1:111122223333:pg:archive-pg17 arn:aws:rds:ap-northeast-1:111122223333:og:* arn:aws:rds:ap-northeast-1:111122223333:snapshot:* arn:aws:rds:ap-northeast-1:111122223333:auto-backup:*
      may rds:DescribeDBSubnetGroups rds:DescribeDBParameterGroups on arn:aws:rds:ap-northeast-1:111122223333:subgrp:archive arn:aws:rds:ap-northeast-1:111122223333:pg:archive-pg17
      may ec2:DescribeSecurityGroups rds:DescribeAccountAttributes rds:DescribeOrderableDBInstanceOptions on *
      may rds:DescribeDBInstances on arn:aws:rds:ap-northeast-2:111122223333:db:shop-orders
      rds:ap-northeast-1:shop-orders-tokyo instance: none → db.r6g.large, Multi-AZ; AWS's defaults where the runbook says nothing
      {"name":"orders","region":"ap-northeast-1","id":"shop-orders-tokyo","settings":{"class":"db.r6g.large","subnetGroup":"archive","parameterGroup":"archive-pg17","securityGroups":["sg-0aaaaaaaaaaaaaaaa","sg-0bbbbbbbbbbbbbbbb"],"multiAz":true,"retentionDays":14},"rpoMs":300000,"source":{"region":"ap-northeast-2","id":"shop-orders"}}
      {"controlPlanes":["rds@ap-northeast-1"]}"
    `);
    expect(openStep(at('failover'), copy, old, open)).toEqual([]);
  });

  it('of a planned move waits for the backups, and has no loss to weigh', () => {
    expect(restoreStep(at('switchover'), copy, old, open)).toMatchObject({ after: ['caughtUp'] });
    expect(Object.keys(restoreStep(at('switchover'), copy, old, open).params as object)).toEqual(['name', 'region', 'id', 'settings', 'source']);
    expect(Object.keys(openStep(at('switchover'), copy, old, closed)[0]?.params as object)).toEqual(['name', 'region', 'id', 'settings', 'source']);
    expect(restoreStep(at('failover'), copy, old, open)).not.toHaveProperty('after');
  });

  it('of a drill is a twin, open and no line', () => {
    const drill = { ...at('drill'), drill: { mark: '1a2b' } };
    expect(told(restoreTwinStep(drill, copy, old, { settings, kmsKey: undefined }))).toMatchInlineSnapshot(`
      "restoreTwin: Restore dr-drill-1a2b-shop-orders-tokyo from the newest recovery point
      data compensable, 900 to 3600 s, limit 21600 s: a new instance and its volume; grows with the logs that are replayed
      may rds:DescribeDBInstances rds:AddTagsToResource rds:RebootDBInstance on arn:aws:rds:ap-northeast-1:111122223333:db:dr-drill-*
      may rds:DescribeDBInstanceAutomatedBackups rds:DescribeDBSnapshots on arn:aws:rds:ap-northeast-1:111122223333:auto-backup:* arn:aws:rds:ap-northeast-1:111122223333:db:* arn:aws:rds:ap-northeast-1:111122223333:snapshot:*
      may rds:RestoreDBInstanceToPointInTime rds:RestoreDBInstanceFromDBSnapshot on arn:aws:rds:ap-northeast-1:111122223333:db:dr-drill-* arn:aws:rds:ap-northeast-1:111122223333:subgrp:archive arn:aws:rds:ap-northeast-1:111122223333:pg:archive-pg17 arn:aws:rds:ap-northeast-1:111122223333:og:* arn:aws:rds:ap-northeast-1:111122223333:snapshot:* arn:aws:rds:ap-northeast-1:111122223333:auto-backup:*
      may rds:DescribeDBSubnetGroups rds:DescribeDBParameterGroups on arn:aws:rds:ap-northeast-1:111122223333:subgrp:archive arn:aws:rds:ap-northeast-1:111122223333:pg:archive-pg17
      may ec2:DescribeSecurityGroups rds:DescribeAccountAttributes rds:DescribeOrderableDBInstanceOptions on *
      may rds:DeleteDBInstance on arn:aws:rds:ap-northeast-1:111122223333:db:dr-drill-*
      rds:ap-northeast-1:dr-drill-1a2b-shop-orders-tokyo drill twin: none → restored from the newest recovery point of shop-orders
      {"name":"orders","region":"ap-northeast-1","id":"dr-drill-1a2b-shop-orders-tokyo","settings":{"class":"db.r6g.large","subnetGroup":"archive","parameterGroup":"archive-pg17","securityGroups":["sg-0aaaaaaaaaaaaaaaa","sg-0bbbbbbbbbbbbbbbb"],"multiAz":true,"retentionDays":14},"source":{"region":"ap-northeast-2","id":"shop-orders"},"nobody":"dr-drill-1a2b-nobody"}
      {"controlPlanes":["rds@ap-northeast-1"]}"
    `);
  });
});

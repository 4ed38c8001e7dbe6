import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { AwsCaller, AwsRequest } from '../../src/aws/caller.ts';
import type { Plan } from '../../src/model/plan.ts';
import { APPROVED, planOf, runPlan, SEOUL, SHOP, simulation, type Simulation, TOKYO } from '../engine/simulated.ts';

/*
 * A role made of a plan's permissions is enough for its run: every call that a run makes is held against them.
 */

interface Need {
  action: string;
  resource: string;
}

/** What IAM asks for a call: https://docs.aws.amazon.com/service-authorization/latest/reference/reference.html */
function needOf(request: AwsRequest, account: string): Need[] {
  const { service, region } = request;
  const operation: string = request.operation;
  const given = request.input as Record<string, unknown>;
  const text = (name: string): string => {
    const value = given[name];
    return typeof value === 'string' ? value : '';
  };
  switch (service) {
    case 'sts':
      return [];
    case 'rds':
      return [{ action: `rds:${operation}`, resource: `arn:aws:rds:${region}:${account}:db:${text('DBInstanceIdentifier')}` }];
    case 'cloudwatch':
    case 'ec2':
      return [{ action: `${service}:${operation}`, resource: '*' }];
    case 'elbv2':
      return [{ action: `elasticloadbalancing:${operation}`, resource: '*' }];
    case 'sns':
      return [{ action: `sns:${operation}`, resource: text('TopicArn') }];
    case 'autoscaling': {
      const name = text('AutoScalingGroupName');
      const resource = operation.startsWith('Describe') ? '*' : `arn:aws:autoscaling:${region}:${account}:autoScalingGroup:11111111-2222:autoScalingGroupName/${name}`;
      return [{ action: `autoscaling:${operation}`, resource }];
    }
    case 'route53': {
      const resource = operation === 'GetChange' ? `change/${text('Id')}` : operation.includes('HealthCheck') ? `healthcheck/${text('HealthCheckId')}` : `hostedzone/${text(operation === 'GetHostedZone' ? 'Id' : 'HostedZoneId')}`;
      return [{ action: `route53:${operation}`, resource: `arn:aws:route53:::${resource}` }];
    }
    case 's3': {
      const bucket = `arn:aws:s3:::${text('Bucket')}`;
      const object = { action: `s3:${operation}`, resource: `${bucket}/${text('Key')}` };
      // Without the right to list, S3 answers 403 and not 404 for an object that is not there.
      return operation === 'GetObject' ? [object, { action: 's3:ListBucket', resource: bucket }] : [object];
    }
    default:
      throw new Error(`this test does not know what ${service as string}.${operation} needs`);
  }
}

function matches(pattern: string, text: string): boolean {
  return new RegExp(`^${pattern.split('*').map((part) => part.replace(/[.+?^${}()|[\]\\]/g, '\\$&')).join('.*')}$`).test(text);
}

function allowed(plan: Plan, { action, resource }: Need): boolean {
  return plan.steps.some((step) =>
    step.permissions.some((p) => p.actions.some((a) => matches(a, action)) && p.resources.some((r) => (resource === '*' ? r === '*' : matches(r, resource)))),
  );
}

/** Runs the plan and gives what its calls needed and its permissions lack. */
async function lacking(sim: Simulation, plan: Plan, acceptances = APPROVED) {
  const needs = new Map<string, Need>();
  const inner = sim.effects.aws;
  const aws = {
    call: (request: AwsRequest) => {
      for (const need of needOf(request, plan.account)) needs.set(`${need.action} on ${need.resource}`, need);
      return inner.call(request);
    },
  } as AwsCaller;
  const { outcome, state } = await runPlan({ ...sim, effects: { ...sim.effects, aws } }, plan, { acceptances });
  const trouble = [...state.steps.values()].filter((s) => s.state !== 'done' && s.state !== 'unmet').map((s) => [s.id, s.because]);
  expect(trouble).toEqual([]);
  expect(outcome).toBe('succeeded');
  const used = [...needs].map(([name]) => name);
  return { lacks: [...needs].filter(([, need]) => !allowed(plan, need)).map(([name]) => name), used };
}

async function watchedObject(): Promise<Simulation> {
  const text = await readFile(SHOP, 'utf8');
  const changed = text.replace('switch: record', 'switch: object\n    object: { ap-northeast-1: { bucket: shop-dr-tokyo, key: shop-active } }');
  expect(changed).not.toBe(text);
  const path = join(await mkdtemp(join(tmpdir(), 'dr-test-')), 'shop.yaml');
  await writeFile(path, changed);
  return simulation({ path });
}

describe('the permissions of a plan cover every call of its run', () => {
  it('with the source dead, traffic switched by records', async () => {
    const sim = await simulation();
    sim.world.breakRegion(SEOUL);
    const { lacks, used } = await lacking(sim, await planOf(sim, TOKYO));
    expect(lacks).toEqual([]);
    // The test itself sees what it is about.
    expect(used).toEqual(expect.arrayContaining([expect.stringContaining('rds:PromoteReadReplica on arn:aws:rds:ap-northeast-1:'), expect.stringContaining('route53:ChangeResourceRecordSets on ')]));
  });

  it('with the source alive and attested: the old writer is fenced', async () => {
    const sim = await simulation();
    const { lacks, used } = await lacking(sim, await planOf(sim, TOKYO), { ...APPROVED, sourceDown: 'alice', reason: 'fire' });
    expect(lacks).toEqual([]);
    expect(used).toEqual(expect.arrayContaining([expect.stringContaining('rds:ModifyDBInstance on arn:aws:rds:ap-northeast-2:')]));
  });

  it('with traffic switched by an object', async () => {
    const sim = await watchedObject();
    sim.world.breakRegion(SEOUL);
    const { lacks, used } = await lacking(sim, await planOf(sim, TOKYO));
    expect(lacks).toEqual([]);
    expect(used).toEqual(expect.arrayContaining(['s3:PutObject on arn:aws:s3:::shop-dr-tokyo/shop-active']));
  });

  it('of a switchover, with both sides alive', async () => {
    const sim = await simulation();
    const { lacks } = await lacking(sim, await planOf(sim, { verb: 'switchover', region: TOKYO }));
    expect(lacks).toEqual([]);
  });

  it('with a group that is short of capacity: its activities are asked for', async () => {
    const sim = await simulation();
    sim.world.breakRegion(SEOUL);
    const { used } = await lacking(sim, await planOf(sim, TOKYO));
    expect(used).toContain('autoscaling:DescribeScalingActivities on *');
  });

  it('ask for no more than a region, a zone and names of their own: no action with a wildcard, and no write on everything', async () => {
    for (const sim of [await simulation(), await watchedObject()]) {
      const plan = await planOf(sim, TOKYO);
      for (const step of plan.steps) {
        for (const { actions, resources } of step.permissions) {
          for (const action of actions) {
            expect(action, step.id).not.toContain('*');
            const writes = !/:(Describe|Get|List)/.test(action);
            if (writes) expect(resources, `${step.id} ${action}`).not.toContain('*');
          }
        }
      }
    }
  });
});

import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { iamPolicies, type IamVerb, IAM_VERBS } from '../../src/app/iam.ts';
import { execute } from '../../src/engine/execute.ts';
import { Journal } from '../../src/journal/journal.ts';
import { MemoryStore } from '../../src/journal/memory-store.ts';
import { loadStepKind } from '../../src/kinds/registry.ts';
import type { Acceptances } from '../../src/model/step.ts';
import { policyOf, policyParts, policySize } from '../../src/plan/policy.ts';
import { wildcardsOf } from '../../src/plan/wildcards.ts';
import { DRILL, keepBackups } from '../engine/drills.ts';
import { APPROVED, OPERATOR, planOf, runPlan, SEOUL, SHOP, simulation, type Simulation, TOKYO } from '../engine/simulated.ts';
import { type Case, crashed } from '../engine/sweep.ts';
import { allows, matches, type Need, recording } from './iam-needs.ts';

/*
 * Every call of whole simulated runs, the looks before the plan too, is allowed by the printed policy, and what a policy
 * grants is used by some run or has a reason here.
 */

const ACCOUNT = '000000000000';
const ROOT = join(import.meta.dirname, '..', '..');
const RUNBOOKS = ['shop', 'billing', 'archive', 'active-active'].map((name) => join(ROOT, 'runbooks', `${name}.yaml`));

let objects = '';
let checks = '';

/** The shop, with traffic switched in another way. */
async function variant(to: string): Promise<string> {
  const text = await readFile(SHOP, 'utf8');
  const changed = text.replace(/switch: record\b/, to);
  expect(changed).not.toBe(text);
  const path = join(await mkdtemp(join(tmpdir(), 'dr-test-')), 'shop.yaml');
  await writeFile(path, changed);
  return path;
}

beforeAll(async () => {
  objects = await variant('switch: object\n    object: { ap-northeast-1: { bucket: shop-dr-tokyo, key: shop-active } }');
  checks = await variant('switch: health-check');
});

interface Recorded {
  verb: IamVerb;
  needs: Need[];
  outcome: string;
}

function recorded(sim: Simulation): { sim: Simulation; needs: Need[] } {
  const { aws, needs } = recording(sim.effects.aws, ACCOUNT);
  return { sim: { ...sim, effects: { ...sim.effects, aws } }, needs };
}

async function failover(path: string, alive = false): Promise<Recorded & { sim: Simulation }> {
  const { sim, needs } = recorded(await simulation({ path }));
  if (!alive) sim.world.breakRegion(SEOUL);
  const acceptances: Acceptances = alive ? { ...APPROVED, sourceDown: 'alice', reason: 'fire' } : APPROVED;
  const { outcome } = await runPlan(sim, await planOf(sim, TOKYO), { acceptances });
  return { verb: 'failover', needs, outcome, sim };
}

async function switchover(path: string): Promise<Recorded> {
  const { sim, needs } = recorded(await simulation({ path }));
  const { outcome } = await runPlan(sim, await planOf(sim, { verb: 'switchover', region: TOKYO }));
  return { verb: 'switchover', needs, outcome };
}

async function reprotect(path: string): Promise<Recorded> {
  const before = await failover(path);
  const { needs } = before;
  before.sim.world.healRegion(SEOUL);
  await before.sim.clock.run(() => before.sim.clock.sleep(600_000));
  needs.length = 0;
  const { outcome } = await runPlan(before.sim, await planOf(before.sim, { verb: 'reprotect', region: TOKYO }));
  return { verb: 'reprotect', needs, outcome };
}

/** Dies right before the line, or before its end where it has none, and is rolled back. */
async function abort(path: string, verb: 'failover' | 'switchover'): Promise<Recorded> {
  const make = async () => {
    const sim = await simulation({ path });
    if (verb === 'failover') sim.world.breakRegion(SEOUL);
    return sim;
  };
  const direction = { verb, region: TOKYO } as const;
  const run: Case = { name: verb, make, direction, outcome: 'succeeded' };
  const whole = await crashed(run, {});
  const started = whole.records[0];
  const lines = new Set(started?.type === 'run.started' ? started.plan.steps.filter((s) => s.reversibility === 'point-of-no-return').map((s) => s.id) : []);
  const line = whole.records.find((r) => r.type === 'step.intent' && lines.has(r.step)) ?? whole.records.at(-1);
  const dead = await crashed(run, { record: line?.seq ?? 0 });
  const { sim, needs } = recorded(dead.sim);
  if (verb === 'failover') sim.world.healRegion(SEOUL);
  const store = new MemoryStore();
  store.records.push(...dead.records);
  const journal = new Journal({ store, clock: sim.clock, run: dead.records[0]?.run ?? '', term: 2, records: dead.records, onRecord: () => undefined });
  const outcome = await sim.clock.run(async () => {
    await journal.append({ type: 'undo.started', because: 'aborted by a person', operator: OPERATOR });
    return execute({ journal, effects: sim.effects, stepKind: loadStepKind, operator: OPERATOR, drain: new AbortController().signal });
  });
  return { verb: 'abort', needs, outcome };
}

async function drill(path: string): Promise<Recorded> {
  const made = await simulation({ path });
  await keepBackups(made);
  const { sim, needs } = recorded(made);
  const { outcome } = await runPlan(sim, await planOf(sim, DRILL));
  return { verb: 'drill', needs, outcome };
}

async function printed(path: string, verb: IamVerb) {
  const [result] = await iamPolicies({ paths: [path], verb, region: TOKYO, account: ACCOUNT });
  if (result === undefined) throw new Error('no policy');
  return result.policies.map((p) => p.document);
}

const short = (need: Need) => `${need.action} on ${need.resource}`;

async function lacking(path: string, run: Recorded): Promise<string[]> {
  const documents = await printed(path, run.verb);
  return [...new Set(run.needs.filter((need) => !allows(documents, need)).map(short))];
}

/** Granted, and asked for by no run here. */
const UNUSED: Readonly<Record<string, string>> = {
  'rds:RestoreDBInstanceFromDBSnapshot': 'where a snapshot is newer than the replicated backups',
  'ec2:ModifyInstanceAttribute': 'where a zone has none left of a type',
  'ec2:StartInstances': 'of launched instances: where an earlier run stopped some',
  'ec2:StopInstances': 'of a launch or start that is undone',
  'rds:DescribeDBParameters': 'replicas of MySQL and MariaDB',
  'reprotect rds:DescribeDBParameterGroups': 'where the old instance has a parameter group of its own',
  'rds:DescribeOptionGroups': 'where the old instance has an option group of its own',
  'iam:PassRole': 'where the old instance has Enhanced Monitoring',
  'reprotect rds:AddTagsToResource': 'where the old instance has tags',
  'kms:CreateGrant': 'encrypted databases',
  'kms:DescribeKey': 'encrypted databases',
  'rds:RebootDBInstance': 'where parameters wait for it, and where the old writer answers',
  'rds:ModifyDBInstance': 'where the old writer answers',
  'elasticloadbalancing:RegisterTargets': 'where they are not registered yet',
  'route53:GetChange': 'where the change is not in sync at once',
  'route53:ListResourceRecordSetProtections': 'before a change of records',
  'route53:UpdateHealthCheck': 'the way back of a switch by health checks',
  'cloudwatch:GetMetricData': 'the lag, where it is known',
  'reprotect autoscaling:DescribeScalingActivities': 'where a region that comes back is short of capacity',
  'reprotect autoscaling:UpdateAutoScalingGroup': 'where a region that comes back is smaller than wanted',
  'reprotect ec2:DescribeInstanceStatus': 'the guard before instances are stopped',
  'reprotect elasticloadbalancing:DescribeTargetHealth': 'the guard before instances are stopped',
  'reprotect rds:DescribeDBSnapshots': 'looks from a region that has no instance',
};

describe.each(RUNBOOKS.map((path) => [path.split('/').at(-1) ?? '', path] as const))('%s', (_name, path) => {
  it.each([
    ['failover, the source dead', () => failover(path)],
    ['failover, the source alive and attested', () => failover(path, true)],
    ['switchover', () => switchover(path)],
    ['reprotect', () => reprotect(path)],
    ['drill', () => drill(path)],
    ['abort of a failover', () => abort(path, 'failover')],
    ['abort of a switchover', () => abort(path, 'switchover')],
  ])('%s calls nothing outside the printed policy', async (title, make) => {
    const run = await make();
    expect(await lacking(path, run)).toEqual([]);
    expect(run.outcome).toBe(title.startsWith('abort') ? 'aborted' : 'succeeded');
    expect(run.needs.length).toBeGreaterThan(title.startsWith('abort') ? 0 : 10);
  });

  it('grants nothing that no run uses, but for what has a reason', async () => {
    const runs: Recorded[] = [await failover(path), await failover(path, true), await switchover(path), await reprotect(path)];
    const unused = new Set<string>();
    for (const verb of ['failover', 'switchover', 'reprotect'] as const) {
      const needs = runs.filter((run) => run.verb === verb).flatMap((run) => run.needs);
      for (const { Action, Resource } of (await printed(path, verb)).flatMap((document) => document.Statement)) {
        for (const action of Action) {
          const used = needs.some((need) => need.action === action && Resource.some((resource) => matches(resource, need.resource)));
          if (!used && UNUSED[action] === undefined && UNUSED[`${verb} ${action}`] === undefined) unused.add(`${verb}: ${action} on ${Resource.join(' ')}`);
        }
      }
    }
    expect([...unused]).toEqual([]);
  });
});

describe('traffic that is switched in another way', () => {
  it('by an object: the bucket and the key, and no change of a record', async () => {
    const run = await failover(objects);
    expect(await lacking(objects, run)).toEqual([]);
    const text = JSON.stringify(await printed(objects, 'failover'));
    expect(text).toContain('arn:aws:s3:::shop-dr-tokyo/shop-active');
    expect(text).not.toContain('ChangeResourceRecordSets');
    expect(await lacking(objects, await switchover(objects))).toEqual([]);
    expect(await lacking(objects, await reprotect(objects))).toEqual([]);
  });

  it('by health checks', async () => {
    const run = await failover(checks);
    expect(await lacking(checks, run)).toEqual([]);
    expect(run.needs.map((n) => n.action)).toContain('route53:UpdateHealthCheck');
    expect(await lacking(checks, await switchover(checks))).toEqual([]);
  });
});

describe('the judge', () => {
  it('finds a call that is planted, and one that leaves its bounds', async () => {
    const run = await failover(SHOP);
    const planted: Need[] = [
      { action: 'rds:DeleteDBInstance', resource: `arn:aws:rds:${SEOUL}:${ACCOUNT}:db:shop-orders`, context: {} },
      { action: 'rds:PromoteReadReplica', resource: `arn:aws:rds:${TOKYO}:${ACCOUNT}:db:another`, context: {} },
      { action: 'cloudwatch:GetMetricData', resource: '*', context: { 'aws:RequestedRegion': 'eu-west-1' } },
      {
        action: 'route53:ChangeResourceRecordSets',
        resource: 'arn:aws:route53:::hostedzone/Z0123456789ABCDEFGHIJ',
        context: { 'route53:ChangeResourceRecordSetsNormalizedRecordNames': ['shop.example.com', 'www.example.com'], 'route53:ChangeResourceRecordSetsRecordTypes': ['A'] },
      },
    ];
    expect(await lacking(SHOP, { ...run, needs: [...run.needs, ...planted] })).toEqual(planted.map(short));
  });

  it('lets instances be stopped only that runs of the runbook have launched', async () => {
    const path = join(ROOT, 'runbooks', 'archive.yaml');
    const documents = await printed(path, 'failover');
    const stop = (tags: Record<string, string>) => allows(documents, { action: 'ec2:StopInstances', resource: `arn:aws:ec2:${TOKYO}:${ACCOUNT}:instance/i-0123`, context: tags });
    expect(stop({ 'aws:ResourceTag/dr:runbook': 'archive', 'aws:ResourceTag/dr:compute': 'api' })).toBe(true);
    expect(stop({ 'aws:ResourceTag/dr:runbook': 'another', 'aws:ResourceTag/dr:compute': 'api' })).toBe(false);
    expect(stop({})).toBe(false);
  });

  it.each(['archive', 'billing'])('of a drill of %s lets only twins of the runbook be terminated, and no failover any', async (name) => {
    const path = join(ROOT, 'runbooks', `${name}.yaml`);
    const documents = await printed(path, 'drill');
    const instance = (id: string) => `arn:aws:ec2:${TOKYO}:${ACCOUNT}:instance/${id}`;
    const end = (id: string, tags: Record<string, string>) => allows(documents, { action: 'ec2:TerminateInstances', resource: instance(id), context: tags });
    expect(end('i-0123', { 'aws:ResourceTag/dr:runbook': name, 'aws:ResourceTag/Name': 'dr-drill-01234567-api' })).toBe(true);
    expect(end('i-0123', { 'aws:ResourceTag/dr:runbook': name, 'aws:ResourceTag/Name': 'api' })).toBe(false);
    expect(end('i-0123', { 'aws:ResourceTag/dr:runbook': 'another', 'aws:ResourceTag/Name': 'dr-drill-01234567-api' })).toBe(false);
    expect(end('i-0123', {})).toBe(false);
    // That one is asked about before anything is launched, and nobody has it.
    expect(end('i-00000000000000000', {})).toBe(true);
    for (const verb of ['failover', 'switchover', 'reprotect'] as const) expect(JSON.stringify(await printed(path, verb))).not.toContain('TerminateInstances');
  });
});

describe('the printed policies', () => {
  it('have no wildcard without a reason, no action with one, and fit into managed policies', async () => {
    const results = await iamPolicies({ paths: [...RUNBOOKS, objects, checks], account: ACCOUNT, state: 's3://dr-state/runs?region=ap-northeast-1' });
    expect(new Set(results.map((r) => r.verb))).toEqual(new Set(IAM_VERBS));
    for (const { policies } of results) {
      for (const { document, size } of policies) {
        expect(wildcardsOf(document).filter((w) => w.why === undefined)).toEqual([]);
        expect(document.Statement.flatMap((s) => s.Action).filter((a) => a.includes('*'))).toEqual([]);
        expect(size).toBeLessThanOrEqual(6_144);
        const sids = document.Statement.map((s) => s.Sid);
        expect(new Set(sids).size).toBe(sids.length);
        expect(sids.every((sid) => /^[A-Za-z0-9]+$/.test(sid))).toBe(true);
      }
    }
  });

  it('hold the state in a bucket, when it is named', async () => {
    const [result] = await iamPolicies({ paths: [SHOP], verb: 'failover', region: TOKYO, account: ACCOUNT, state: 's3://dr-state/runs?region=ap-northeast-1' });
    const documents = result?.policies.map((p) => p.document) ?? [];
    const on = (action: string, resource: string) => allows(documents, { action, resource, context: {} });
    expect(on('s3:PutObject', 'arn:aws:s3:::dr-state/runs/locks/shop/1.json')).toBe(true);
    expect(on('s3:PutObject', 'arn:aws:s3:::dr-state/other')).toBe(false);
    expect(on('s3:DeleteObject', 'arn:aws:s3:::dr-state/runs/locks/shop/1.json')).toBe(false);
  });

  it('say that the account is not known, and cannot be used by mistake', async () => {
    const [result] = await iamPolicies({ paths: [SHOP], verb: 'failover', region: TOKYO });
    expect(result?.notes.join('\n')).toContain('AWS refuses the policy as it is');
    expect(JSON.stringify(result?.policies)).toContain(':ACCOUNT_ID:');
    await expect(iamPolicies({ paths: [SHOP], region: 'eu-west-1' })).rejects.toMatchObject({ code: 'REGION_UNKNOWN' });
  });
});

describe('policies from permissions', () => {
  const p = (actions: string[], resources: string[], conditions?: Record<string, Record<string, string[]>>) => ({ actions, resources, ...(conditions === undefined ? {} : { conditions }) });

  it('put the same resources together, and keep the names of statements whatever their order and company', () => {
    const permissions = [p(['b:X', 'a:Y'], ['r2', 'r1']), p(['a:Z'], ['r1', 'r2']), p(['a:A'], ['*'])];
    const document = policyOf(permissions);
    expect(document.Statement.map((s) => [s.Action, s.Resource])).toEqual(
      expect.arrayContaining([
        [['a:A'], ['*']],
        [['a:Y', 'a:Z'], ['r1', 'r2']],
        [['b:X'], ['r1', 'r2']],
      ]),
    );
    expect(policyOf(permissions.toReversed())).toEqual(document);
    expect(policyOf([...permissions, p(['c:C'], ['r3'])]).Statement.map((s) => s.Sid)).toEqual(expect.arrayContaining(document.Statement.map((s) => s.Sid)));
  });

  it('never join what has another condition', () => {
    const one = p(['a:X'], ['r'], { StringEquals: { k: ['1'] } });
    const document = policyOf([one, p(['a:Y'], ['r'], { StringEquals: { k: ['2'] } }), p(['a:Z'], ['r'])]);
    expect(document.Statement).toHaveLength(3);
  });

  it('are cut into parts that fit, and lose nothing', () => {
    const document = policyOf(Array.from({ length: 40 }, (_, i) => p([`rds:Do${i}`], Array.from({ length: 12 }, (_, j) => `arn:aws:rds:ap-northeast-1:111122223333:db:name-${i}-${j}`))));
    const huge = policyOf([p(['ec2:StartInstances'], Array.from({ length: 300 }, (_, i) => `arn:aws:ec2:ap-northeast-1:111122223333:instance/i-${i}`))]);
    for (const whole of [document, huge]) {
      const parts = policyParts(whole);
      expect(parts.length).toBeGreaterThan(1);
      expect(Math.max(...parts.map(policySize))).toBeLessThanOrEqual(6_144);
      const pairs = (list: typeof parts) => list.flatMap((d) => d.Statement.flatMap((s) => s.Action.flatMap((a) => s.Resource.map((r) => `${a} ${r}`)))).sort();
      expect(pairs(parts)).toEqual(pairs([whole]));
    }
  });
});

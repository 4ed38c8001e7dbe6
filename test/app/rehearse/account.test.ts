import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type Figures, rehearseOnce } from '../../../src/app/rehearse/one.ts';
import { accountFor, rehearsalOf, rehearse, type RehearseResult } from '../../../src/app/rehearse/rehearse.ts';
import type { AwsCaller } from '../../../src/aws/caller.ts';
import type { Account } from '../../../src/rehearsal/account.ts';
import { type Stage, stageOf } from '../../../src/rehearsal/stage.ts';
import { loadRunbook } from '../../../src/runbook/load.ts';
import { iamPolicies } from '../../../src/app/iam.ts';
import { allows, recording } from '../iam-needs.ts';
import { SEOUL, TOKYO } from '../../engine/simulated.ts';

/*
 * The account is a simulated one that something was done to, read through the same calls as a real one. What is rehearsed is another
 * world, made from what was read.
 */

const RUNBOOKS = join(import.meta.dirname, '..', '..', '..', 'runbooks');
const pathOf = (name: string) => join(RUNBOOKS, `${name}.yaml`);
const HOUR = 3_600_000;

/** Reads the account of a runbook after `plant`, into a file. */
async function read(name: string, plant: (stage: Stage) => Promise<void> | void = () => undefined): Promise<{ account: Account; file: string }> {
  const loaded = await loadRunbook(pathOf(name));
  const stage = await stageOf(loaded, { seed: 3 });
  const file = join(await mkdtemp(join(tmpdir(), 'dr-account-')), 'account.json');
  const account = await stage.clock.run(async () => {
    await plant(stage);
    return accountFor(loaded, { effects: stage.effects });
  });
  await writeFile(file, JSON.stringify(account));
  return { account, file };
}

const rehearsed = (name: string, file: string | undefined): Promise<RehearseResult> =>
  rehearse({ runbook: pathOf(name), runbooks: RUNBOOKS, region: TOKYO, runs: 4, seed: 1, threads: 1, durations: [], faults: false, assertions: ['recovered >= 99%'], world: file === undefined ? undefined : { file } });

/** One rehearsal, on this thread. */
async function once(name: string, account?: Account): Promise<Figures> {
  const rehearsal = rehearsalOf(await loadRunbook(pathOf(name)), { region: TOKYO, from: undefined, durations: [], faults: false });
  return (await rehearseOnce({ ...rehearsal, account }, 1)).figures;
}

const why = ({ because = '', observed = '' }: Figures) => `${because} ${observed}`;

const replicas = ({ world }: Stage) => [...world.state.databases.all()].filter(({ source }) => source !== undefined).map(({ ref }) => ref);

describe('a rehearsal of what an account has', () => {
  it.each(['shop', 'billing', 'archive', 'active-active'])('%s: healthy as its runbook says, it recovers, and nothing of it is left out', async (name) => {
    const { account } = await read(name);
    expect(account.unlike).toEqual([]);
    expect(account.seen.filter((line) => /[A-Z]{4}/.test(line.replace(/PRIMARY|SECONDARY/g, '')))).toEqual([]);
    const figures = await once(name, account);
    expect(figures).toMatchObject({ outcome: 'succeeded', starts: 1 });
    expect(figures.rtoMs).toBeGreaterThan(60_000);
  });

  it('is played from a file, on threads, and the result says what came from where', async () => {
    const { account, file } = await read('shop');
    const { ok, summary, world, durations, assumptions } = await rehearsed('shop', file);
    expect({ ok, unrecovered: summary.unrecovered }).toEqual({ ok: true, unrecovered: [] });
    expect(world).toEqual({ from: 'account', account: '000000000000', at: account.at, seen: account.seen, assumed: account.assumed, unlike: [] });
    expect(durations.map(({ name }) => name)).not.toContain('lagMs');
    expect(assumptions.join()).not.toContain('from the runbook alone');
    const plain = await rehearsed('shop', undefined);
    expect([plain.world, plain.assumptions.join().includes('from the runbook alone')]).toEqual([{ from: 'runbook' }, true]);
  });

  it('has the lag, the sizes and the check of the account, and not those of the runbook', async () => {
    const { account } = await read('shop', async (stage) => {
      for (const ref of replicas(stage)) stage.world.setReplication(ref, { lagMs: 20_000 });
      const check = stage.world.state.healthChecks.get('hc-seoul');
      if (check !== undefined) stage.world.state.healthChecks.update(check, { disabled: true }, stage.world.now());
      await stage.effects.aws.call({ service: 'autoscaling', region: TOKYO, operation: 'UpdateAutoScalingGroup', input: { AutoScalingGroupName: 'shop-api', MaxSize: 9 } });
      await stage.clock.sleep(5 * 60_000);
    });
    expect(account.databases[`${TOKYO}/shop-orders-tokyo`]?.replication).toEqual({ state: 'replicating', lagMs: 20_000 });
    expect(account.groups[`${TOKYO}/shop-api`]?.max).toBe(9);
    expect(account.checks['hc-seoul']).toMatchObject({ disabled: true, inverted: false, intervalSeconds: 10, failureThreshold: 3 });
    expect((await once('shop', account)).trueLossMs).toBeGreaterThan(19_000);
    expect((await once('shop')).trueLossMs).toBeLessThan(19_000);
  });

  it.each<[string, (stage: Stage) => Promise<void> | void, RegExp]>([
    ['replication stopped two hours ago', async (stage) => {
      for (const ref of replicas(stage)) stage.world.setReplication(ref, { mode: 'stopped' });
      await stage.clock.sleep(2 * HOUR);
    }, /rpo-gate/],
    ['the replica is an hour behind', async (stage) => {
      for (const ref of replicas(stage)) stage.world.setReplication(ref, { lagMs: HOUR });
      await stage.clock.sleep(2 * HOUR);
    }, /rpo-gate/],
    ['there is no replica', async ({ effects }) => {
      await effects.aws.call({ service: 'rds', region: TOKYO, operation: 'DeleteDBInstance', input: { DBInstanceIdentifier: 'shop-orders-tokyo', SkipFinalSnapshot: true } });
      await effects.clock.sleep(HOUR);
    }, /There is no DB instance "shop-orders-tokyo"/],
    ['the replica was made a writer of its own', async (stage) => {
      for (const ref of replicas(stage)) stage.world.detachReplica(ref);
      await stage.clock.sleep(24 * HOUR);
    }, /runs in ap-northeast-1 already|ALREADY|already/],
    ['the replica is broken', (stage) => replicas(stage).forEach((ref) => stage.world.setDbStatus(ref, 'failed')), /rpo-gate .*the status error/],
    ['the records are protected', ({ world }) => {
      for (const { id, records } of world.state.zones.all()) for (const { name, type, setIdentifier } of records.values()) if (setIdentifier !== undefined) world.protectRecords(id, { name, type });
    }, /protect/i],
    ['the group of the standby wants six instances, and has two', async ({ world, effects }) => {
      world.setGroupCapacity(TOKYO, 'shop-api', 2);
      await effects.aws.call({ service: 'autoscaling', region: TOKYO, operation: 'UpdateAutoScalingGroup', input: { AutoScalingGroupName: 'shop-api', DesiredCapacity: 6 } });
      await effects.clock.sleep(HOUR);
    }, /shop-api/],
  ])('is red, with the reason: %s', async (_name, plant, because) => {
    const { account } = await read('shop', plant);
    const figures = await once('shop', account);
    expect(figures.outcome).not.toBe('succeeded');
    expect(why(figures)).toMatch(because);
  });

  it('says what the simulator cannot: a member of an answer that it does not have, an engine, a suspended process', async () => {
    const loaded = await loadRunbook(pathOf('shop'));
    const stage = await stageOf(loaded, { seed: 3 });
    const { aws } = stage.effects;
    const call = async (request: Parameters<AwsCaller['call']>[0]) => {
      const answer = await aws.call(request);
      const output = answer.output as { DBInstances?: object[]; AutoScalingGroups?: object[] };
      if (output.DBInstances !== undefined) return { ...answer, output: { DBInstances: output.DBInstances.map((one) => ({ ...one, Engine: 'mariadb', ActivityStreamStatus: 'started' })) } };
      if (output.AutoScalingGroups !== undefined) return { ...answer, output: { AutoScalingGroups: output.AutoScalingGroups.map((one) => ({ ...one, SuspendedProcesses: [{ ProcessName: 'Launch' }] })) } };
      return answer;
    };
    const account = await stage.clock.run(() => accountFor(loaded, { effects: { ...stage.effects, aws: { call } as AwsCaller } }));
    expect(account.unlike.join('\n')).toMatch(/shop-orders-tokyo: the engine mariadb is played as postgres/);
    expect(account.unlike.join('\n')).toMatch(/shop-orders-tokyo: not as in the account: ActivityStreamStatus, Engine/);
    expect(account.unlike.join('\n')).toMatch(/group ap-northeast-1\/shop-api: Launch is suspended: here it gets no instance more/);
  });

  it.each(['shop', 'archive', 'billing', 'active-active'])('%s: every question is allowed by `dr iam --verb check`', async (name) => {
    const loaded = await loadRunbook(pathOf(name));
    const stage = await stageOf(loaded, { seed: 3 });
    const { aws, needs } = recording(stage.effects.aws, '000000000000');
    await stage.clock.run(() => accountFor(loaded, { effects: { ...stage.effects, aws } }));
    const policies = (await iamPolicies({ paths: [pathOf(name)], verb: 'check', account: '000000000000' })).flatMap(({ policies: parts }) => parts.map(({ document }) => document));
    expect(needs.length).toBeGreaterThan(5);
    expect(needs.filter((need) => !allows(policies, need))).toEqual([]);
  });

  it('is red where the account has nothing of it, and says what is missing', async () => {
    const { account } = await read('shop', ({ world }) => {
      world.addFault({ service: 'rds', effect: { kind: 'error', httpStatus: 404, code: 'DBInstanceNotFound', message: 'not there' } });
      world.addFault({ service: 'route53', effect: { kind: 'error', httpStatus: 404, code: 'NoSuchHostedZone', message: 'not there' } });
      world.addFault({ service: 'ec2', effect: { kind: 'error', httpStatus: 400, code: 'InvalidGroup.NotFound', message: 'not there' } });
    });
    expect(account.seen.filter((line) => /DOES NOT EXIST|NO RECORD/.test(line))).toHaveLength(9);
    expect(await once('shop', account)).toMatchObject({ outcome: 'no-plan', because: expect.stringMatching(/There is no/) as string });
  });

  it.each([SEOUL, TOKYO])('is not played while %s does not answer', async (region) => {
    await expect(read('shop', ({ world }) => world.breakRegion(region))).rejects.toMatchObject({ code: 'AWS_SILENT' });
  });

  it('refuses a file of another runbook, and what is none', async () => {
    const { file } = await read('shop');
    await expect(rehearsed('billing', file)).rejects.toMatchObject({ code: 'ACCOUNT_FILE_INVALID' });
    await writeFile(file, (await readFile(file, 'utf8')).replace('rehearsal-account/1', 'rehearsal-account/2'));
    await expect(rehearsed('shop', file)).rejects.toMatchObject({ code: 'ACCOUNT_FILE_INVALID' });
    await expect(rehearsed('shop', join(file, 'none'))).rejects.toMatchObject({ code: 'ACCOUNT_FILE_INVALID' });
  });

  it.each(['databases', 'groups', 'securityGroups', 'records', 'checks', 'protections'] as const)('refuses a file without its %s: the runbook would be played, and called the account', async (part) => {
    const { account, file } = await read('shop');
    await writeFile(file, JSON.stringify({ ...account, [part]: part === 'protections' ? undefined : {} }));
    await expect(rehearsed('shop', file)).rejects.toMatchObject({ code: 'ACCOUNT_FILE_INVALID', detail: expect.stringContaining(part) as string });
  });
});

import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { MUTATIONS } from '../../src/aws/operations.ts';
import { DrError } from '../../src/base/errors.ts';
import type { JournalRecord } from '../../src/journal/events.ts';
import { MemoryStore } from '../../src/journal/memory-store.ts';
import type { Verb } from '../../src/model/verb.ts';
import { parseRunbook } from '../../src/runbook/load.ts';
import { APPROVED, planOf, runPlan, SEOUL, SHOP, simulation, type Simulation, TOKYO } from '../engine/simulated.ts';
import { scenarioOf } from '../sim/make-scenario.ts';
import type { Scenario } from '../sim/scenario.ts';
import { playScenario } from '../sim/run.ts';
import { change, cutOffFromSeoul, MINUTE, NAME, naive, OLD, REPLICA, SEOUL_ADDRESS, sets, swapTo, TOKYO_ADDRESS } from './naive.ts';

/*
 * What has gone wrong elsewhere. Each incident twice: calls as a script makes them, which end as it did, and the same
 * situation with the tool, which passes or refuses.
 */

async function failover(sim: Simulation, acceptances = APPROVED) {
  const answers: string[] = [];
  const onRecord = (): void => void answers.push(sim.world.resolve(NAME, 'A').values.join(','));
  const { outcome, state, records } = await runPlan(sim, await planOf(sim, TOKYO), { acceptances, onRecord });
  const refused = [...state.steps.values()].flatMap((step) => (step.refusal === undefined ? [] : [step.refusal.rule]));
  const intents = records.flatMap((r: JournalRecord) => (r.type === 'step.intent' ? [r.step] : []));
  return { outcome, state, refused, intents, answers };
}

describe('GitHub, 21 October 2018: a short partition, and both coasts took writes', () => {
  it('a script promotes because the link is broken: two writers', async () => {
    const it = await naive();
    it.world.setReplication(REPLICA, { mode: 'stopped' });
    await it.promote();
    await it.sleep(10 * MINUTE);
    expect([it.world.acceptsWrites(OLD), it.world.acceptsWrites(REPLICA)]).toEqual([true, true]);
  });

  it('the tool refuses: a broken link is one signal, and users are served', async () => {
    const sim = await simulation();
    sim.world.setReplication(REPLICA, { mode: 'stopped' });
    const { outcome, refused, intents } = await failover(sim);
    expect({ outcome, refused, intents }).toEqual({ outcome: 'refused', refused: ['source-down'], intents: [] });
    expect([sim.world.acceptsWrites(OLD), sim.world.acceptsWrites(REPLICA)]).toEqual([true, false]);
  });

  it('and where a person insists, the old writer is cut off first', async () => {
    const sim = await simulation();
    const { outcome, state } = await failover(sim, { ...APPROVED, sourceDown: 'alice', reason: 'fire' });
    expect(outcome).toBe('succeeded');
    expect(state.facts.get('fence.orders')).toMatchObject({ verdict: 'fenced' });
    expect([sim.world.acceptsWrites(OLD), sim.world.acceptsWrites(REPLICA)]).toEqual([false, true]);
  });
});

describe('AWS, connection tracking: a security group keeps new connections out, and ends none', () => {
  it('a script changes the groups and promotes: who was connected writes to both', async () => {
    const it = await naive();
    await it.call('rds', SEOUL, 'ModifyDBInstance', { DBInstanceIdentifier: OLD.id, VpcSecurityGroupIds: ['sg-0aaaaaaaaaaaaaaaa'], ApplyImmediately: true });
    await it.sleep(2 * MINUTE);
    await it.promote();
    await it.sleep(10 * MINUTE);
    expect([it.world.acceptsWrites(OLD), it.world.acceptsWrites(REPLICA)]).toEqual([true, true]);
  });

  it('the tool reboots the old writer, and promotes when that is over', async () => {
    const sim = await simulation();
    let writes: boolean | undefined;
    const onRecord = (r: JournalRecord): void => {
      if (r.type === 'step.intent' && r.step === 'databases.orders.promote') writes = sim.world.acceptsWrites(OLD);
    };
    const { outcome, records } = await runPlan(sim, await planOf(sim, TOKYO), { acceptances: { ...APPROVED, sourceDown: 'alice', reason: 'fire' }, onRecord });
    expect({ outcome, writes }).toEqual({ outcome: 'succeeded', writes: false });
    const acted = records.flatMap((r) => (r.type === 'step.acted' && r.step === 'databases.orders.fence' ? [r.calls.at(-1)?.operation] : []));
    expect(acted).toEqual(['ModifyDBInstance', 'RebootDBInstance']);
  });
});

describe('GitLab, 31 January 2017: replication had stopped long before anybody relied on it', () => {
  it('a script promotes what there is: hours of acknowledged writes are gone, and nobody was given', async () => {
    const it = await naive();
    it.world.setReplication(REPLICA, { mode: 'stopped' });
    await it.sleep(4 * 60 * MINUTE);
    it.world.breakRegion(SEOUL);
    await it.promote();
    await it.sleep(10 * MINUTE);
    expect(it.world.lossOf(REPLICA)?.ms).toBeGreaterThan(3.9 * 60 * MINUTE);
    expect(it.world.acceptsWrites(REPLICA)).toBe(true);
  });

  it('the tool refuses a loss that nobody knows', async () => {
    const sim = await simulation();
    sim.world.setReplication(REPLICA, { mode: 'stopped' });
    await sim.clock.run(() => sim.clock.sleep(4 * 60 * MINUTE));
    sim.world.breakRegion(SEOUL);
    const { outcome, refused, intents } = await failover(sim);
    expect({ outcome, refused, intents }).toEqual({ outcome: 'refused', refused: ['rpo-gate'], intents: [] });
  });
});

describe('orchestrator, issue 1050: a lag that was not known counted as none', () => {
  it('a script takes −1 for less than the limit', async () => {
    const it = await naive();
    it.world.setReplication(REPLICA, { mode: 'stopped' });
    await it.sleep(20 * MINUTE);
    const query = { Id: 'lag', MetricStat: { Metric: { Namespace: 'AWS/RDS', MetricName: 'ReplicaLag', Dimensions: [{ Name: 'DBInstanceIdentifier', Value: REPLICA.id }] }, Period: 60, Stat: 'Maximum' } };
    const window = { StartTime: new Date(it.clock.now() - 5 * MINUTE), EndTime: new Date(it.clock.now()) };
    const { MetricDataResults: results } = await it.call('cloudwatch', TOKYO, 'GetMetricData', { MetricDataQueries: [query], ...window });
    const lag = results?.[0]?.Values?.[0] ?? 0;
    expect(lag).toBe(-1);
    expect(lag <= 300, 'the naive gate is open').toBe(true);
    it.world.breakRegion(SEOUL);
    await it.promote();
    expect(it.world.lossOf(REPLICA)?.ms).toBeGreaterThan(19 * MINUTE);
  });

  it('the tool counts from the last lag that said something, and refuses', async () => {
    const sim = await simulation();
    sim.world.setReplication(REPLICA, { mode: 'stopped' });
    await sim.clock.run(() => sim.clock.sleep(20 * MINUTE));
    sim.world.breakRegion(SEOUL);
    const { outcome, refused, state } = await failover(sim);
    expect({ outcome, refused }).toEqual({ outcome: 'refused', refused: ['rpo-gate'] });
    expect(state.steps.get('databases.orders.rpoGate')?.refusal?.observed).toMatch(/at most 2\dm/);
  });
});

describe('AWS, 20 October 2025: a delayed worker wrote an old plan over a newer one', () => {
  it('a script that was held up sends users back to the region that is dead', async () => {
    const it = await naive();
    const old = await swapTo(it, 'seoul');
    const newer = await swapTo(it, 'tokyo');
    it.world.breakRegion(SEOUL);
    await it.promote();
    await it.sleep(10 * MINUTE);
    await change(it, newer);
    await it.sleep(5 * MINUTE);
    expect((await sets(it)).tokyo.Failover).toBe('PRIMARY');
    await change(it, old);
    await it.sleep(5 * MINUTE);
    expect((await sets(it)).seoul.Failover).toBe('PRIMARY');
    it.world.healRegion(SEOUL);
    await it.sleep(5 * MINUTE);
    // Two writers, and users at the old one.
    expect(it.answers()).toEqual([SEOUL_ADDRESS]);
    expect([it.world.acceptsWrites(OLD), it.world.acceptsWrites(REPLICA)]).toEqual([true, true]);
  });

  it('the tool stops before its next change when somebody has taken over', async () => {
    const sim = await simulation();
    sim.world.breakRegion(SEOUL);
    let over = false;
    const store = new MemoryStore((record) => {
      if (over) throw new DrError({ code: 'SUPERSEDED', exit: 'busy', title: 'somebody has taken over', next: [] });
      if (record.type === 'step.done' && record.step === 'databases.orders.promote') over = true;
    });
    const run = runPlan(sim, await planOf(sim, TOKYO), { store });
    await expect(run).rejects.toThrow('somebody has taken over');
    await sim.clock.run(() => sim.clock.sleep(10 * MINUTE));
    const { records } = sim.world.snapshot();
    expect(records.find((r) => r.setIdentifier === 'seoul')?.failover).toBe('PRIMARY');
  });
});

describe('AWS, 20 October 2025: clean-up left a name without any record', () => {
  it('a script deletes, then makes again: in between the name answers nothing', async () => {
    const it = await naive();
    const { seoul, tokyo } = await sets(it);
    await change(it, [{ Action: 'DELETE', ResourceRecordSet: seoul }, { Action: 'DELETE', ResourceRecordSet: tokyo }]);
    await it.sleep(MINUTE);
    expect(it.answers()).toEqual([]);
  });

  it('the tool changes both sets at once: at no record of the run the name was empty', async () => {
    const sim = await simulation();
    sim.world.breakRegion(SEOUL);
    const { outcome, answers } = await failover(sim);
    expect(outcome).toBe('succeeded');
    expect(answers.length).toBeGreaterThan(40);
    expect(answers).not.toContain('');
    expect(answers.at(-1)).toBe(TOKYO_ADDRESS);
  });
});

describe('AWS, 7 December 2021: the control plane was gone when it was needed', () => {
  it('a script cannot move anybody while the Route 53 API is silent', async () => {
    const it = await naive();
    const newer = await swapTo(it, 'tokyo');
    it.world.breakRegion(SEOUL);
    it.world.addFault({ service: 'route53', effect: { kind: 'hang' } });
    await expect(change(it, newer)).rejects.toThrow('NoAnswer');
    expect(it.status(TOKYO_ADDRESS)).not.toBe(200);
  });

  it('the tool recovers without it, by the watched object', async () => {
    const shape = { strategy: 'warm-standby', databases: 1, fence: true, canary: true, traffic: 'route53-failover', switch: 'object', compute: 'group', probe: true, approval: 'none', own: false, rpoMinutes: 10 } as const;
    const silent = { at: 0, what: 'fault', until: 60 * MINUTE, fault: { service: 'route53', effect: { kind: 'hang' } } } as const;
    const scenario: Scenario = {
      ...scenarioOf(1),
      shape,
      lagUnknown: false,
      lagMs: 500,
      state: 'folder',
      skew: {},
      chapters: [
        {
          verb: 'failover',
          source: SEOUL,
          target: TOKYO,
          calmAt: 61 * MINUTE,
          happenings: [silent, { at: 1_000, what: 'region-lost', region: SEOUL }],
          people: [{ name: 'alice', host: 'laptop', startsAt: MINUTE, takesOver: false, insists: false, goes: [{ acceptances: { approvedBy: [] }, restMs: 1_000 }] }],
        },
      ],
    };
    const { end, broken } = await playScenario(scenario);
    expect({ end, broken }).toEqual({ end: 'alice:succeeded', broken: [] });
  });
});

describe('an AWS sample for read replicas: it sleeps, then trusts `available`', () => {
  it('a script sees `available` while the instance is still a replica, and moves users to it', async () => {
    const it = await naive();
    it.world.breakRegion(SEOUL);
    await it.promote();
    await it.sleep(20_000);
    const { DBInstances: found } = await it.call('rds', TOKYO, 'DescribeDBInstances', { DBInstanceIdentifier: REPLICA.id });
    expect(found?.[0]?.DBInstanceStatus).toBe('available');
    expect(it.world.acceptsWrites(REPLICA)).toBe(false);
    expect(it.status(TOKYO_ADDRESS)).toBe(503);
  });

  it('the tool moves users after a row was written and read back', async () => {
    const sim = await simulation();
    sim.world.breakRegion(SEOUL);
    let writable: boolean | undefined;
    const { outcome, state } = await runPlan(sim, await planOf(sim, TOKYO), {
      onRecord: (r) => {
        if (r.type === 'step.intent' && r.step.startsWith('traffic.')) writable = sim.world.acceptsWrites(REPLICA);
      },
    });
    expect({ outcome, writable }).toEqual({ outcome: 'succeeded', writable: true });
    expect(state.facts.get('canary.orders')).toBeDefined();
  });
});

describe('orchestrator, issue 802: a hook failed after the master was already cut off', () => {
  it('a script fences first and looks afterwards: nobody serves', async () => {
    const it = await naive();
    await it.call('rds', SEOUL, 'ModifyDBInstance', { DBInstanceIdentifier: OLD.id, VpcSecurityGroupIds: ['sg-0aaaaaaaaaaaaaaaa'], ApplyImmediately: true });
    await it.sleep(2 * MINUTE);
    await it.call('rds', SEOUL, 'RebootDBInstance', { DBInstanceIdentifier: OLD.id });
    await it.sleep(2 * MINUTE);
    it.world.setDbStatus(REPLICA, 'storage-full');
    await expect(it.promote()).rejects.toThrow('InvalidDBInstanceState');
    expect([it.status(SEOUL_ADDRESS), it.status(TOKYO_ADDRESS)]).toEqual([503, 503]);
  });

  it('the tool looks at everything first, and changes nothing', async () => {
    const sim = await simulation();
    sim.world.setDbStatus(REPLICA, 'storage-full');
    const { outcome, refused, intents } = await failover(sim, { ...APPROVED, sourceDown: 'alice', reason: 'drill' });
    expect({ outcome, refused, intents }).toEqual({ outcome: 'refused', refused: ['replica-usable'], intents: [] });
    expect(sim.world.acceptsWrites(OLD)).toBe(true);
  });
});

describe('Kakao, 15 October 2022: what was needed for the recovery stood in the building that burned', () => {
  it('a script that tells people by a topic of the lost region waits in vain', async () => {
    const it = await naive();
    it.world.breakRegion(SEOUL);
    await expect(it.call('sns', SEOUL, 'Publish', { TopicArn: 'arn:aws:sns:ap-northeast-2:111122223333:dr', Message: 'help' })).rejects.toThrow('NoAnswer');
  });

  it('the tool needs nothing of it: it recovers, and tells by a topic of the target', async () => {
    const sim = await simulation();
    sim.world.breakRegion(SEOUL);
    const { outcome } = await failover(sim);
    expect(outcome).toBe('succeeded');
    expect(sim.world.state.published.map((p) => p.topic.split(':')[3])).toEqual([TOKYO]);
  });
});

describe('Joyent, 27 May 2014: an empty scope meant everything', () => {
  it('a script whose variable is empty gets every instance, and takes the first', async () => {
    const it = await naive();
    it.world.addDbInstance({ region: TOKYO, id: 'billing' });
    const wanted: string | undefined = undefined;
    const { DBInstances: found = [] } = await it.call('rds', TOKYO, 'DescribeDBInstances', { DBInstanceIdentifier: wanted });
    expect(found.map((i) => i.DBInstanceIdentifier)).toEqual(['billing', REPLICA.id]);
  });

  it('the tool names what it looks for, and refuses what is not there', async () => {
    const sim = await simulation();
    const [orders, ...others] = sim.loaded.runbook.resources;
    if (orders === undefined) throw new Error('no database');
    const resource = { ...(orders.resource as object), instances: { [SEOUL]: 'shop-orders', [TOKYO]: 'gone' } };
    const loaded = { ...sim.loaded, runbook: { ...sim.loaded.runbook, resources: [{ ...orders, resource }, ...others] } };
    await expect(planOf({ ...sim, loaded }, TOKYO)).rejects.toThrow('There is no DB instance "gone" in ap-northeast-1.');
  });
});

describe('Patroni and pg_auto_failover: of two sites the second cannot know the state of the first', () => {
  it('a watchdog that reaches the first no more promotes: two writers, and the trouble was its own network', async () => {
    const it = await naive(cutOffFromSeoul);
    await expect(it.call('rds', SEOUL, 'DescribeDBInstances', { DBInstanceIdentifier: OLD.id })).rejects.toThrow('NoAnswer');
    await it.promote();
    await it.sleep(10 * MINUTE);
    expect(it.answers()).toEqual([SEOUL_ADDRESS]);
    expect([it.world.acceptsWrites(OLD), it.world.acceptsWrites(REPLICA)]).toEqual([true, true]);
  });

  it('the tool asks those who see more than its own machine, and refuses', async () => {
    const sim = cutOffFromSeoul(await simulation());
    const { outcome, refused, state, intents } = await failover(sim);
    expect({ outcome, refused, intents }).toEqual({ outcome: 'refused', refused: ['source-down'], intents: [] });
    expect(state.steps.get('assess.source')?.refusal?.observed).toMatch(/users: down.*source-api: down.*replication: up.*health-checkers: up/);
  });
});

describe('orchestrator: the limit for lag is off by default', () => {
  const LATE = 30 * MINUTE;

  it('a script whose limit nobody has set promotes a replica that is half an hour behind', async () => {
    const it = await naive();
    it.world.setReplication(REPLICA, { lagMs: LATE });
    await it.sleep(40 * MINUTE);
    it.world.breakRegion(SEOUL);
    const settings: { maxLagMs?: number } = {};
    const limit = settings.maxLagMs ?? 0;
    const open = limit === 0 || LATE <= limit;
    expect(open).toBe(true);
    await it.promote();
    expect(it.world.lossOf(REPLICA)?.ms).toBeGreaterThan(29 * MINUTE);
  });

  it('the tool weighs the loss against the RPO of the runbook, which no runbook is without', async () => {
    const sim = await simulation();
    sim.world.setReplication(REPLICA, { lagMs: LATE });
    await sim.clock.run(() => sim.clock.sleep(40 * MINUTE));
    sim.world.breakRegion(SEOUL);
    const { outcome, refused, intents } = await failover(sim);
    expect({ outcome, refused, intents }).toEqual({ outcome: 'refused', refused: ['rpo-gate'], intents: [] });
    const text = await readFile(SHOP, 'utf8');
    await expect(parseRunbook(Buffer.from(text.replace(/^ +rpo: .*\n/m, '')), 'shop.yaml')).rejects.toMatchObject({ problems: expect.arrayContaining([expect.objectContaining({ message: expect.stringContaining('rpo') as string })]) as unknown });
  });
});

describe('AWS sample for cross-region failover, issue 9: the planned call is all there is, and a disaster has nobody to plan with', () => {
  it('a script that first stops writes in the lost region never comes to the promotion', async () => {
    const it = await naive();
    it.world.breakRegion(SEOUL);
    const planned = async (): Promise<void> => {
      await it.call('rds', SEOUL, 'ModifyDBInstance', { DBInstanceIdentifier: OLD.id, VpcSecurityGroupIds: ['sg-0aaaaaaaaaaaaaaaa'], ApplyImmediately: true });
      await it.promote();
    };
    await expect(planned()).rejects.toThrow('NoAnswer');
    expect(it.world.acceptsWrites(REPLICA)).toBe(false);
  });

  it('the tool has a verb for each case, and each refuses the other', async () => {
    const sim = await simulation();
    const planned = await planOf(sim, { verb: 'switchover', region: TOKYO });
    const healthy = await failover(sim);
    expect([healthy.outcome, healthy.refused]).toEqual(['refused', ['source-down']]);
    sim.world.breakRegion(SEOUL);
    const { outcome, records } = await runPlan(sim, planned);
    expect([outcome, records.filter((r) => r.type === 'step.intent')]).toEqual(['refused', []]);
    expect((await failover(sim)).outcome).toBe('succeeded');
  });
});

describe('AWS sample and AWS, 20 October 2025: clean-up deletes what may be needed', () => {
  it('the tool deletes what a drill has made, and nothing else: no other plan has the right to', async () => {
    const deletes = [...MUTATIONS].filter((name) => /^(rds|ec2|autoscaling)\./.test(name) && /Delete|Terminate|Purge|Deregister/.test(name));
    expect(deletes.sort()).toEqual(['autoscaling.DeleteAutoScalingGroup', 'ec2.TerminateInstances', 'rds.DeleteDBInstance']);
    const sim = await simulation();
    const rights = async (verb: Verb) => (await planOf(sim, { verb, region: TOKYO })).steps.flatMap(({ permissions }) => permissions).filter(({ actions }) => actions.some((action) => /^(rds|ec2|autoscaling):.*(Delete|Terminate)/.test(action)));
    for (const verb of ['failover', 'switchover'] as const) expect(await rights(verb)).toEqual([]);
    const drills = await rights('drill');
    expect(drills.length).toBeGreaterThan(0);
    expect(drills.flatMap(({ resources }) => resources).filter((arn) => !/[:/]dr-drill-\*$/.test(arn))).toEqual([]);
  });

  it('and keeps the old primary when it rebuilds the standby, closed and under another name', async () => {
    const sim = await simulation();
    sim.world.breakRegion(SEOUL);
    await failover(sim);
    sim.world.healRegion(SEOUL);
    await sim.clock.run(() => sim.clock.sleep(10 * MINUTE));
    const { outcome } = await runPlan(sim, await planOf(sim, { verb: 'reprotect' }));
    expect(outcome).toBe('succeeded');
    const kept = sim.world.snapshot().databases.filter(({ region }) => region === SEOUL).map(({ id, role, acceptsWrites }) => ({ id, role, acceptsWrites }));
    expect(kept.sort((a, b) => (a.id < b.id ? -1 : 1))).toEqual([
      { id: 'shop-orders', role: 'replica', acceptsWrites: false },
      { id: 'shop-orders-old-20261120', role: 'writer', acceptsWrites: false },
    ]);
  });
});

describe('a sample that passes on a resource type it does not know', () => {
  it('a script with a table of handlers does nothing for a type that is mistyped, and reports success', () => {
    const handlers: Record<string, () => string> = { 'rds-read-replica': () => 'promoted' };
    const done = [{ kind: 'rds-read-replcia' }].map(({ kind }) => handlers[kind]?.() ?? 'nothing to do');
    expect(done.every((end) => end !== 'failed')).toBe(true);
    expect(done).toEqual(['nothing to do']);
  });

  it('the tool refuses the runbook, and names the nearest kind', async () => {
    const text = (await readFile(SHOP, 'utf8')).replace('kind: rds-read-replica', 'kind: rds-read-replcia');
    await expect(parseRunbook(Buffer.from(text), 'shop.yaml')).rejects.toMatchObject({ problems: expect.arrayContaining([expect.objectContaining({ severity: 'error', message: expect.stringContaining('did you mean "rds-read-replica"') as string })]) as unknown });
  });
});

describe('AWS Seoul, 22 November 2018: a setting that was missing was read as a low default', () => {
  it('a script that scales to a number which is not there scales to nothing', async () => {
    const it = await naive();
    it.world.breakRegion(SEOUL);
    const settings: { desired?: number } = {};
    await it.call('autoscaling', TOKYO, 'UpdateAutoScalingGroup', { AutoScalingGroupName: 'shop-api', MinSize: settings.desired ?? 0, DesiredCapacity: settings.desired ?? 0 });
    await it.sleep(5 * MINUTE);
    expect(it.world.snapshot().groups.find(({ region }) => region === TOKYO)?.inService).toBe(0);
  });

  it('the tool refuses a runbook without it', async () => {
    const text = (await readFile(SHOP, 'utf8')).replace(/^ +active: .*\n/m, '');
    await expect(parseRunbook(Buffer.from(text), 'shop.yaml')).rejects.toMatchObject({ problems: expect.arrayContaining([expect.objectContaining({ severity: 'error', message: expect.stringContaining('the key "active" is missing') as string })]) as unknown });
  });
});

describe('GitLab, 31 January 2017: the right command on the wrong database', () => {
  /** Somebody has made the standby again, from another database. */
  function mixedUp(sim: Simulation): void {
    sim.world.addDbInstance({ region: SEOUL, id: 'billing' });
    sim.world.addDbInstance({ region: TOKYO, id: 'shop-orders-new', replicaOf: { region: SEOUL, id: 'billing' } });
  }

  it('a script promotes what has the name', async () => {
    const it = await naive();
    mixedUp(it);
    it.world.breakRegion(SEOUL);
    await it.call('rds', TOKYO, 'PromoteReadReplica', { DBInstanceIdentifier: 'shop-orders-new' });
    await it.sleep(10 * MINUTE);
    expect(it.world.acceptsWrites({ region: TOKYO, id: 'shop-orders-new' })).toBe(true);
  });

  it('the tool looks whose replica it is, and refuses', async () => {
    const sim = await simulation();
    mixedUp(sim);
    await sim.clock.run(() => sim.clock.sleep(5 * MINUTE));
    const [orders, ...others] = sim.loaded.runbook.resources;
    if (orders === undefined) throw new Error('no database');
    const resource = { ...(orders.resource as object), instances: { [SEOUL]: 'shop-orders', [TOKYO]: 'shop-orders-new' } };
    const loaded = { ...sim.loaded, runbook: { ...sim.loaded.runbook, resources: [{ ...orders, resource }, ...others] } };
    sim.world.breakRegion(SEOUL);
    const { outcome, refused, intents } = await failover({ ...sim, loaded });
    expect({ outcome, refused, intents }).toEqual({ outcome: 'refused', refused: ['replica-of'], intents: [] });
  });
});

describe('samples that can hang for a year', () => {
  it('a script that polls until it is done is still there a day later', async () => {
    const it = await naive();
    it.world.breakRegion(SEOUL);
    await it.promote();
    await it.sleep(20 * MINUTE);
    it.world.setDbStatus(REPLICA, 'storage-full');
    let looks = 0;
    for (; looks < 24 * 60; looks++) {
      const { DBInstances: found } = await it.call('rds', TOKYO, 'DescribeDBInstances', { DBInstanceIdentifier: REPLICA.id });
      if (found?.[0]?.DBInstanceStatus === 'available') break;
      await it.sleep(MINUTE);
    }
    expect(looks).toBe(24 * 60);
  });

  it('the tool ends in a state with a name, from which it can be resumed', async () => {
    const sim = await simulation();
    sim.world.breakRegion(SEOUL);
    const began = sim.clock.now();
    const { outcome, state } = await runPlan(sim, await planOf(sim, TOKYO), {
      onRecord: (record) => {
        if (record.type === 'step.acted' && record.step === 'databases.orders.promote') sim.world.setDbStatus(REPLICA, 'rebooting');
      },
    });
    expect(outcome).toBe('failed');
    expect(state.steps.get('databases.orders.openWrites')).toMatchObject({ state: 'failed', error: { code: 'STEP_TIMED_OUT' } });
    expect(sim.clock.now() - began).toBeLessThan(2 * 60 * MINUTE);
  });
});

describe('SRM: two plans that move the same thing at once', () => {
  it('two scripts at once leave users where the data is not', async () => {
    const it = await naive();
    const [there, back] = [await swapTo(it, 'tokyo'), await swapTo(it, 'seoul')];
    it.world.breakRegion(SEOUL);
    await it.promote();
    await change(it, there);
    await it.sleep(2 * MINUTE);
    // The other one began before, and is slow.
    await change(it, back);
    it.world.healRegion(SEOUL);
    await it.sleep(5 * MINUTE);
    expect([it.answers(), it.world.acceptsWrites(REPLICA)]).toEqual([[SEOUL_ADDRESS], true]);
  });

  it('of two operators with the tool one works, and the other is given who does', async () => {
    const shape = { strategy: 'warm-standby', databases: 1, fence: true, canary: true, traffic: 'route53-failover', switch: 'record', compute: 'group', probe: true, approval: 'none', own: false, rpoMinutes: 10 } as const;
    const goes = [{ acceptances: { approvedBy: [] }, restMs: 1_000 }];
    const person = { takesOver: false, insists: false, goes };
    const people = [{ ...person, name: 'alice', host: 'laptop', startsAt: 2 * MINUTE }, { ...person, name: 'bob', host: 'desk', startsAt: 2 * MINUTE + 1_000 }];
    const scenario: Scenario = {
      ...scenarioOf(1), shape, lagUnknown: false, lagMs: 500, state: 'folder', skew: {},
      chapters: [{ verb: 'failover', source: SEOUL, target: TOKYO, calmAt: 60 * MINUTE, happenings: [{ at: 1_000, what: 'region-lost', region: SEOUL }], people }],
    };
    const { end, broken } = await playScenario(scenario);
    expect({ end, broken }).toEqual({ end: 'bob:busy alice:succeeded', broken: [] });
  });
});

describe('orchestrator: no second automatic failover within the hour', () => {
  it('a watchdog that goes by what it sees moves users back and forth with every flap of a region', async () => {
    const it = await naive();
    const moves: string[] = [];
    for (const to of ['tokyo', 'seoul', 'tokyo'] as const) {
      it.world.breakRegion(to === 'tokyo' ? SEOUL : TOKYO);
      await change(it, await swapTo(it, to));
      await it.sleep(5 * MINUTE);
      it.world.healRegion(to === 'tokyo' ? SEOUL : TOKYO);
      moves.push(to);
    }
    expect(moves).toHaveLength(3);
  });

  it('the tool asks a person why, by name, before a second move within the hour', async () => {
    const sim = await simulation();
    const last = { run: 'R', verb: 'failover', source: TOKYO, target: SEOUL, at: sim.clock.now() - 10 * MINUTE, by: 'kim@host', complete: true, changed: [] };
    const moved = { ...sim, effects: { ...sim.effects, history: { moves: () => Promise.resolve([last]), madeBy: () => Promise.resolve(undefined) } } };
    sim.world.breakRegion(SEOUL);
    const { outcome, refused, intents } = await failover(moved);
    expect({ outcome, refused, intents }).toEqual({ outcome: 'refused', refused: ['flap-guard'], intents: [] });
    expect((await failover(moved, { ...APPROVED, flap: 'kim', reason: 'Seoul burns again' })).outcome).toBe('succeeded');
  });
});

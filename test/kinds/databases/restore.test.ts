import { describe, expect, it } from 'vitest';
import type { Json } from '../../../src/base/json.ts';
import { VirtualClock } from '../../../src/simulator/virtual-clock.ts';
import { type AtHand, RUN_FACTS, SEOUL, stepOf, TOKYO } from '../context.ts';
import { awsError, type Call, type Shown, smallRds } from './small-rds.ts';

/* A restore: what must be there before, what counts as its own, when it is done, and who may be let in. */

const OPEN = 'sg-0bbbbbbbbbbbbbbbb';
const CLOSED = 'sg-0aaaaaaaaaaaaaaaa';
const settings = { class: 'db.r6g.large', subnetGroup: 'archive', securityGroups: [OPEN], parameterGroup: 'pg17', multiAz: true, retentionDays: 14 };
const SOURCE = { region: SEOUL, id: 'archive' };
const PARAMS = { name: 'documents', region: TOKYO, id: 'copy', settings, source: SOURCE };
const CLOSING = { ...PARAMS, closedBy: CLOSED };
const CHOICE: Json = { point: { method: 'restorable-time', from: 'arn:backup', sourceRegion: SEOUL, at: 1 }, token: 'cafe' };
const CHOSEN: Record<string, Json> = { 'recovery.documents': CHOICE };
const NO_GROUP = (name: string) => awsError('DescribeDBSubnetGroups', `${name}NotFoundFault`, TOKYO, 404);

const made = (more: object = {}) => ({
  DBInstanceIdentifier: 'copy',
  DBInstanceStatus: 'available',
  DBInstanceClass: 'db.r6g.large',
  DBSubnetGroup: { DBSubnetGroupName: 'archive' },
  DBParameterGroups: [{ DBParameterGroupName: 'pg17', ParameterApplyStatus: 'in-sync' }],
  VpcSecurityGroups: [{ VpcSecurityGroupId: CLOSED, Status: 'active' }],
  MultiAZ: true,
  BackupRetentionPeriod: 14,
  TagList: [{ Key: 'dr:restore', Value: 'cafe' }],
  Engine: 'postgres',
  EngineVersion: '17.5',
  ...more,
});
const opened = (more: object = {}) => made({ VpcSecurityGroups: [{ VpcSecurityGroupId: OPEN, Status: 'active' }], ...more });

const backup = (more: object = {}) => ({ DBInstanceAutomatedBackupsArn: 'arn:backup', DBInstanceArn: `arn:aws:rds:${SEOUL}:111122223333:db:archive`, Status: 'replicating', RestoreWindow: { LatestTime: new Date(1) }, Engine: 'postgres', EngineVersion: '17.5', ...more });

/** A region that has all of it. */
const answers = (more: Shown['answers'] = {}): NonNullable<Shown['answers']> => ({
  DescribeDBSubnetGroups: { DBSubnetGroups: [{ DBSubnetGroupName: 'archive', VpcId: 'vpc-1', Subnets: [{ SubnetAvailabilityZone: { Name: 'a' } }, { SubnetAvailabilityZone: { Name: 'b' } }] }] },
  DescribeDBParameterGroups: { DBParameterGroups: [{ DBParameterGroupName: 'pg17', DBParameterGroupFamily: 'postgres17' }] },
  DescribeDBInstanceAutomatedBackups: { DBInstanceAutomatedBackups: [backup()] },
  DescribeDBSnapshots: { DBSnapshots: [] },
  DescribeAccountAttributes: { AccountQuotas: [{ AccountQuotaName: 'DBInstances', Used: 1, Max: 40 }] },
  DescribeOrderableDBInstanceOptions: { OrderableDBInstanceOptions: [{ DBInstanceClass: 'db.r6g.large', EngineVersion: '17.5', MultiAZCapable: true, AvailabilityZones: [{ Name: 'a' }, { Name: 'b' }] }] },
  ...more,
});
const GROUPS: Shown['groups'] = { [OPEN]: { vpc: 'vpc-1' }, [CLOSED]: { vpc: 'vpc-1' } };

const verdict = (word: string): Record<string, Json> => ({ ...CHOSEN, 'fence.documents': { verdict: word, because: 'it is so', at: 1 } });
const NOW = Date.parse('2026-11-20T10:00:00Z');
const IMPACT = NOW - 300_000;
const arrived = (at: number): Shown['answers'] => ({ DescribeDBInstanceAutomatedBackups: { DBInstanceAutomatedBackups: [backup({ RestoreWindow: { LatestTime: new Date(at) } })] } });
const after = { impactAt: IMPACT, answers: arrived(IMPACT + 1) };
const DENIED = awsError('DescribeDBInstanceAutomatedBackups', 'AccessDenied', TOKYO, 403);

interface Given extends AtHand, Shown {
  there?: readonly object[];
  kind?: 'restore' | 'restoreTwin' | 'open';
  params?: object;
}

async function restoring({ there = [], kind = 'restore', params = CLOSING, facts = CHOSEN, instances, groups = GROUPS, answers: own, ...at }: Given = {}) {
  const { aws, asked, calls } = smallRds({ instances: instances ?? { [TOKYO]: there }, groups, answers: answers(own) });
  const step = await stepOf(`rds-backup.${kind}`, params as Json, { ...at, facts, effects: { aws, ...at.effects } });
  return { ...step, asked, aws: calls };
}

const refusal = async (given: Given, by: 'check' | 'observe' = 'check') => {
  const seen = await (await restoring(given))[by]();
  return seen.state === 'refused' ? seen.refusal : seen;
};

const WITHOUT = '. Without log exports, storage autoscaling, Performance Insights, enhanced monitoring, domain: set what the original had';

describe('before a restore', () => {
  it('all of it is there: the name, the groups, what RDS offers, and room', async () => {
    const step = await restoring();
    expect(await step.check()).toEqual({ state: 'ok', because: `copy is free, and everything it needs is in ${TOKYO}`, warnings: [] });
    expect(step.asked('DescribeOrderableDBInstanceOptions')).toEqual([{ Engine: 'postgres', DBInstanceClass: 'db.r6g.large', Vpc: true, EngineVersion: '17.5' }]);
    expect(await (await restoring({ params: { ...CLOSING, source: undefined } })).check()).toMatchObject({ state: 'ok' });
  });

  it('what AWS does not tell is a warning', async () => {
    const silent = { DescribeAccountAttributes: awsError('DescribeAccountAttributes', 'AccessDenied', TOKYO, 403), DescribeOrderableDBInstanceOptions: awsError('DescribeOrderableDBInstanceOptions', 'AccessDenied', TOKYO, 403) };
    expect(await (await restoring({ answers: silent })).check()).toMatchObject({ state: 'ok', warnings: [{ rule: 'quota-unknown' }, { rule: 'offer-unknown' }] });
  });

  it('what the region does not have is named, and nothing more is asked', async () => {
    const none = { DescribeDBSubnetGroups: NO_GROUP('DBSubnetGroup'), DescribeDBParameterGroups: NO_GROUP('DBParameterGroup'), DescribeOptionGroups: NO_GROUP('OptionGroup') };
    const given = { params: { ...CLOSING, settings: { ...settings, optionGroup: 'audit' } }, groups: {}, answers: none };
    expect(await refusal(given)).toEqual({
      rule: 'restore-settings',
      observed: `${TOKYO} does not have the subnet group archive, the parameter group pg17, the security group ${OPEN}, the security group ${CLOSED}, the option group audit`,
      threshold: 'every group that `restore` names',
      consequence: "documents could not be restored, or only with AWS's defaults",
      override: `none: make what is missing in ${TOKYO}, or correct \`restore\` in the runbook`,
    });
    const step = await restoring(given);
    await step.check();
    expect([...step.asked('DescribeOrderableDBInstanceOptions'), ...step.asked('DescribeAccountAttributes')]).toEqual([]);
  });

  const offer = (more: object) => ({ DescribeOrderableDBInstanceOptions: { OrderableDBInstanceOptions: [{ DBInstanceClass: 'db.r6g.large', EngineVersion: '17.5', ...more }] } });
  const of = `RDS does not offer db.r6g.large in ${TOKYO}`;
  it.each<[string, Given, string]>([
    ['a group of another VPC', { groups: { ...GROUPS, [CLOSED]: { vpc: 'vpc-2' } } }, `the security group ${CLOSED} is in vpc-2, and the subnet group archive is in vpc-1`],
    ['groups for another major version', { answers: { DescribeDBInstanceAutomatedBackups: { DBInstanceAutomatedBackups: [backup({ EngineVersion: '16.3' })] }, ...offer({ EngineVersion: '16.3' }) } }, 'the parameter group pg17 is for postgres17, and the data is of postgres 16.3'],
    ['a class that is not offered', { answers: { DescribeOrderableDBInstanceOptions: { OrderableDBInstanceOptions: [] } } }, `RDS does not offer db.r6g.large for postgres 17.5 in ${TOKYO}`],
    ['Multi-AZ that is not', { answers: offer({ MultiAZCapable: false }) }, `${of} as Multi-AZ`],
    ['zones that are not', { answers: offer({ AvailabilityZones: [{ Name: 'a' }] }) }, `RDS offers db.r6g.large in ${TOKYO} in fewer than two of the zones a, b`],
    ['IAM authentication that is not', { params: { ...CLOSING, settings: { ...settings, iamAuthentication: true } }, answers: offer({ SupportsIAMDatabaseAuthentication: false }) }, `${of} with IAM authentication`],
    ['two of them', { groups: { ...GROUPS, [CLOSED]: { vpc: 'vpc-2' } }, answers: offer({ MultiAZCapable: false }) }, `the security group ${CLOSED} is in vpc-2, and the subnet group archive is in vpc-1; ${of} as Multi-AZ`],
  ])('%s: AWS would refuse it after the first changes', async (_what, given, observed) => {
    expect(await refusal(given)).toEqual({
      rule: 'restore-settings',
      observed,
      threshold: 'security groups of the VPC of the subnet group, a parameter group and an option group for the engine and major version of the data, and a class that RDS offers for it there',
      consequence: 'AWS refuses the restore of documents',
      override: `none: correct \`restore\` or \`fence.quarantine\` for ${TOKYO} in the runbook`,
    });
  });

  it('an option group of its own needs one here, for its options cannot be removed', async () => {
    const oracle = (OptionGroupName: string) => ({ DescribeDBInstanceAutomatedBackups: { DBInstanceAutomatedBackups: [backup({ OptionGroupName })] } });
    expect(await refusal({ answers: oracle('audit') })).toEqual({
      rule: 'restore-settings',
      observed: `the newest recovery point of archive needs an option group (the original has audit), and \`restore\` names none for ${TOKYO}`,
      threshold: '`optionGroup` under `restore`, unless the original has a default one',
      consequence: 'AWS refuses the restore of documents, or restores it without its options',
      override: `none: make an option group with the same options in ${TOKYO}, and add it to the runbook: restore: { ${TOKYO}: { optionGroup: NAME } }`,
    });
    expect(await (await restoring({ answers: oracle('default:postgres-17') })).check()).toMatchObject({ state: 'ok' });
    const named = { params: { ...CLOSING, settings: { ...settings, optionGroup: 'audit-tokyo' } } };
    const group = { DescribeOptionGroups: { OptionGroupsList: [{ OptionGroupName: 'audit-tokyo', EngineName: 'postgres', MajorEngineVersion: '17' }] } };
    expect(await (await restoring({ ...named, answers: { ...oracle('audit'), ...group } })).check()).toMatchObject({ state: 'ok' });
  });

  it('room, also for what else the plan restores there and is not there yet', async () => {
    const other = (id: string, more: object = {}, kind = 'rds-backup.restore') => ({ kind, params: { ...CLOSING, id, ...more } as Json });
    const quotas = (used: number, gib = 0) => ({ DescribeAccountAttributes: { AccountQuotas: [{ AccountQuotaName: 'DBInstances', Used: used, Max: 40 }, { AccountQuotaName: 'AllocatedStorage', Used: gib, Max: 100 }] }, DescribeDBInstanceAutomatedBackups: { DBInstanceAutomatedBackups: [backup({ AllocatedStorage: 20 })] } });
    expect(await refusal({ answers: quotas(40) })).toMatchObject({ rule: 'quota' });
    expect(await refusal({ answers: quotas(0, 81) })).toMatchObject({ rule: 'quota', observed: expect.stringContaining('copy needs 20') as string });
    const observed = `39 of 40 DB instances are in use in ${TOKYO}, and this plan makes 2: copy, images`;
    for (const kind of ['rds-backup.restore', 'rds-backup.restoreTwin']) expect(await refusal({ answers: quotas(39), planned: [other('copy'), other('images', {}, kind)] })).toMatchObject({ rule: 'quota', observed });
    expect(await refusal({ answers: quotas(0, 61), planned: [other('copy'), other('images')] })).toMatchObject({ observed: expect.stringContaining('copy, images need 40') as string });
    const uncounted = [other('copy'), other('images', { region: SEOUL }), other('images', {}, 'rds-backup.open'), { kind: 'rds-backup.restore', params: {} }];
    expect(await (await restoring({ answers: quotas(39), planned: uncounted })).check()).toMatchObject({ state: 'ok' });
    expect(await refusal({ answers: quotas(39), planned: [other('images', { source: undefined })] })).toMatchObject({ observed });
    expect(await (await restoring({ there: [made({ DBInstanceIdentifier: 'images' })], answers: quotas(39), planned: [other('images')] })).check()).toMatchObject({ state: 'ok' });
  });

  it('what it has made already is looked at as it is: neither backups nor room are asked for again', async () => {
    const step = await restoring({ there: [made()], answers: { DescribeAccountAttributes: { AccountQuotas: [{ AccountQuotaName: 'DBInstances', Used: 40, Max: 40 }] }, DescribeOrderableDBInstanceOptions: { OrderableDBInstanceOptions: [] } } });
    expect(await step.check()).toMatchObject({ state: 'ok', warnings: [] });
    expect(step.asked('DescribeDBInstanceAutomatedBackups')).toEqual([]);
    expect(await refusal({ there: [made({ EngineVersion: '16.3' })] })).toMatchObject({ observed: 'the parameter group pg17 is for postgres17, and the data is of postgres 16.3' });
    expect(await refusal({ there: [made({ Engine: 'mysql' })] })).toMatchObject({ observed: 'the parameter group pg17 is for postgres17, and the data is of mysql 17.5' });
  });
});

describe('an instance of that name which this run did not make', () => {
  const keep = `keep it under another name: aws rds modify-db-instance --region ${TOKYO} --db-instance-identifier copy --new-db-instance-identifier copy-kept --apply-immediately`;
  const strange = { rule: 'restore-target', threshold: 'a free identifier', consequence: 'users would get whatever is in it; it is not overwritten, and not deleted' };
  const other = [{ Key: 'dr:restore', Value: 'another' }];
  const history = (moves: () => Promise<unknown>) => ({ effects: { history: { moves, madeBy: () => Promise.resolve(undefined) } as never } });
  const move = { run: 'run-1', source: SEOUL, target: TOKYO, complete: false, changed: [{ resource: `rds:${TOKYO}:copy`, field: 'instance' }] };

  it.each<[string, Given, string, string]>([
    ['made by no run', { there: [made({ TagList: [{ Key: 'cost', Value: 'cafe' }] })] }, 'copy in ap-northeast-1 exists already (available), and no run of dr made it', keep],
    ['of which no tag and no status is shown', { there: [made({ TagList: undefined, DBInstanceStatus: undefined })] }, 'copy in ap-northeast-1 exists already (unknown), and no run of dr made it', keep],
    ['made by another run', { there: [made({ TagList: other })] }, 'copy in ap-northeast-1 exists already (available), restored by another run', `dr resume, if that run is unfinished; else ${keep}`],
    ['made by a run that has not ended', { there: [made({ TagList: other })], ...history(() => Promise.resolve([move])) }, 'copy in ap-northeast-1 exists already (available), restored by another run; the run run-1 began to restore it, and has not ended', `dr resume run-1; or ${keep}`],
    ['made by a run that has succeeded: users are served by it', { there: [made({ TagList: other })], ...history(() => Promise.resolve([{ ...move, complete: true }])) }, 'copy in ap-northeast-1 exists already (available), restored by another run; the run run-1 began to restore it, and has succeeded', 'none: this run has nothing left to do; dr status run-1 shows the one that succeeded'],
    ['made by a run that has succeeded, and users were moved since', { there: [made({ TagList: other })], ...history(() => Promise.resolve([{ ...move, run: 'run-2', target: SEOUL, changed: [], complete: true }, { ...move, complete: true }])) }, 'copy in ap-northeast-1 exists already (available), restored by another run; the run run-1 began to restore it, and has succeeded; a later run moved users to ap-northeast-2', keep],
    ['made by one that has not ended, and by one before that has', { there: [made({ TagList: other })], ...history(() => Promise.resolve([{ ...move, run: 'run-0', complete: true }, move])) }, 'copy in ap-northeast-1 exists already (available), restored by another run; the run run-1 began to restore it, and has not ended', `dr resume run-1; or ${keep}`],
    ['made by another run, and no journal can be read', { there: [made({ TagList: other })], ...history(() => Promise.reject(new Error('no journal'))) }, 'copy in ap-northeast-1 exists already (available), restored by another run', `dr resume, if that run is unfinished; else ${keep}`],
    ['while this run has chosen nothing yet', { there: [made()], facts: {} }, 'copy in ap-northeast-1 exists already (available), restored by another run', `dr resume, if that run is unfinished; else ${keep}`],
  ])('%s', async (_what, given, observed, override) => {
    for (const by of ['check', 'observe'] as const) expect(await refusal(given, by)).toEqual({ ...strange, observed, override });
    expect(await refusal({ ...given, kind: 'open', params: PARAMS }, 'observe')).toMatchObject({ rule: 'restore-target', observed });
  });

  it('a run that is stopped meanwhile does not say that it knows', async () => {
    const stop = new AbortController();
    const { effects } = history(() => {
      stop.abort(new Error('stopped'));
      return Promise.reject(new Error('no journal'));
    });
    await expect(refusal({ there: [made({ TagList: other })], effects, signal: stop.signal })).rejects.toThrow('stopped');
  });
});

describe('a restore that is closed', () => {
  it.each<[string, object[], object]>([
    ['is missing', [], { state: 'absent', because: `copy is not in ${TOKYO}` }],
    ['is being made', [made({ DBInstanceStatus: 'creating' })], { state: 'pending', because: 'copy is creating', waitingFor: 'aws' }],
    ['has failed', [made({ DBInstanceStatus: 'failed' })], { state: 'impossible', because: 'copy is failed' }],
    ['has all that was asked for', [made()], { state: 'reached', because: `copy is available with the settings of the runbook, and still closed${WITHOUT}` }],
    ['makes its first backup', [made({ DBInstanceStatus: 'backing-up' })], { state: 'reached', because: `copy is backing-up with the settings of the runbook, and still closed${WITHOUT}` }],
    ['is open already', [opened()], { state: 'reached', because: `copy is available with the settings of the runbook, and still closed${WITHOUT}` }],
    ['is another one, and still changing', [made({ DBInstanceStatus: 'modifying', MultiAZ: false, BackupRetentionPeriod: 1 })], { state: 'pending', because: 'copy is modifying: Multi-AZ is false, not true; backup retention is 1, not 14', waitingFor: 'aws' }],
    ['is another one', [made({ VpcSecurityGroups: [{ VpcSecurityGroupId: 'sg-x' }], MultiAZ: false })], { state: 'impossible', because: `copy was restored otherwise than asked: Multi-AZ is false, not true; its security groups are not ${CLOSED}`, next: [`aws rds modify-db-instance --region ${TOKYO} --db-instance-identifier copy --apply-immediately …, then: dr resume`] }],
  ])('%s', async (_what, there, seen) => {
    expect(await (await restoring({ there })).observe()).toEqual(seen);
  });

  it('of which AWS shows only a part is looked at again for a minute, and then it is for a person', async () => {
    const step = await restoring({ there: [made({ MultiAZ: undefined, VpcSecurityGroups: undefined })] });
    const because = 'AWS does not show Multi-AZ, security groups of copy';
    for (const ms of [0, 30_000, 29_999]) {
      await step.clock.run(() => step.clock.sleep(ms));
      expect(await step.observe()).toEqual({ state: 'pending', because, waitingFor: 'aws' });
    }
    await step.clock.run(() => step.clock.sleep(1));
    expect(await step.observe()).toEqual({ state: 'impossible', because, next: [`aws rds describe-db-instances --region ${TOKYO} --db-instance-identifier copy, then: dr resume`] });
  });

  it('whose parameters wait for a restart is restarted, once: AWS does that by itself in no case', async () => {
    const waits = (more: object = {}) => made({ DBParameterGroups: [{ DBParameterGroupName: 'pg17', ParameterApplyStatus: 'pending-reboot' }], ...more });
    const because = 'the parameters of copy wait for a reboot';
    expect(await (await restoring({ there: [waits({ DBInstanceStatus: 'backing-up' })] })).observe()).toEqual({ state: 'pending', because: `copy is backing-up: ${because}`, waitingFor: 'aws' });
    const step = await restoring({ there: [waits()] });
    expect(await step.observe()).toEqual({ state: 'absent', because, further: true });
    await step.act();
    expect([step.asked('RebootDBInstance'), step.asked('RestoreDBInstanceToPointInTime')]).toEqual([[{ DBInstanceIdentifier: 'copy' }], []]);
    expect(await step.observe()).toEqual({ state: 'pending', because: `${because}, which was asked for`, waitingFor: 'aws' });
    for (let seconds = 0; seconds < 300; seconds += 30) {
      expect(await step.observe()).toMatchObject({ state: 'pending' });
      await step.clock.run(() => step.clock.sleep(30_000));
    }
    expect(await step.observe()).toEqual({ state: 'impossible', because: `${because}, also after one`, next: [`aws rds reboot-db-instance --region ${TOKYO} --db-instance-identifier copy, then: dr resume`] });
  });

  it('leaves the source to the step that opens it', async () => {
    expect(await (await restoring({ there: [made()], facts: verdict('source-down'), ...after })).observe()).toMatchObject({ state: 'reached' });
  });

  it('is known again by what was chosen, and needs no verdict on the old writer', async () => {
    const step = await restoring({ there: [made()] });
    await step.observe();
    expect(step.recorded).toEqual({ 'restored.documents': { id: 'copy', region: TOKYO, from: 'arn:backup' } });
    expect(await step.made()).toBe(true);
    expect(await (await restoring()).made()).toBe(false);
    expect(await step.holds()).toMatchObject({ state: 'reached' });
  });
});

describe('a restore that is open at once is the line', () => {
  const open = (given: Given): Given => ({ clock: new VirtualClock(NOW), params: { ...PARAMS, rpoMs: 60_000 }, ...given });

  it('nobody goes over it without a verdict on the old writer, nor with a loss that nobody measured', async () => {
    expect(await refusal(open({}), 'observe')).toMatchObject({ rule: 'fence', observed: 'no step of this run has said whether the old writer of documents takes writes', consequence: 'two writers may accept orders at once after a restore, and their data can no longer be joined' });
    expect(await refusal(open({ facts: verdict('fenced') }), 'observe')).toMatchObject({ rule: 'rpo-gate', observed: expect.stringContaining('no gate of this run has measured it') as string });
    expect(await (await restoring({ params: PARAMS, facts: verdict('fenced') })).observe()).toEqual({ state: 'absent', because: `copy is not in ${TOKYO}` });
  });

  it('the loss is that of the recovery point', async () => {
    const rpo: Json = { database: 'documents', method: 'restorable-time', boundMs: 120_000, lagMs: null, sampledAt: NOW - 120_000, ageMs: 120_000, outageAt: NOW, because: '2m old' };
    expect(await refusal(open({ facts: { ...verdict('fenced'), 'rpo.documents': rpo } }), 'observe')).toMatchObject({ rule: 'rpo-gate', observed: expect.stringContaining('2m') as string });
  });

  it('has the groups of the application', async () => {
    expect(await (await restoring(open({ there: [opened()], facts: verdict('fenced') }))).observe()).toEqual({ state: 'reached', because: `copy is available with the settings of the runbook${WITHOUT}` });
    expect(await (await restoring(open({ there: [made()], facts: verdict('fenced') }))).observe()).toMatchObject({ state: 'impossible', because: `copy was restored otherwise than asked: its security groups are not ${OPEN}` });
  });

  it.each(['source-down', 'attested'])('where the old writer counts as lost (%s), it is looked at once more before users are led there', async (word) => {
    const step = await restoring(open({ there: [opened()], facts: verdict(word), ...after }));
    expect(await step.observe()).toEqual({
      state: 'refused',
      refusal: {
        rule: 'source-down',
        observed: `the newest restorable time of archive is 5m old: it was written after the impact, so that archive in ${SEOUL} lives`,
        threshold: 'no sign of life from the source since it was judged to be lost',
        consequence: 'users would write to copy while others may write to archive, and their data can no longer be joined',
        override: 'dr resume: looks at the source again, and fences it where it can; or --attest-source-down NAME --reason "who has seen it, and how"',
      },
    });
    expect(step.recorded).toMatchObject({ 'sign-shown.arrived': true });
    expect(await (await restoring(open({ there: [opened()], facts: verdict(word), impactAt: IMPACT, answers: arrived(IMPACT) }))).observe()).toMatchObject({ state: 'reached' });
  });

  it('so is its API, which may answer again before any backup arrives', async () => {
    const alive = { [TOKYO]: [opened()], [SEOUL]: [{ DBInstanceIdentifier: 'archive', DBInstanceStatus: 'available' }] };
    const given = open({ instances: alive, facts: verdict('source-down'), impactAt: IMPACT, answers: arrived(IMPACT) });
    const step = await restoring(given);
    expect(await step.observe()).toMatchObject({ state: 'refused', refusal: { rule: 'source-down', observed: `archive is available: the API of ${SEOUL} answers again` } });
    expect(step.recorded).toMatchObject({ 'sign-shown.answers': true });
    expect(await refusal({ ...given, ...after }, 'observe')).toMatchObject({ observed: `archive is available: the API of ${SEOUL} answers again; the newest restorable time of archive is 5m old: it was written after the impact, so that archive in ${SEOUL} lives` });
  });

  it.each(['fenced', 'closed', 'read-only'])('one that is %s is not asked for', async (word) => {
    expect(await (await restoring(open({ there: [opened()], facts: verdict(word), ...after }))).observe()).toMatchObject({ state: 'reached' });
  });
});

describe('who lets users in', () => {
  const opening = (given: Given): Given => ({ clock: new VirtualClock(NOW), kind: 'open', params: PARAMS, facts: verdict('fenced'), ...given });
  const adding = (more: object = {}) => made({ VpcSecurityGroups: [{ VpcSecurityGroupId: OPEN, Status: 'adding' }, { VpcSecurityGroupId: CLOSED, Status: 'removing' }], ...more });
  const REFUSED: Record<string, Json> = { [`refused.${TOKYO}.copy`]: { words: 'said AWS', times: 1, since: NOW, last: NOW } };

  it.each<[string, Given, object]>([
    ['there is none', {}, { state: 'impossible', because: `copy is not in ${TOKYO}` }],
    ['it is closed', { there: [made()] }, { state: 'absent', because: 'copy is closed' }],
    ['it is open', { there: [opened()] }, { state: 'reached', because: `copy lets in ${OPEN}` }],
    ['it is open, and backing up', { there: [opened({ DBInstanceStatus: 'backing-up' })] }, { state: 'reached', because: `copy lets in ${OPEN}` }],
    ['it is open, and restarts', { there: [opened({ DBInstanceStatus: 'rebooting' })] }, { state: 'pending', because: 'copy is rebooting; its security groups are being applied', waitingFor: 'aws' }],
    ['it is being opened', { there: [adding()] }, { state: 'pending', because: 'copy is available; its security groups are being applied', waitingFor: 'aws' }],
    ['it has failed', { there: [made({ DBInstanceStatus: 'failed' })] }, { state: 'impossible', because: 'copy is failed, and closed' }],
    ['it has failed after it was opened', { there: [opened({ DBInstanceStatus: 'failed' })] }, { state: 'impossible', because: 'copy is failed' }],
    ['it makes its first backup: that is tried once', { there: [made({ DBInstanceStatus: 'backing-up' })] }, { state: 'absent', because: 'copy is closed' }],
    ['that was tried', { there: [made({ DBInstanceStatus: 'backing-up' })], intends: [`rds:${TOKYO}:copy VpcSecurityGroups`] }, { state: 'pending', because: 'copy is backing-up, and closed', waitingFor: 'aws' }],
    ['that was refused', { there: [made({ DBInstanceStatus: 'backing-up' })], facts: { ...verdict('fenced'), ...REFUSED } }, { state: 'pending', because: 'copy is backing-up, and closed, and AWS refuses to open it: said AWS', waitingFor: 'aws', reason: 'said AWS' }],
    ['it is being changed', { there: [made({ DBInstanceStatus: 'modifying' })] }, { state: 'pending', because: 'copy is modifying, and closed', waitingFor: 'aws' }],
    ['it restarts', { there: [made({ DBInstanceStatus: 'rebooting' })] }, { state: 'pending', because: 'copy is rebooting, and closed', waitingFor: 'aws' }],
    ['AWS has refused it, and it is available', { there: [made()], facts: { ...verdict('fenced'), ...REFUSED } }, { state: 'absent', because: 'copy is closed, and AWS refuses to open it: said AWS' }],
  ])('%s', async (_what, given, seen) => {
    expect(await (await restoring(opening(given))).observe()).toEqual(seen);
  });

  it('names each of its groups', async () => {
    const params = { ...PARAMS, settings: { ...settings, securityGroups: [OPEN, CLOSED] } };
    const both = [OPEN, CLOSED].map((VpcSecurityGroupId) => ({ VpcSecurityGroupId, Status: 'active' }));
    expect(await (await restoring(opening({ params, there: [made({ VpcSecurityGroups: both })] }))).observe()).toMatchObject({ because: `copy lets in ${OPEN}, ${CLOSED}` });
    expect(await (await restoring({ params, there: [made()] })).observe()).toMatchObject({ because: expect.stringMatching(`its security groups are not ${OPEN}, ${CLOSED}$`) as string });
  });

  it('asks for its groups, and for nothing else that waits', async () => {
    const step = await restoring(opening({ there: [made()] }));
    expect(await step.check()).toEqual({ state: 'ok', because: 'the groups were looked at by the restore' });
    await step.act();
    expect(step.asked('ModifyDBInstance')).toEqual([{ DBInstanceIdentifier: 'copy', VpcSecurityGroupIds: [OPEN] }]);
  });

  it('not while the source is seen to live', async () => {
    expect(await refusal(opening({ there: [made()], facts: verdict('source-down'), ...after }), 'observe')).toMatchObject({ rule: 'source-down' });
    expect(await (await restoring(opening({ there: [made()], facts: verdict('source-down'), params: { ...PARAMS, source: undefined }, ...after }))).observe()).toMatchObject({ state: 'absent' });
  });

  it('nor while its API answers again, even where nobody says what backups have arrived', async () => {
    const alive = { [TOKYO]: [made()], [SEOUL]: [{ DBInstanceIdentifier: 'archive', DBInstanceStatus: 'available' }] };
    const given = opening({ instances: alive, facts: verdict('source-down'), impactAt: IMPACT, answers: { DescribeDBInstanceAutomatedBackups: DENIED } });
    expect(await refusal(given, 'observe')).toMatchObject({ rule: 'source-down', observed: `archive is available: the API of ${SEOUL} answers again; whether backups of archive still arrive could not be asked: ${DENIED.message}` });
    // By the word of who has been shown that: loss counts up to now.
    const step = await restoring({ ...given, facts: { ...verdict('source-down'), 'sign-shown.answers': true }, acceptances: { sourceDown: 'kim' } });
    expect(await step.observe()).toMatchObject({ state: 'absent' });
    expect(step.recorded).toMatchObject({ 'source.seen-alive': NOW, 'fence.documents': { verdict: 'attested', because: `archive is available: the API of ${SEOUL} answers again; attested by kim`, at: NOW } });
  });

  it('a word that was given after this was shown has heard of it; one before has not', async () => {
    const said: Given = { there: [made()], facts: verdict('attested'), ...after, acceptances: { sourceDown: 'kim' } };
    expect(await refusal(opening(said), 'observe')).toMatchObject({ rule: 'source-down' });
    expect(await (await restoring(opening({ ...said, facts: { ...verdict('attested'), 'sign-shown.arrived': true } }))).observe()).toMatchObject({ state: 'absent' });
    const { acceptances: _, ...unsaid } = said;
    expect(await refusal(opening({ ...unsaid, facts: { ...verdict('attested'), 'sign-shown.arrived': true } }), 'observe')).toMatchObject({ rule: 'source-down' });
  });

  describe('that has lived on after the impact', () => {
    const gate = (boundMs: number): Record<string, Json> => ({ 'rpo.documents': { database: 'documents', method: 'restorable-time', boundMs, lagMs: null, sampledAt: IMPACT - boundMs, ageMs: boundMs + 1_000, outageAt: IMPACT, because: 'measured' } });
    const known = (): Record<string, Json> => ({ ...CHOSEN, 'fence.documents': { verdict: 'source-down', because: 'two signals', at: IMPACT + 1 }, 'sign-shown.arrived': true, ...gate(60_000) });
    const lived = (given: Given): Given => opening({ there: [made()], ...after, params: { ...PARAMS, rpoMs: 120_000 }, ...given });

    it('by the word of who has been shown that: the verdict says so, and loss counts up to now', async () => {
      const step = await restoring(lived({ facts: known(), acceptances: { sourceDown: 'kim' } }));
      // And is refused at the next look, too.
      for (let looks = 0; looks < 2; looks++) expect(await step.observe()).toMatchObject({ state: 'refused', refusal: { rule: 'rpo-gate', observed: expect.stringContaining('6m') as string } });
      const again = await restoring(lived({ facts: known(), acceptances: { sourceDown: 'kim', dataLossSeconds: 'unknown' } }));
      expect(await again.observe()).toMatchObject({ state: 'absent' });
      expect(again.recorded).toMatchObject({
        'fence.documents': { verdict: 'attested', because: expect.stringMatching(/^the newest restorable time of archive is .* old: it was written after the impact, so that archive in ap-northeast-2 lives; attested by kim$/) as string, at: NOW },
        'rpo.documents': { boundMs: 60_000 + NOW - IMPACT, outageAt: NOW },
      });
      // Looked at once more, it is not counted twice.
      await again.clock.run(() => again.clock.sleep(5_000));
      await again.observe();
      expect(again.recorded).toMatchObject({ 'fence.documents': { at: NOW }, 'rpo.documents': { boundMs: 60_000 + NOW - IMPACT } });
    });

    it('and is silent since: what it has written meanwhile is lost too', async () => {
      const old = { DescribeDBInstanceAutomatedBackups: { DBInstanceAutomatedBackups: [backup({ RestoreWindow: { LatestTime: new Date(IMPACT + 1_000) } })] } };
      const clock = () => new VirtualClock(NOW + 3_600_000);
      const step = await restoring(lived({ facts: known(), answers: old, clock: clock() }));
      expect(await step.observe()).toMatchObject({ state: 'refused', refusal: { rule: 'rpo-gate' } });
      expect(step.recorded).toMatchObject({ 'fence.documents': { verdict: 'source-down', because: 'two signals', at: NOW + 3_600_000 }, 'rpo.documents': { boundMs: 60_000 + NOW + 3_600_000 - IMPACT } });
      const before = { DescribeDBInstanceAutomatedBackups: { DBInstanceAutomatedBackups: [backup({ RestoreWindow: { LatestTime: new Date(IMPACT) } })] } };
      const dead = await restoring(lived({ facts: known(), answers: before, clock: clock() }));
      expect(await dead.observe()).toMatchObject({ state: 'absent' });
      expect(dead.recorded).toEqual({});
    });
  });

  it('a region that does not tell is asked for a minute more, and then it is for a person', async () => {
    const step = await restoring(opening({ there: [made()], facts: verdict('source-down'), answers: { DescribeDBInstanceAutomatedBackups: DENIED } }));
    const observed = `whether backups of archive still arrive could not be asked: ${DENIED.message}`;
    expect(await step.observe()).toEqual({ state: 'pending', because: observed, waitingFor: 'aws' });
    await step.clock.run(() => step.clock.sleep(30_000));
    expect(await step.observe()).toMatchObject({ state: 'pending' });
    await step.clock.run(() => step.clock.sleep(30_000));
    for (let looks = 0; looks < 2; looks++) expect(await step.observe()).toMatchObject({ state: 'refused', refusal: { rule: 'source-down', observed } });
  });

  it('but a person’s word stays as it is', async () => {
    expect(await (await restoring(opening({ there: [made()], facts: verdict('attested'), acceptances: { sourceDown: 'kim' }, answers: { DescribeDBInstanceAutomatedBackups: DENIED } }))).observe()).toMatchObject({ state: 'absent' });
  });

  it('an answer in between begins that minute again', async () => {
    const shown = { silent: true };
    const step = await restoring(opening({ there: [made()], facts: verdict('source-down'), impactAt: IMPACT, answers: { DescribeDBInstanceAutomatedBackups: () => (shown.silent ? DENIED : { DBInstanceAutomatedBackups: [] }) } }));
    await step.observe();
    await step.clock.run(() => step.clock.sleep(50_000));
    shown.silent = false;
    expect(await step.observe()).toMatchObject({ state: 'absent' });
    expect(step.recorded).toMatchObject({ 'lasts.backups-unasked.documents': null });
    shown.silent = true;
    await step.clock.run(() => step.clock.sleep(10_000));
    expect(await step.observe()).toMatchObject({ state: 'pending' });
  });

  it('has been done once its groups are asked for', async () => {
    const done = async (...there: object[]) => (await restoring(opening({ there }))).made();
    expect([await done(opened()), await done(adding()), await done(made()), await done()]).toEqual([true, true, false, false]);
  });
});

describe('what AWS is asked for', () => {
  const requested = async (given: Given) => {
    const step = await restoring(given);
    await step.act();
    return step.aws.map(({ operation, input }: Call) => [operation, input]);
  };
  const all = { DBInstanceClass: 'db.r6g.large', DBSubnetGroupName: 'archive', DBParameterGroupName: 'pg17', VpcSecurityGroupIds: [CLOSED], MultiAZ: true, BackupRetentionPeriod: 14, PubliclyAccessible: false };
  const Tags = [{ Key: 'dr:restore', Value: 'cafe' }, { Key: 'dr:runbook', Value: 'shop' }];
  const latest = { SourceDBInstanceAutomatedBackupsArn: 'arn:backup', UseLatestRestorableTime: true };

  it('everything for which it would take a default', async () => {
    expect(await requested({})).toEqual([['RestoreDBInstanceToPointInTime', { TargetDBInstanceIdentifier: 'copy', ...latest, ...all, Tags }]]);
    const more = { optionGroup: 'audit', iamAuthentication: false, publiclyAccessible: true, copyTagsToSnapshot: true, deletionProtection: true, logExports: ['postgresql'] };
    expect(await requested({ params: { ...PARAMS, settings: { ...settings, ...more } } })).toEqual([
      ['RestoreDBInstanceToPointInTime', { TargetDBInstanceIdentifier: 'copy', ...latest, ...all, VpcSecurityGroupIds: [OPEN], PubliclyAccessible: true, OptionGroupName: 'audit', EnableIAMDatabaseAuthentication: false, CopyTagsToSnapshot: true, DeletionProtection: true, EnableCloudwatchLogsExports: ['postgresql'], Tags }],
    ]);
  });

  it('from the snapshot that was chosen', async () => {
    const facts = { 'recovery.documents': { point: { method: 'snapshot-time', from: 'hourly-1', sourceRegion: SEOUL, at: 1 }, token: 'cafe' } };
    expect(await requested({ facts })).toEqual([['RestoreDBInstanceFromDBSnapshot', { DBInstanceIdentifier: 'copy', DBSnapshotIdentifier: 'hourly-1', ...all, Tags }]]);
  });

  it('nothing where nothing was chosen; one that is there is for the next look; any other no is one', async () => {
    await expect(requested({ facts: {} })).rejects.toThrow('no recovery point of documents was chosen');
    const no = (code: string) => ({ answers: { RestoreDBInstanceToPointInTime: awsError('RestoreDBInstanceToPointInTime', code, TOKYO, 400) } });
    await expect(requested(no('DBInstanceAlreadyExistsFault'))).resolves.toHaveLength(1);
    await expect(requested(no('StorageQuotaExceeded'))).rejects.toMatchObject({ code: 'StorageQuotaExceeded' });
    await expect(requested({ answers: { RestoreDBInstanceToPointInTime: new Error('a bug') } })).rejects.toThrow('a bug');
  });
});

it('what it lacks and users do not need is said, and ends no run', async () => {
  const wanted = { ...settings, deletionProtection: true, logExports: ['postgresql'] };
  const seen = async (more: object) => (await restoring({ there: [made({ DeletionProtection: true, EnabledCloudwatchLogsExports: ['postgresql'], ...more })], params: { ...CLOSING, settings: wanted } })).observe();
  const rest = 'storage autoscaling, Performance Insights, enhanced monitoring, domain: set what the original had';
  const reached = (words: string) => ({ state: 'reached', because: `copy is available with the settings of the runbook, and still closed. Without ${words}${rest}` });
  expect(await seen({})).toEqual(reached(''));
  expect(await seen({ DeletionProtection: false, EnabledCloudwatchLogsExports: [] })).toEqual(reached('deletion protection, log exports, '));
});

describe('the twin of a drill', () => {
  const twin = { kind: 'restoreTwin' as const, params: { ...PARAMS, id: 'dr-drill-1a2b-copy', nobody: 'dr-drill-1a2b-nobody' } };
  const tags = [{ Key: 'dr:restore', Value: 'cafe' }, { Key: 'dr:drill', Value: RUN_FACTS.id }];
  const there = [opened({ DBInstanceIdentifier: twin.params.id, TagList: tags })];

  it('is made open, without a verdict on the old writer: users go nowhere', async () => {
    expect(await (await restoring(twin)).observe()).toEqual({ state: 'absent', because: `${twin.params.id} is not in ${TOKYO}` });
    expect(await (await restoring({ ...twin, there, facts: verdict('source-down'), ...after })).observe()).toEqual({ state: 'reached', because: `${twin.params.id} is available with the settings of the runbook` });
  });

  it('is made only where it may be deleted again, which is asked first, of a name that nobody has', async () => {
    const step = await restoring({ ...twin, answers: { DeleteDBInstance: awsError('DeleteDBInstance', 'DBInstanceNotFound', TOKYO, 404) } });
    expect(await step.check()).toMatchObject({ state: 'ok' });
    expect(step.asked('DeleteDBInstance')).toEqual([{ DBInstanceIdentifier: 'dr-drill-1a2b-nobody', SkipFinalSnapshot: true, DeleteAutomatedBackups: true }]);
    const denied = { DeleteDBInstance: awsError('DeleteDBInstance', 'AccessDenied', TOKYO, 403) };
    expect(await refusal({ ...twin, answers: denied })).toMatchObject({ rule: 'drill-rights', consequence: `${twin.params.id} would be made, and stay` });
    const again = await restoring({ ...twin, there, answers: denied });
    expect(await again.check()).toMatchObject({ state: 'ok' });
    expect(again.asked('DeleteDBInstance')).toEqual([]);
    const real = await restoring();
    await real.check();
    expect(real.asked('DeleteDBInstance')).toEqual([]);
  });

  it('carries the run that made it, and is written down as accepted', async () => {
    // It is deleted at the end, whatever protects the real one.
    const step = await restoring({ ...twin, params: { ...twin.params, settings: { ...settings, deletionProtection: true } }, clock: new VirtualClock(NOW) });
    await step.act();
    const [request] = step.asked('RestoreDBInstanceToPointInTime');
    expect(request?.['Tags']).toMatchObject([{ Key: 'dr:restore', Value: 'cafe' }, { Key: 'dr:drill', Value: RUN_FACTS.id }, { Key: 'dr:runbook', Value: 'shop' }, { Key: 'dr:drill-expires' }]);
    expect(request).not.toHaveProperty('DeletionProtection');
    expect(step.recorded).toEqual({ [`twin.accepted.rds:${TOKYO}:${twin.params.id}`]: NOW });
  });

  it('has been made where that run is on it', async () => {
    expect(await (await restoring({ ...twin, there })).made()).toBe(true);
    expect(await (await restoring({ ...twin, there: [opened({ DBInstanceIdentifier: twin.params.id })] })).made()).toBe(false);
    expect(await (await restoring(twin)).made()).toBe(false);
  });
});

import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import type { Json } from '../../src/base/json.ts';
import { APPROVED, planOf, resumeRun, runPlan, SEOUL, type Simulation, TOKYO } from '../engine/simulated.ts';
import { type Asked, saidByRun, saidIn, worldOf } from './said.ts';

const HOME = { region: SEOUL, id: 'archive-documents' };
const RESTORED = { region: TOKYO, id: 'archive-documents-tokyo' };
const HOUR_MS = 3_600_000;
const LOST_KEY = `arn:aws:kms:${SEOUL}:111122223333:key/of-the-lost-region`;

/** Automated backups that are of no use: their key is in the lost region. */
async function withoutBackups(): Promise<Simulation> {
  const sim = await worldOf('archive');
  sim.world.addAutomatedBackup({ region: TOKYO, source: HOME, kmsKeyId: LOST_KEY });
  return sim;
}

const gate = (sim: Simulation, at: Asked = {}) => saidIn(sim, 'databases.documents.recoveryGate', at);

describe('where a restore has no room', () => {
  it('as many instances as the account may have', async () => {
    const sim = await worldOf('archive');
    sim.world.state.dbQuotas.set(TOKYO, 'DBInstances', 0);
    expect(await saidIn(sim, 'databases.documents.restore')).toMatchInlineSnapshot(`
      "rule         quota
      observed     0 of 0 DB instances are in use in ap-northeast-1 (just now)
      threshold    a quota that leaves room for what the plan makes
      consequence  AWS refuses to make archive-documents-tokyo
      override     none: delete what nobody needs, or ask for more of "DB instances": aws service-quotas list-service-quotas --service-code rds --region ap-northeast-1 names its code, aws service-quotas request-service-quota-increase asks"
    `);
  });
});

describe('where two restores of one plan have room for one', () => {
  const text = readFileSync(fileURLToPath(new URL('../../runbooks/archive.yaml', import.meta.url)), 'utf8');
  const documents = /^ {2}documents:\n[\s\S]*?(?=^compute:)/m.exec(text)?.[0] ?? '';
  const images = documents.replace('  documents:', '  images:').replaceAll('archive-documents', 'archive-images');
  const twoOf = () => worldOf('archive', documents, `${documents}${images}`);
  const lost = ({ world }: Simulation): void => world.breakRegion(SEOUL);

  it('of instances', async () => {
    const sim = await twoOf();
    sim.world.state.dbQuotas.set(TOKYO, 'DBInstances', 1);
    expect(await saidByRun(sim, TOKYO, APPROVED, lost)).toMatch(/databases\.documents\.restore\nrule +quota\nobserved +0 of 1 DB instances are in use in ap-northeast-1, and this plan makes 2: archive-documents-tokyo, archive-images-tokyo .*[\s\S]*databases\.images\.restore\nrule +quota/);
  });

  it('of storage', async () => {
    const sim = await twoOf();
    sim.world.state.dbQuotas.set(TOKYO, 'AllocatedStorage', 199);
    expect(await saidByRun(sim, TOKYO, APPROVED, lost)).toMatch(/databases\.documents\.restore\nrule +quota\nobserved +0 of 199 GiB of storage are in use in ap-northeast-1, and archive-documents-tokyo, archive-images-tokyo need 200/);
  });

  it('and where they have room for both, they run; one that is there already counts once', async () => {
    const sim = await twoOf();
    sim.world.state.dbQuotas.set(TOKYO, 'DBInstances', 2);
    sim.world.state.dbQuotas.set(TOKYO, 'AllocatedStorage', 200);
    const plan = await planOf(sim, TOKYO);
    lost(sim);
    const drain = new AbortController();
    const first = await runPlan(sim, plan, { acceptances: APPROVED, drain: drain.signal, onRecord: (record) => (record.type === 'step.acted' && record.step === 'databases.documents.restore' ? drain.abort(new Error('stop')) : undefined) });
    expect(first.outcome).toBe('interrupted');
    expect((await resumeRun(sim, first.records)).outcome).toBe('succeeded');
  });
});

describe('what a restore would lose', () => {
  it('an old snapshot, in a whole run', async () => {
    const sim = await withoutBackups();
    sim.world.addDbSnapshot({ region: TOKYO, id: 'hourly-1', source: HOME, ageMs: HOUR_MS });
    expect(await saidByRun(sim, TOKYO, APPROVED, ({ world }) => world.breakRegion(SEOUL))).toMatchInlineSnapshot(`
      "databases.documents.recoveryGate
      rule         rpo-gate
      observed     at most 1h of writes would be lost (snapshot hourly-1 of ap-northeast-2, 1h old; not usable: automated backups of archive-documents in ap-northeast-2: its key is in ap-northeast-2, not in ap-northeast-1) (1h ago)
      threshold    RPO 30m
      consequence  up to 1h of acknowledged writes of documents would be lost
      override     --accept-data-loss 3810s --reason "…""
    `);
  });

  it('more than a person has accepted, counted to the impact', async () => {
    const sim = await withoutBackups();
    sim.world.addDbSnapshot({ region: TOKYO, id: 'hourly-1', source: HOME, ageMs: 2 * HOUR_MS });
    expect(await gate(sim, { what: 'observe', impactAt: sim.clock.now() - HOUR_MS, acceptances: { dataLossSeconds: 3_599 } })).toMatchInlineSnapshot(`
      "rule         rpo-gate
      observed     at most 1h of writes would be lost (snapshot hourly-1 of ap-northeast-2, 2h old; not usable: automated backups of archive-documents in ap-northeast-2: its key is in ap-northeast-2, not in ap-northeast-1) (2h ago)
      threshold    RPO 30m
      consequence  up to 1h of acknowledged writes of documents would be lost
      override     --accept-data-loss 3630s --reason "…""
    `);
  });

  it('nobody knows what', async () => {
    expect(await gate(await withoutBackups())).toMatchInlineSnapshot(`
      "rule         rpo-gate
      observed     the recovery point of archive-documents is unknown: no usable recovery point was found; not usable: automated backups of archive-documents in ap-northeast-2: its key is in ap-northeast-2, not in ap-northeast-1 (just now)
      threshold    RPO 30m
      consequence  a restore would lose an unknown amount of acknowledged writes of documents, silently
      override     --accept-data-loss unknown --reason "…""
    `);
  });

  it('there is nothing to restore from, whatever is accepted', async () => {
    const asked = { acceptances: { dataLossSeconds: 'unknown', reason: 'decided' } } as const;
    expect(await gate(await withoutBackups(), asked)).toMatchInlineSnapshot(`
      "rule         recovery-point
      observed     no usable recovery point was found (just now)
      threshold    one recovery point of archive-documents in ap-northeast-1
      consequence  there is nothing from which documents could be restored
      override     none: copy a snapshot into ap-northeast-1. aws rds describe-db-snapshots --region ap-northeast-1"
    `);
    expect(await gate(await withoutBackups(), { ...asked, what: 'observe' })).toBe(await gate(await withoutBackups(), asked));
  });
});

describe('where it would be restored', () => {
  const restore = (sim: Simulation, at: Asked = {}) => saidIn(sim, 'databases.documents.restore', at);

  it('the name is taken by an instance of somebody else', async () => {
    expect(await restore(await worldOf('archive'), { then: ({ world }) => world.addDbInstance({ ...RESTORED }) })).toMatchInlineSnapshot(`
      "rule         restore-target
      observed     archive-documents-tokyo in ap-northeast-1 exists already (available), and no run of dr made it (just now)
      threshold    a free identifier
      consequence  users would get whatever is in it; it is not overwritten, and not deleted
      override     keep it under another name: aws rds modify-db-instance --region ap-northeast-1 --db-instance-identifier archive-documents-tokyo --new-db-instance-identifier archive-documents-tokyo-kept --apply-immediately"
    `);
  });

  it('the name is taken by what another run has restored', async () => {
    const tags = { 'dr:restore': 'another-run' };
    expect(await restore(await worldOf('archive'), { then: ({ world }) => world.addDbInstance({ ...RESTORED, tags }) })).toMatchInlineSnapshot(`
      "rule         restore-target
      observed     archive-documents-tokyo in ap-northeast-1 exists already (available), restored by another run (just now)
      threshold    a free identifier
      consequence  users would get whatever is in it; it is not overwritten, and not deleted
      override     dr resume, if that run is unfinished; else keep it under another name: aws rds modify-db-instance --region ap-northeast-1 --db-instance-identifier archive-documents-tokyo --new-db-instance-identifier archive-documents-tokyo-kept --apply-immediately"
    `);
  });

  it('groups are missing', async () => {
    const settings = { class: 'db.r6g.large', subnetGroup: 'nowhere', securityGroups: ['sg-0123456789abcdef0'], parameterGroup: 'untuned', multiAz: true, retentionDays: 14 };
    expect(await restore(await worldOf('archive'), { params: { settings } })).toMatchInlineSnapshot(`
      "rule         restore-settings
      observed     ap-northeast-1 does not have the subnet group nowhere, the parameter group untuned, the security group sg-0123456789abcdef0 (just now)
      threshold    every group that \`restore\` names
      consequence  documents could not be restored, or only with AWS's defaults
      override     none: make what is missing in ap-northeast-1, or correct \`restore\` in the runbook"
    `);
  });
});

describe('a switchover of backups', () => {
  const asked = (sim: Simulation, at: Asked = {}) => saidIn(sim, 'databases.documents.caughtUp', { to: { verb: 'switchover', region: TOKYO }, ...at });

  it('there are only snapshots', async () => {
    const sim = await withoutBackups();
    sim.world.addDbSnapshot({ region: TOKYO, id: 'hourly-1', source: HOME, ageMs: HOUR_MS });
    expect(await asked(sim)).toMatchInlineSnapshot(`
      "rule         switchover-backup
      observed     only snapshots (just now)
      threshold    replicated automated backups: only they reach the last write
      consequence  a switchover from a snapshot would lose every write since it was taken
      override     none: replicate the automated backups into ap-northeast-1 first"
    `);
  });

  it('there is nothing usable', async () => {
    expect(await asked(await withoutBackups())).toMatchInlineSnapshot(`
      "rule         switchover-backup
      observed     no usable automated backups of archive-documents in ap-northeast-1: automated backups of archive-documents in ap-northeast-2: its key is in ap-northeast-2, not in ap-northeast-1 (just now)
      threshold    replicated automated backups: only they reach the last write
      consequence  a switchover from a snapshot would lose every write since it was taken
      override     none: replicate the automated backups into ap-northeast-1 first"
    `);
  });

  it('there is nothing at all', async () => {
    expect(await asked(await worldOf('archive'), { params: { source: { region: SEOUL, id: 'never-was' } } })).toMatchInlineSnapshot(`
      "rule         switchover-backup
      observed     no usable automated backups of never-was in ap-northeast-1 (just now)
      threshold    replicated automated backups: only they reach the last write
      consequence  a switchover from a snapshot would lose every write since it was taken
      override     none: replicate the automated backups into ap-northeast-1 first"
    `);
  });
});

describe('a reprotect of backups', () => {
  async function afterFailover(): Promise<Simulation> {
    const sim = await worldOf('archive');
    sim.world.breakRegion(SEOUL);
    expect((await runPlan(sim, await planOf(sim, TOKYO))).outcome).toBe('succeeded');
    sim.world.healRegion(SEOUL);
    await sim.clock.run(() => sim.clock.sleep(600_000));
    return sim;
  }
  const to = { verb: 'reprotect', region: TOKYO } as const;

  it('the active instance is not available: the old one keeps its name', async () => {
    expect(await saidIn(await afterFailover(), 'databases.documents.keepOld', { to, then: ({ world }) => world.setDbStatus(RESTORED, 'storage-full') })).toMatchInlineSnapshot(`
      "rule         keep-old
      observed     archive-documents-tokyo in ap-northeast-1 is storage-full (just now)
      threshold    an active instance that takes writes
      consequence  archive-documents in ap-northeast-2 may be the only one that holds the data in use
      override     none: wait until the active instance is available"
    `);
  });

  const replicate = (sim: Simulation, more: Record<string, Json>) => saidIn(sim, 'databases.documents.replicate', { to, params: more });

  it('the active instance is gone', async () => {
    expect(await replicate(await afterFailover(), { active: { region: TOKYO, id: 'gone' } })).toMatchInlineSnapshot(`
      "rule         replicate-backups
      observed     gone in ap-northeast-1 is not there (just now)
      threshold    an instance with backups, and a key of ap-northeast-2 under \`kmsKeys\` where it is encrypted
      consequence  documents would stay without a copy in another region
      override     none: turn on its backups, or name the key in the runbook"
    `);
  });

  it('it keeps no backups', async () => {
    const sim = await afterFailover();
    sim.world.addDbInstance({ region: TOKYO, id: 'forgetful', backupRetentionDays: 0 });
    expect(await replicate(sim, { active: { region: TOKYO, id: 'forgetful' } })).toMatchInlineSnapshot(`
      "rule         replicate-backups
      observed     forgetful in ap-northeast-1 is without automated backups (just now)
      threshold    an instance with backups, and a key of ap-northeast-2 under \`kmsKeys\` where it is encrypted
      consequence  documents would stay without a copy in another region
      override     none: turn on its backups, or name the key in the runbook"
    `);
  });

  it('it is encrypted, and there is no key for the copy', async () => {
    expect(await replicate(await afterFailover(), { kmsKey: undefined as unknown as Json })).toMatchInlineSnapshot(`
      "rule         replicate-backups
      observed     archive-documents-tokyo in ap-northeast-1 is encrypted, and the runbook names no key in ap-northeast-2 (just now)
      threshold    an instance with backups, and a key of ap-northeast-2 under \`kmsKeys\` where it is encrypted
      consequence  documents would stay without a copy in another region
      override     none: turn on its backups, or name the key in the runbook"
    `);
  });
});

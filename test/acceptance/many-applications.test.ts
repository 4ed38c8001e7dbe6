import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';
import type { JournalRecord } from '../../src/journal/events.ts';
import { LocalStore } from '../../src/journal/local-store.ts';
import type { LabStatus } from '../../src/lab/status.ts';
import { until } from '../lab/helpers.ts';
import { EXIT } from '../../src/base/exit-codes.ts';
import { dr, ROOT, type Ran } from '../commands/run-dr.ts';
import { runsIn, SEOUL, TOKYO } from './stage.ts';
import { streaming } from './streaming.ts';

/*
 * `dr lab start --runbooks DIR`, and then `dr failover --region ap-northeast-1` over the same folder, as in two terminals.
 */

const TEST_MS = 240_000;
const AS = ['--import', fileURLToPath(new URL('./as-machine.mjs', import.meta.url))];
const COMMANDER = 'incident-commander@example.com';

interface Place {
  folder: string;
  runbooks: string;
  state: string;
  /** What `dr lab env` says. */
  env: Record<string, string>;
  dr(...args: string[]): Promise<Ran>;
  status(): Promise<LabStatus>;
}

const places: Place[] = [];
afterEach(async () => {
  for (const place of places.splice(0)) {
    await place.dr('lab', 'stop');
    await rm(place.folder, { recursive: true, force: true });
  }
});

async function labOf(runbooks: Record<string, string>): Promise<Place> {
  const folder = await mkdtemp(join(tmpdir(), 'dr-many-'));
  const place: Place = {
    folder,
    runbooks: join(folder, 'runbooks'),
    state: join(folder, 'state'),
    env: { HOME: folder, DR_STATE: join(folder, 'state') },
    dr: (...args) => dr(args, { cwd: folder, env: place.env }),
    status: async () => resultOf(await place.dr('lab', 'status', '--json')) as LabStatus,
  };
  places.push(place);
  await mkdir(place.runbooks);
  for (const [name, text] of Object.entries(runbooks)) await writeFile(join(place.runbooks, `${name}.yaml`), text);
  expect(await place.dr('lab', 'start', '--runbooks', 'runbooks')).toMatchObject({ code: 0 });
  Object.assign(place.env, (resultOf(await place.dr('lab', 'env', '--json')) as { set: Record<string, string> }).set);
  return place;
}

function resultOf({ code, stdout, stderr }: Ran): unknown {
  try {
    return (JSON.parse(stdout) as { result: unknown }).result;
  } catch {
    throw new Error(`exit ${String(code)}, stdout is no document: ${stdout}\n${stderr}`);
  }
}

interface Member {
  runbook: string;
  standing: string;
  because: string;
  run?: { run: string; steps: { id: string; state: string; already?: boolean }[] };
}

const fleetOf = (ran: Ran): Member[] => (resultOf(ran) as { runbooks: Member[] }).runbooks;
const standings = (members: readonly Member[]) => Object.fromEntries(members.map(({ runbook, standing, because }) => [runbook, standing === 'ran' ? because : standing]));

async function journals({ state }: Place): Promise<Map<string, JournalRecord[]>> {
  const runs = await runsIn(state);
  const read = await Promise.all(runs.map(async (run) => new LocalStore(state, run).read()));
  return new Map(read.map((records) => [records[0]?.type === 'run.started' ? records[0].plan.runbook.name : '', records]));
}

/** Where the users of each application are served by now. */
async function served(place: Place, names: readonly string[]): Promise<void> {
  await until(`${names.join(', ')} served in Tokyo`, async () => {
    const { usersOf } = await place.status();
    return names.every((name) => usersOf[name]?.lastGood?.region === TOKYO && usersOf[name].outages.every(({ firstGoodAt }) => firstGoodAt !== undefined));
  });
}

/** Calls of an operation that the journals know, with the run that made them. */
function callsOf(all: ReadonlyMap<string, readonly JournalRecord[]>, operation: string): string[] {
  return [...all].flatMap(([name, records]) => records.flatMap((r) => (r.type === 'step.acted' ? r.calls.filter((call) => call.operation === operation).map(() => name) : [])));
}

describe('many applications in one lab', () => {
  it('the runbooks that come with dr: all four strategies are moved in one go', { timeout: TEST_MS }, async () => {
    const text = async (name: string) => (await readFile(join(ROOT, 'runbooks', `${name}.yaml`), 'utf8')).replace(/( hold: )\w+/, '$11s').replace(/( between: )\w+/, '$11s');
    const names = ['active-active', 'archive', 'billing', 'shop'];
    const place = await labOf(Object.fromEntries(await Promise.all(names.map(async (name) => [name, await text(name)] as const))));
    const before = await place.status();
    expect(before.runbooks.map(({ name }) => name)).toEqual(['tickets', 'archive', 'billing', 'shop']);
    expect((await place.dr('lab', 'break', SEOUL)).code).toBe(0);
    // Not before the end: what is written after the impact reaches archive's backups, and then a database lives.
    const impact = new Date().toISOString();

    const ran = await place.dr('failover', '--region', TOKYO, '--confirm', `4@${TOKYO}`, '--impact-at', impact, '--approved-by', COMMANDER, '--json');
    const refusals = [...(await journals(place)).values()].flat().flatMap((r) => (r.type === 'step.refused' || r.type === 'check.refused' ? [`${r.step}: ${r.refusal.observed}`] : []));
    expect({ ends: standings(fleetOf(ran)), code: ran.code, refusals }).toEqual({ ends: { archive: 'succeeded', billing: 'succeeded', shop: 'succeeded', tickets: 'succeeded' }, code: 0, refusals: [] });
    await served(place, ['tickets', 'archive', 'billing', 'shop']);
    const shown = await place.dr('lab', 'status');
    for (const name of ['shop', 'billing']) expect(shown.stdout).toContain(`Users of ${name}`);
    for (const run of await runsIn(place.state)) expect(await readdir(join(place.state, 'runs', run))).toEqual(expect.arrayContaining(['journal.jsonl', 'report.html']));
  });

  it('in order; a shared database is failed over once; one that fails holds back those that depend on it, and nobody else', { timeout: TEST_MS }, async () => {
    const place = await labOf({
      accounts: application('accounts', { db: 'core' }),
      payments: application('payments', { db: 'core', more: 'dependsOn: [accounts]\n' }),
      // Its custom step fails at first.
      blog: application('blog', { db: 'blog', more: 'steps:\n  ready: { kind: command, after: data, limit: 30s, run: [./runbooks/ready] }\n' }),
      comments: application('comments', { more: 'dependsOn: [blog]\n' }),
    });
    // One server for both owners of core.
    expect((await place.status()).databases.map(({ id }) => id).sort()).toEqual(['blog', 'blog-tokyo', 'core', 'core-tokyo']);
    const job = (code: number) => writeFile(join(place.runbooks, 'ready'), `#!/bin/sh\nexit ${code}\n`, { mode: 0o755 });
    await job(9);
    const failover = (...args: string[]) => place.dr('failover', '--region', TOKYO, '--run-custom-steps', ...args, '--json');
    expect((await place.dr('lab', 'break', SEOUL)).code).toBe(0);

    const ran = await failover('--confirm', `4@${TOKYO}`);
    expect(standings(fleetOf(ran))).toEqual({ accounts: 'succeeded', payments: 'succeeded', blog: 'failed', comments: 'held back' });
    expect(ran.code).not.toBe(0);
    await served(place, ['accounts', 'payments']);
    const first = await journals(place);
    expect(first.get('blog')?.find((r) => r.type === 'step.failed')).toMatchObject({ step: 'own.ready', because: expect.stringContaining('exit code 9') as string });
    expect(callsOf(first, 'PromoteReadReplica').sort()).toEqual(['accounts', 'blog']);
    const [accounts = [], payments = []] = [first.get('accounts'), first.get('payments')];
    expect(payments[0]?.at).toBeGreaterThanOrEqual(accounts.at(-1)?.at ?? Number.MAX_VALUE);
    // The others were not kept waiting.
    expect(first.get('blog')?.[0]?.at).toBeLessThan(accounts.at(-1)?.at ?? 0);
    expect([...first.keys()].sort()).toEqual(['accounts', 'blog', 'payments']);
    // Users may be led by Route 53 itself, whose health check of Seoul fails: dr has not moved those of the others.
    expect(callsOf(first, 'ChangeResourceRecordSets').sort()).toEqual(['accounts', 'payments']);

    await job(0);
    const again = await place.dr('resume', '--all', '--run-custom-steps', '--json');
    expect({ ends: standings(fleetOf(again)), code: again.code }).toMatchObject({ ends: { blog: 'succeeded', comments: 'succeeded' } });
    await served(place, ['accounts', 'payments', 'blog', 'comments']);
  });

  it('begun on a machine that dies, all of them are taken over by another one in one go', { timeout: TEST_MS }, async () => {
    const place = await labOf({
      one: application('one', { db: 'one' }),
      two: application('two', { db: 'two' }),
      three: application('three', { more: 'dependsOn: [one]\n' }),
    });
    const impact = new Date().toISOString();
    expect((await place.dr('lab', 'break', SEOUL)).code).toBe(0);
    const as = (name: string) => ({ ...place.env, DR_TEST_HOST: `laptop-of-${name}`, DR_TEST_USER: name });
    const bob = (...args: string[]) => dr(args, { cwd: place.folder, env: as('bob'), nodeArgs: AS });

    const first = streaming({ folder: place.folder, env: as('alice') }, ['failover', '--region', TOKYO, '--confirm', `3@${TOKYO}`, '--impact-at', impact], { nodeArgs: AS });
    const acted = new Set<string>();
    await first.until((r) => r.type === 'step.acted' && r.step === 'databases.main.promote' && acted.add(r.run).size === 2);
    process.kill(-(first.child.pid ?? 0), 'SIGKILL');
    await first.ended;

    // That alice's processes are gone bob cannot know, so he has to say so.
    const held = await bob('resume', '--all');
    expect(held.code).toBe(EXIT.busy);
    expect(held.stdout).toContain('If the runner that holds them is gone for good: dr takeover --all');
    const fleet = [...(await journals(place)).values()].flat().flatMap((r) => (r.type === 'run.started' ? (r.fleet?.id ?? []) : []))[0] ?? '';
    const asked = await bob('takeover', '--all', '--confirm', 'all', '--reason', 'her laptop has died');
    expect({ code: asked.code, stderr: asked.stderr.replaceAll(/\b\d{8}T\d{6}Z-([a-z-]+)-[0-9a-f]{6}\b/g, 'RUN-$1') }).toEqual({
      code: EXIT.declined,
      stderr: `Error: Taking over stops another runner: it needs --confirm with the id of the failover, and --reason. Nothing was done. [TAKEOVER_UNCONFIRMED]

  Failover of 3 applications to ${TOKYO}, 2 of its runs open:
    RUN-one-failover
    RUN-two-failover

Next:
  dr status RUN    says who holds a run
  dr takeover --all --confirm RUN-fleet-failover --reason "why"    continues all of it
`,
    });

    const over = await bob('takeover', '--all', '--confirm', fleet, '--reason', 'her laptop has died', '--json');
    expect({ ends: standings(fleetOf(over)), code: over.code }).toEqual({ ends: { one: 'succeeded', two: 'succeeded', three: 'succeeded' }, code: 0 });
    await served(place, ['one', 'two', 'three']);
    const all = await journals(place);
    expect(callsOf(all, 'PromoteReadReplica').sort()).toEqual(['one', 'two']);
    const resumed = [...all.values()].flat().filter((r) => r.type === 'run.resumed');
    expect(resumed.map((r) => [r.term, r.operator.user, r.acceptances.reason])).toEqual([[2, 'bob', 'her laptop has died'], [2, 'bob', 'her laptop has died']]);
  });

  it('--only and --except choose by name, and nothing else is touched', { timeout: TEST_MS }, async () => {
    const place = await labOf({
      one: application('one'),
      two: application('two'),
      three: application('three', { more: 'dependsOn: [one]\n' }),
    });
    expect((await place.dr('lab', 'break', SEOUL)).code).toBe(0);
    const failover = (...args: string[]) => place.dr('failover', '--region', TOKYO, ...args, '--json');
    expect(standings(fleetOf(await failover('--only', 'two', '--confirm', `1@${TOKYO}`)))).toEqual({ two: 'succeeded' });
    expect([...(await journals(place)).keys()]).toEqual(['two']);
    await served(place, ['two']);
    expect((await place.status()).usersOf['one']?.outages.at(-1)?.firstGoodAt).toBeUndefined();
    const wrong = await failover('--except', 'two', '--confirm', `3@${TOKYO}`);
    expect((JSON.parse(wrong.stdout) as { error: { code: string } }).error.code).toBe('CONFIRMATION_MISMATCH');
    expect(standings(fleetOf(await failover('--except', 'two', '--confirm', `2@${TOKYO}`)))).toEqual({ one: 'succeeded', three: 'succeeded' });
    await served(place, ['one', 'two', 'three']);
  });
});

describe('dr failover --lab --only', () => {
  it('moves those that are named in a lab of their own, measures each, and leaves nothing running', { timeout: TEST_MS }, async () => {
    const folder = await mkdtemp(join(tmpdir(), 'dr-many-'));
    const env = { HOME: folder, DR_STATE: join(folder, 'state') };
    try {
      await mkdir(join(folder, 'runbooks'));
      const names = ['accounts', 'payments', 'blog'];
      for (const name of names) await writeFile(join(folder, 'runbooks', `${name}.yaml`), application(name, { db: name === 'blog' ? 'blog' : 'core', more: APPROVAL }));
      const ran = await dr(['failover', '--region', TOKYO, '--lab', '--only', 'accounts,payments', '--json'], { cwd: folder, env });
      expect({ ends: standings(fleetOf(ran)), code: ran.code }).toEqual({ ends: { accounts: 'succeeded', payments: 'succeeded' }, code: 0 });
      expect(ran.stderr).not.toContain('resume');
      const runs = await runsIn(env.DR_STATE);
      expect(runs).toHaveLength(2);
      for (const run of runs) {
        const report = JSON.parse(await readFile(join(env.DR_STATE, 'runs', run, 'report.json'), 'utf8')) as { lab: { acknowledged: number; clientDowntimeMs: number; boundHolds: boolean } | null };
        expect(report.lab).toMatchObject({ boundHolds: true });
        expect(report.lab?.acknowledged).toBeGreaterThanOrEqual(40);
        expect(report.lab?.clientDowntimeMs).toBeGreaterThan(0);
      }
      expect((await dr(['lab', 'status', '--json'], { cwd: folder, env })).code).not.toBe(0);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
});

const APPROVAL = 'approvals:\n  - { before: point-of-no-return, from: [incident-commander@example.com], quorum: 1 }\n';

/** A small application; `db` names its database, if it has one. */
function application(name: string, { db, more = '' }: { db?: string; more?: string } = {}): string {
  const database = db === undefined ? '' : `databases:
  main:
    kind: rds-read-replica
    instances: { ${SEOUL}: ${db}, ${TOKYO}: ${db}-tokyo }
    rpo: { method: replica-lag }
    fence: { quarantine: { ${SEOUL}: sg-0aaaaaaaaaaaaaaaa, ${TOKYO}: sg-0bbbbbbbbbbbbbbbb } }
`;
  return `runbook: ${name}
owner: team@example.com
strategy: warm-standby
objectives: { rpo: 5m, rto: 30m }
regions:
  ${SEOUL}: { name: Seoul, home: true }
  ${TOKYO}: { name: Tokyo }
${database}compute:
  api:
    kind: auto-scaling-group
    groups: { ${SEOUL}: ${name}-api, ${TOKYO}: ${name}-api }
    active: { min: 2, desired: 2, max: 4 }
    standby: { min: 1, desired: 1, max: 4 }
traffic:
  front:
    kind: route53-failover
    zone: Z0123456789MANYXXXXX
    record: { name: ${name}.example.com, type: A }
    sets: { ${SEOUL}: ${name}-seoul, ${TOKYO}: ${name}-tokyo }
    switch: record
probes:
  home: { http: "http://${name}.example.com/healthz", expect: { status: 200 }, every: 500ms, hold: 1s }
${more}`;
}

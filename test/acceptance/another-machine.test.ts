import { mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, expect, it } from 'vitest';
import { EXIT } from '../../src/base/exit-codes.ts';
import { until } from '../lab/helpers.ts';
import { AwsProxy } from './aws-proxy.ts';
import { dr, type Ran } from '../commands/run-dr.ts';
import { APPROVED, endState, envelopeOf, holdPromotion, type Stage, stage, TOKYO } from './stage.ts';
import { streaming, type Streaming } from './streaming.ts';
import { told } from './told.ts';

/*
 * Two machines that share nothing but a bucket in the recovery region. On the first a failover begins; then it is killed
 * with everything it kept, or it freezes and comes back.
 */

const TIMEOUT_MS = 180_000;
const STATE = `s3://dr-state-${TOKYO}/team?region=${TOKYO}`;
const AS = ['--import', fileURLToPath(new URL('./as-machine.mjs', import.meta.url))];

/** A person's machine: own home, own folder, own way to AWS. What it sends is known from its proxy. */
interface Machine {
  name: string;
  home: string;
  proxy: AwsProxy;
  dr(args: readonly string[]): Promise<Ran>;
  start(args: readonly string[]): Streaming;
}

async function machine(on: Stage, name: string, user: string): Promise<Machine> {
  const home = join(on.folder, name);
  await mkdir(home);
  const proxy = await AwsProxy.start(on.lab.info.awsUrl);
  const env = { ...on.lab.env, AWS_ENDPOINT_URL: proxy.url, DR_STATE: STATE, HOME: home, DR_TEST_HOST: name, DR_TEST_USER: user };
  return {
    name,
    home,
    proxy,
    dr: (args) => dr(args, { cwd: on.folder, env, nodeArgs: AS }),
    start: (args) => streaming({ folder: on.folder, env }, args, { nodeArgs: AS }),
  };
}

const failover = (impact: string) => ['failover', '--region', TOKYO, '--confirm', 'shop', ...APPROVED, '--impact-at', impact];
const FLIP = /^POST \/2013-04-01\/hostedzone/;

/** A stage with two machines; what is so at its end, once users are served. */
async function between(work: (on: Stage, alice: Machine, bob: Machine) => Promise<void>): Promise<unknown> {
  const on = await stage();
  const machines = await Promise.all([machine(on, 'laptop-of-alice', 'alice'), machine(on, 'laptop-of-bob', 'bob')]);
  const [alice, bob] = machines;
  try {
    await until('orders', async () => (await on.lab.ledger()).acknowledged >= 40, 30_000);
    await work(on, alice, bob);
    await until('Tokyo serves', async () => ((await endState(on)) as { usersServedBy?: string }).usersServedBy === TOKYO, 30_000);
    const changes = machines.flatMap(({ proxy }) => proxy.calls.filter(({ status }) => status === 200).map(({ operation }) => operation));
    expect(changes.filter((operation) => operation === 'PromoteReadReplica')).toHaveLength(1);
    expect(changes.filter((operation) => FLIP.test(operation))).toHaveLength(1);
    return await endState(on);
  } finally {
    await Promise.all(machines.map(({ proxy }) => proxy.close()));
    await on.close();
  }
}

let undisturbed: unknown;

beforeAll(async () => {
  undisturbed = await between(async (on, alice) => {
    expect(envelopeOf(await alice.dr([...failover(await on.breakSeoul()), '--json'])).exit).toBe('ok');
  });
}, TIMEOUT_MS);

/** What a process sent that changes something. */
const sent = ({ proxy }: Machine) => proxy.mutations.map(({ operation }) => operation);

it('the machine of the operator is killed with all it kept: another one ends the run from the bucket', { timeout: TIMEOUT_MS }, async () => {
  const end = await between(async (on, alice, bob) => {
    const goOn = holdPromotion(alice.proxy);
    const first = alice.start(failover(await on.breakSeoul()));
    await first.until((r) => r.type === 'step.acted' && r.step === 'databases.orders.promote');
    process.kill(-(first.child.pid ?? 0), 'SIGKILL');
    await first.ended;
    goOn();
    await rm(alice.home, { recursive: true });

    // Bob knows nothing but the bucket. That alice's process is gone he cannot know, so he has to say so.
    const run = first.records[0]?.run ?? '';
    expect(told(await bob.dr(['resume']))).toMatchInlineSnapshot(`
      "exit 9
      Error: Another run holds shop-lab-HASH. [RUN_IN_PROGRESS]

        Run RUN-shop-failover, term 1, by alice on laptop-of-alice (process PID) since TIME.

      Next:
        dr status RUN-shop-failover    shows where it stands
        dr takeover RUN-shop-failover    if that runner is gone for good"
    `);
    const reason = ['--confirm', run, '--reason', "alice's laptop has died"];
    expect(envelopeOf(await bob.dr(['takeover', run, ...reason, '--json']))).toMatchObject({ exit: 'ok', result: { standing: 'succeeded' } });
    expect(sent(alice)).toContain('PromoteReadReplica');
    expect(sent(bob)).not.toContain('PromoteReadReplica');
    // He went on from what she had written, record by record.
    const journal = (await readFile(join(bob.home, '.local', 'state', 'dr', 'runs', run, 'journal.jsonl'), 'utf8')).trimEnd().split('\n');
    expect(journal.slice(0, first.records.length).map((line) => JSON.parse(line) as unknown)).toEqual(first.records);
    expect((await bob.dr(['history'])).stdout).toContain(run);
  });
  expect(end).toEqual(undisturbed);
});

it('another machine watches a run in the bucket, live, to its end, and changes nothing', { timeout: TIMEOUT_MS }, async () => {
  const end = await between(async (on, alice, bob) => {
    const goOn = holdPromotion(alice.proxy);
    const first = alice.start(failover(await on.breakSeoul()));
    await first.until((r) => r.type === 'step.acted' && r.step === 'databases.orders.promote');
    const watch = bob.dr(['status', '--watch']);
    // It sees what is written while it watches, and not only what was there.
    await until('bob looks into the bucket', () => Promise.resolve(bob.proxy.calls.length > 0), 30_000);
    goOn();
    expect((await first.ended).code).toBe(EXIT.ok);
    const { code, stdout, stderr } = await watch;
    const run = first.records[0]?.run ?? '';
    expect(code).toBe(EXIT.ok);
    expect(stdout).toContain(`Run ${run}: succeeded`);
    expect(stderr).toMatch(/databases\.orders\.promote: done in .*: shop-orders-tokyo is/);
    expect(stderr).toContain(`run ${run} succeeded`);
    expect(sent(bob)).toEqual([]);
  });
  expect(end).toEqual(undisturbed);
});

it('a runner that freezes and comes back after another one took over changes nothing more', { timeout: TIMEOUT_MS }, async () => {
  const end = await between(async (on, alice, bob) => {
    const goOn = holdPromotion(alice.proxy);
    const first = alice.start(failover(await on.breakSeoul()));
    // Nothing of it is under way then: what comes next waits for the promotion.
    for (const step of ['databases.orders.promote', 'compute.api.scaleOut']) await first.until((r) => r.type === 'step.acted' && r.step === step);
    first.child.kill('SIGSTOP');

    const run = first.records[0]?.run ?? '';
    const second = bob.start(['takeover', run, '--confirm', run, '--reason', 'alice does not answer']);
    await second.until((r) => r.type === 'run.resumed');
    // Both run now, with most of the work before them.
    const before = sent(alice).length;
    goOn();
    first.child.kill('SIGCONT');
    const superseded = await first.ended;
    expect(superseded.code).toBe(EXIT.busy);
    expect(told(superseded)).toMatchInlineSnapshot(`
      "exit 9
      Error: This run no longer holds RUN-shop-failover: it stops before it changes anything more. [SUPERSEDED]

        A runner with term 2 writes its journal now: it has taken over."
    `);
    expect(sent(alice).slice(before)).toEqual([]);
    expect((await second.ended).code).toBe(EXIT.ok);
    expect(sent(bob).length).toBeGreaterThan(0);
  });
  expect(end).toEqual(undisturbed);
});

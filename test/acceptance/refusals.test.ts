import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { EXIT } from '../../src/base/exit-codes.ts';
import type { ProxiedCall } from './aws-proxy.ts';
import { APPROVED, runsIn, SEOUL, type Stage, stage, TOKYO } from './stage.ts';
import { hasTerminal, typing } from './terminal.ts';
import { told } from './told.ts';

/*
 * What a tired person reads when a running world is not as it must be, and that nothing was changed by then.
 */

const TIMEOUT_MS = 60_000;
const CONFIRMED = ['failover', '--region', TOKYO, '--confirm', 'shop'] as const;
const CHANGES = /^(Promote|Modify|Update|Publish|Create|Set|POST \/2013-04-01\/hostedzone\/[^/]+\/rrset)/;

let on: Stage;

/** What `dr` says, without the lines that tell its progress. */
async function says(args: readonly string[], env: Record<string, string> = {}): Promise<string> {
  const ran = await on.dr(args, { env });
  const stderr = ran.stderr.split('\n').filter((line) => !/^\d{4}-\d\d-\d\dT\S+ ( |\?|\+|! probe) /.test(line)).join('\n');
  // Route 53 answers five requests a second, and these runs follow each other closely: one signal may be unknown.
  return told({ ...ran, stderr }, { [on.folder]: 'FOLDER', [on.proxy.url]: 'ENDPOINT' }).replaceAll(/health-checkers: .*(?= \(just now\))/g, 'health-checkers: …');
}

function changed(): string[] {
  return on.proxy.calls.filter(({ operation }) => CHANGES.test(operation)).map(({ region, operation }) => `${region} ${operation}`);
}

describe('while the source works', () => {
  beforeAll(async () => {
    on = await stage();
  }, TIMEOUT_MS);
  afterAll(() => on.close(), TIMEOUT_MS);

  it('a region that is active already', async () => {
    expect(await says(['failover', '--region', SEOUL])).toMatchInlineSnapshot(`
      "exit 4
      Error: shop is active in ap-northeast-2 already. [ALREADY_ACTIVE]

        databases.orders: shop-orders in ap-northeast-2 is not a replica
        traffic.storefront: the PRIMARY set of shop.example.com is seoul

      Next:
        dr plan --region ap-northeast-1    for the other direction"
    `);
  });

  it('nobody has confirmed', async () => {
    expect(await says(['failover', '--region', TOKYO])).toMatchInlineSnapshot(`
      "exit 5
      Error: A failover needs a confirmation, and there is no terminal to ask. Nothing was done. [CONFIRMATION_NEEDED]

      Next:
        dr failover --region ap-northeast-1 --runbook shop --confirm shop"
    `);
    expect(await says(['failover', '--region', TOKYO, '--confirm', 'shopp'])).toMatchInlineSnapshot(`
      "exit 5
      Error: --confirm says "shopp", but the runbook is "shop". Nothing was done. [CONFIRMATION_MISMATCH]

      Next:
        dr failover --region ap-northeast-1 --runbook shop --confirm shop"
    `);
  });

  it.skipIf(!hasTerminal)('a person at a terminal types another name; the right one is taken', { timeout: TIMEOUT_MS }, async () => {
    const command = ['failover', '--region', TOKYO, ...APPROVED];
    const wrong = await typing(on, command, 'shopp');
    expect(wrong.shown).toContain('Type the name of the runbook (shop) to continue: ');
    expect(wrong.shown).toContain('would be refused now: source-down');
    expect(wrong.shown).toContain('Irreversible:');
    expect(wrong.shown).toContain('Error: "shopp" is not "shop". Nothing was done. [NOT_CONFIRMED]');
    expect(wrong.code).toBe(EXIT.declined);
    expect(await runsIn(on.state)).toEqual([]);
    const right = await typing(on, command, 'shop');
    expect(right.shown).toContain('two independent signals that the source region is down');
    expect(right.code).toBe(EXIT.refused);
    expect((await on.journal())[0]).toMatchObject({ type: 'run.started', confirmedBy: 'typed' });
  });

  it('nobody has approved', { timeout: TIMEOUT_MS }, async () => {
    expect(await says(CONFIRMED)).toMatchInlineSnapshot(`
      "exit 4
      [LAB] a two-region lab on one machine; no AWS account was involved
      In the lab: the failover of shop was refused by approval (assess.approval); nothing was changed.
        assess.approval: 0 of 1 approvals
          override: --approved-by incident-commander@example.com
      Report: FOLDER/state/runs/RUN-shop-failover/report.html
      To continue: dr resume RUN-shop-failover --approved-by incident-commander@example.com
      TIME ! assess.approval: check refused
                                 rule         approval
                                 observed     0 of 1 approvals (just now)
                                 threshold    approval by 1 of incident-commander@example.com, shop-lead@example.com
                                 consequence  the point of no return is not crossed without them
                                 override     --approved-by incident-commander@example.com
      TIME ! run RUN-shop-failover refused"
    `);
  });

  it('the source is healthy', { timeout: TIMEOUT_MS }, async () => {
    expect(await says([...CONFIRMED, ...APPROVED])).toMatchInlineSnapshot(`
      "exit 4
      [LAB] a two-region lab on one machine; no AWS account was involved
      In the lab: the failover of shop was refused by source-down (assess.source); nothing was changed.
        assess.source: 0 of at least 2 independent signals say dow…
          override: --attest-source-down NAME --reason "who has seen it, and how"
      Report: FOLDER/state/runs/RUN-shop-failover/report.html
      To continue: dr resume RUN-shop-failover --attest-source-down NAME --reason "who has seen it, and how"
      TIME ! assess.source: refused
                                 rule         source-down
                                 observed     0 of at least 2 independent signals say down. users: up (home-page: status 200 from 127.0.0.2 in N s); source-api: up (shop-orders is available); replication: up (shop-orders-tokyo is replicating, lag N s, N s ago); health-checkers: … (just now)
                                 threshold    two independent signals that the source region is down
                                 consequence  a failover away from ap-northeast-2 while it works splits the data: both sides may take writes
                                 override     --attest-source-down NAME --reason "who has seen it, and how"
      TIME ! run RUN-shop-failover refused"
    `);
  });

  it('a plan that was edited, or is stale', { timeout: TIMEOUT_MS }, async () => {
    const saved = join(on.folder, 'plan.json');
    expect((await on.dr(['plan', '--region', TOKYO, '--out', saved])).code).toBe(0);
    const text = await readFile(saved, 'utf8');
    const edited = join(on.folder, 'edited.json');
    await writeFile(edited, text.replace('"desired": 6', '"desired": 1').replace('"desired":6', '"desired":1'));
    expect(await readFile(edited, 'utf8')).not.toBe(text);
    expect(await says(['failover', '--plan', edited, '--confirm', 'shop', ...APPROVED])).toMatchInlineSnapshot(`
      "exit 2
      Error: FOLDER/edited.json is not a plan that can be run. [PLAN_INVALID]

        It was changed after it was made: its hash does not match.

      Next:
        make it again: dr plan --region REGION --out FILE"
    `);

    const grown = on.proxy.lay((call) => call.operation === 'DescribeAutoScalingGroups', {
      status: 200,
      body: (answer) => Buffer.from(answer.toString().replace('<DesiredCapacity>2<', '<DesiredCapacity>3<')),
    });
    expect(await says(['failover', '--plan', saved, '--confirm', 'shop', ...APPROVED])).toMatchInlineSnapshot(`
      "exit 4
      Error: The plan is stale. [PLAN_STALE]

        The state of its resources is another than when it was made. It was made at TIME.

      Next:
        dr plan --region ap-northeast-1 --out FILE    makes a new one"
    `);
    grown();

    await writeFile(on.runbook, (await readFile(on.runbook, 'utf8')).replace('rpo: 5m', 'rpo: 4m'));
    expect(await says(['failover', '--plan', saved, '--confirm', 'shop', ...APPROVED])).toMatchInlineSnapshot(`
      "exit 4
      Error: The plan is stale. [PLAN_STALE]

        The runbook runbooks/shop.yaml was changed. It was made at TIME.

      Next:
        dr plan --region ap-northeast-1 --out FILE    makes a new one"
    `);
  });

  it('a state folder that cannot be used', { timeout: TIMEOUT_MS }, async () => {
    const file = join(on.folder, 'a-file');
    await writeFile(file, '');
    expect(await says([...CONFIRMED, ...APPROVED, '--state', file])).toMatchInlineSnapshot(`
      "exit 11
      Error: The state folder FOLDER/a-file cannot be used. [STATE_UNUSABLE]

        ENOTDIR: not a directory, mkdir 'FOLDER/a-file/locks'

      Next:
        give another folder: --state DIR"
    `);
  });

  it('nothing was changed by any of these', () => {
    expect(changed()).toEqual([]);
  });
});

describe('while the source is down', () => {
  beforeAll(async () => {
    on = await stage();
    await on.breakSeoul();
  }, TIMEOUT_MS);
  afterAll(() => on.close(), TIMEOUT_MS);

  const metrics = (call: ProxiedCall) => call.operation === 'GetMetricData';
  interface MetricData { MetricDataResults: { Values: number[]; Timestamps: number[] }[] }

  /** What CloudWatch says of the lag, in seconds; undefined: it has no sample. */
  async function withLag(seconds: number | undefined): Promise<string> {
    const end = on.proxy.lay(metrics, {
      status: 200,
      body: (answer) => {
        const data = JSON.parse(answer.toString()) as MetricData;
        for (const result of data.MetricDataResults) {
          if (seconds === undefined) [result.Values, result.Timestamps] = [[], []];
          else result.Values = result.Values.map(() => seconds);
        }
        return Buffer.from(JSON.stringify(data));
      },
    });
    try {
      return await says([...CONFIRMED, ...APPROVED]);
    } finally {
      end();
    }
  }

  it('the lag is above the RPO', { timeout: TIMEOUT_MS }, async () => {
    expect(await withLag(600)).toMatchInlineSnapshot(`
      "exit 4
      [LAB] a two-region lab on one machine; no AWS account was involved
      In the lab: the failover of shop was refused by rpo-gate (databases.orders.rpoGate); nothing was changed.
        databases.orders.rpoGate: at most N s of writes would be l…
          override: --accept-data-loss Ns --reason "…"
      Report: FOLDER/state/runs/RUN-shop-failover/report.html
      To continue: dr resume RUN-shop-failover --accept-data-loss Ns --reason "…"
      TIME ! databases.orders.rpoGate: check refused
                                 rule         rpo-gate
                                 observed     at most N s of writes would be lost (lag 10m, sample N s old; replication has the status error) (N s ago)
                                 threshold    RPO 5m
                                 consequence  up to N s of acknowledged writes of orders would be lost
                                 override     --accept-data-loss Ns --reason "…"
      TIME ! run RUN-shop-failover refused"
    `);
  });

  it('the lag is unknown', { timeout: TIMEOUT_MS }, async () => {
    expect(await withLag(undefined)).toMatchInlineSnapshot(`
      "exit 4
      [LAB] a two-region lab on one machine; no AWS account was involved
      In the lab: the failover of shop was refused by rpo-gate (databases.orders.rpoGate); nothing was changed.
        databases.orders.rpoGate: the lag of shop-orders-tokyo is unknown: no lag sample was found; replication has the status error
          override: --accept-data-loss unknown --reason "…"
      Report: FOLDER/state/runs/RUN-shop-failover/report.html
      To continue: dr resume RUN-shop-failover --accept-data-loss unknown --reason "…"
      TIME ! databases.orders.rpoGate: check refused
                                 rule         rpo-gate
                                 observed     the lag of shop-orders-tokyo is unknown: no lag sample was found; replication has the status error (just now)
                                 threshold    RPO 5m
                                 consequence  a promotion would lose an unknown amount of acknowledged writes of orders, silently
                                 override     --accept-data-loss unknown --reason "…"
      TIME ! run RUN-shop-failover refused"
    `);
  });

  it('the replica was not replicating', { timeout: TIMEOUT_MS }, async () => {
    expect(await withLag(-1)).toMatchInlineSnapshot(`
      "exit 4
      [LAB] a two-region lab on one machine; no AWS account was involved
      In the lab: the failover of shop was refused by rpo-gate (databases.orders.rpoGate); nothing was changed.
        databases.orders.rpoGate: the lag of shop-orders-tokyo is unknown: no lag sample was found; ReplicaLag is −1: shop-orders-tokyo is not replicating; replication has the status error
          override: --accept-data-loss unknown --reason "…"
      Report: FOLDER/state/runs/RUN-shop-failover/report.html
      To continue: dr resume RUN-shop-failover --accept-data-loss unknown --reason "…"
      TIME ! databases.orders.rpoGate: check refused
                                 rule         rpo-gate
                                 observed     the lag of shop-orders-tokyo is unknown: no lag sample was found; ReplicaLag is −1: shop-orders-tokyo is not replicating; replication has the status error (just now)
                                 threshold    RPO 5m
                                 consequence  a promotion would lose an unknown amount of acknowledged writes of orders, silently
                                 override     --accept-data-loss unknown --reason "…"
      TIME ! run RUN-shop-failover refused"
    `);
  });

  it('CloudWatch itself does not answer', { timeout: TIMEOUT_MS }, async () => {
    const end = on.proxy.lay(metrics, 'reset');
    expect(await says([...CONFIRMED, ...APPROVED])).toMatchInlineSnapshot(`
      "exit 4
      [LAB] a two-region lab on one machine; no AWS account was involved
      In the lab: the failover of shop was refused by rpo-gate (databases.orders.rpoGate); nothing was changed.
        databases.orders.rpoGate: the lag of shop-orders-tokyo is unknown: cloudwatch.GetMetricData in ap-northeast-1: NoAnswer: read ECONNRESET; replication has the status error
          override: --accept-data-loss unknown --reason "…"
      Report: FOLDER/state/runs/RUN-shop-failover/report.html
      To continue: dr resume RUN-shop-failover --accept-data-loss unknown --reason "…"
      TIME ! databases.orders.rpoGate: check refused
                                 rule         rpo-gate
                                 observed     the lag of shop-orders-tokyo is unknown: cloudwatch.GetMetricData in ap-northeast-1: NoAnswer: read ECONNRESET; replication has the status error (just now)
                                 threshold    RPO 5m
                                 consequence  a promotion would lose an unknown amount of acknowledged writes of orders, silently
                                 override     --accept-data-loss unknown --reason "…"
      TIME ! run RUN-shop-failover refused"
    `);
    end();
  });

  it('AWS forbids what the plan needs', { timeout: TIMEOUT_MS }, async () => {
    const denied = `<ErrorResponse xmlns="http://autoscaling.amazonaws.com/doc/2011-01-01/"><Error><Type>Sender</Type><Code>AccessDenied</Code><Message>User: arn:aws:iam::000000000000:user/lab is not authorized to perform: autoscaling:DescribeAutoScalingGroups</Message></Error><RequestId>r-1</RequestId></ErrorResponse>`;
    const end = on.proxy.lay((call) => call.operation === 'DescribeAutoScalingGroups', { status: 403, body: () => Buffer.from(denied) });
    expect(await says([...CONFIRMED, ...APPROVED])).toMatchInlineSnapshot(`
      "exit 10
      Error: AWS refused autoscaling:DescribeAutoScalingGroups in ap-northeast-1. [AWS_REFUSED]

        autoscaling.DescribeAutoScalingGroups in ap-northeast-1: AccessDenied: User: arn:aws:iam::000000000000:user/lab is not authorized to perform: autoscaling:DescribeAutoScalingGroups

      Next:
        allow that to these credentials; then dr plan --iam lists everything that they need"
    `);
    end();
  });

  it('nothing was changed by any of these', () => {
    expect(changed()).toEqual([]);
  });

  it('with CloudWatch silent a person may accept any loss: then it goes through, and claims no RPO', { timeout: TIMEOUT_MS }, async () => {
    const end = on.proxy.lay(metrics, 'reset');
    const { code, stdout } = await on.dr([...CONFIRMED, ...APPROVED, '--accept-data-loss', 'unknown', '--reason', 'CloudWatch is down, too']);
    end();
    expect(stdout).toContain('RPO  not measured');
    expect(code).toBe(EXIT.notMeasured);
    expect(changed()).toContain(`${TOKYO} PromoteReadReplica`);
  });
});

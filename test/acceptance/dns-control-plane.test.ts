import { readFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { EXIT } from '../../src/base/exit-codes.ts';
import type { Evidence } from '../../src/report/evidence-schema.ts';
import { until } from '../lab/helpers.ts';
import type { Effect } from './aws-proxy.ts';
import { APPROVED, envelopeOf, type Stage, stage, TOKYO } from './stage.ts';
import { streaming } from './streaming.ts';
import { told } from './told.ts';

/*
 * Seoul is lost, and with it the control plane of Route 53, which is in one region for the whole world. Its answers to
 * users continue: they are its data plane.
 */

const TIMEOUT_MS = 180_000;
const FAILOVER = ['failover', '--region', TOKYO, '--confirm', 'shop', ...APPROVED] as const;
const SERVER_ERROR: Effect = { status: 503, body: () => Buffer.from('<ErrorResponse><Error><Code>ServiceUnavailable</Code></Error></ErrorResponse>') };
const WATCHED = (text: string) => text.replace('switch: record', 'switch: object\n    object: { ap-northeast-1: { bucket: shop-dr-tokyo, key: shop-active } }');

const without = (on: Stage, effect: Effect) => on.proxy.lay(({ service }) => service === 'route53', effect);
const changes = (on: Stage) => on.proxy.mutations.filter(({ operation }) => operation !== 'Publish').map(({ operation }) => operation);

async function onStage(edit: (text: string) => string, work: (on: Stage) => Promise<void>): Promise<void> {
  const on = await stage({ edit });
  try {
    await until('orders', async () => (await on.lab.ledger()).acknowledged >= 40, 30_000);
    await work(on);
  } finally {
    await on.close();
  }
}

it.concurrent.each([['hangs', 'hang'], ['answers 503', SERVER_ERROR]] as const)('by a watched object the RTO is met while Route 53 %s', { timeout: TIMEOUT_MS }, (how, effect) =>
  onStage(WATCHED, async (on) => {
    without(on, effect);
    const impact = await on.breakSeoul();
    const { exit, result } = envelopeOf(await on.dr([...FAILOVER, '--impact-at', impact, '--json']));
    expect({ exit, standing: result.standing }).toEqual({ exit: 'ok', standing: 'succeeded' });
    const { objectives } = JSON.parse(await readFile(result.report.json, 'utf8')) as Evidence;
    expect(objectives.map(({ name, verdict }) => [name, verdict])).toEqual([['RTO', 'met'], ['RPO', 'met']]);
    console.log(`Route 53 ${how}: RTO ${objectives[0]?.actualMs} ms; ${on.proxy.calls.filter(({ service }) => service === 'route53').length} calls to it`);
    await until('Tokyo serves', async () => (await on.lab.ledger()).lastGood?.region === TOKYO, 30_000);
    // It was silent all the time, and was not needed.
    expect(on.proxy.calls.filter(({ service, status }) => service === 'route53' && status === 200)).toEqual([]);
    expect(changes(on).sort()).toEqual(['PUT /shop-dr-tokyo/shop-active', 'PromoteReadReplica', 'UpdateAutoScalingGroup']);
  }));

it('by record it is refused before anything is changed', { timeout: TIMEOUT_MS }, () =>
  onStage((text) => text, async (on) => {
    const back = without(on, 'hang');
    await on.breakSeoul();
    expect(told(await on.dr(FAILOVER), { [on.folder]: 'FOLDER' })).toMatchInlineSnapshot(`
      "exit 10
      Error: route53 in us-east-1 does not answer, and this command needs it. [AWS_SILENT]

        route53.ListResourceRecordSets in us-east-1: NoAnswer: no answer within N s

      Next:
        Route 53 is controlled from us-east-1 alone; \`switch: object\` in the runbook does not need it
        try again"
    `);
    expect(changes(on)).toEqual([]);
    back();
  }));

it('by record, lost half way, the run keeps asking, can be stopped, and is ended by a resume', { timeout: TIMEOUT_MS }, () =>
  onStage((text) => text, async (on) => {
    const impact = await on.breakSeoul();
    const run = streaming(on, [...FAILOVER, '--impact-at', impact]);
    await run.until((r) => r.type === 'step.intent' && r.step === 'databases.orders.promote');
    const back = without(on, SERVER_ERROR);
    await run.until((r) => r.type === 'step.done' && r.step === 'databases.orders.promote');
    // It asks again and again, and anyone who does not want to wait for its fifteen minutes stops it.
    await until('it asks again', () => on.proxy.calls.filter(({ service, status }) => service === 'route53' && status === 503).length >= 6, 60_000);
    run.child.kill('SIGINT');
    const ran = await run.ended;
    expect(ran.code).toBe(EXIT.interrupted);
    const [{ run: id } = { run: '' }] = run.records;
    expect(ran.stderr).toContain('traffic switched  not measured  step traffic.storefront.flip was not seen to end');
    expect(ran.stderr).toContain(`To continue: dr resume ${id}`);
    expect(changes(on)).not.toContain('POST /2013-04-01/hostedzone/Z0123456789ABCDEFGHIJ/rrset');
    back();
    expect(envelopeOf(await on.dr(['resume', '--json']))).toMatchObject({ exit: 'ok', result: { standing: 'succeeded' } });
    await until('Tokyo serves', async () => (await on.lab.ledger()).lastGood?.region === TOKYO, 30_000);
    expect(on.proxy.accepted('PromoteReadReplica')).toHaveLength(1);
  }));

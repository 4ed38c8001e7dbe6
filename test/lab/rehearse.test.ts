import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { liveEffects } from '../../src/app/live-effects.ts';
import { rehearse, type RehearseResult, type WorldSource } from '../../src/app/rehearse/rehearse.ts';
import { rehearseText } from '../../src/cli/rehearse-view.ts';
import { TOKYO } from '../engine/simulated.ts';
import { Journey } from './journey.ts';

const RUNBOOKS = join(import.meta.dirname, '..', '..', 'runbooks');

/** Through the SDK and the endpoints of a lab: what it has is rehearsed. */
describe('dr rehearse --from-account of the lab', () => {
  let journey: Journey;
  let folder: string;
  beforeAll(async () => {
    journey = await Journey.begin(join(RUNBOOKS, 'shop.yaml'));
    folder = await mkdtemp(join(tmpdir(), 'dr-rehearse-'));
  });
  afterAll(async () => {
    await journey.end();
    await rm(folder, { recursive: true });
  });

  const rehearsed = (world: WorldSource): Promise<RehearseResult> =>
    rehearse({ runbook: 'shop', runbooks: RUNBOOKS, region: TOKYO, runs: 3, seed: 1, threads: 1, durations: [], faults: false, assertions: ['recovered >= 99%'], world });

  it('recovers, says what came from where, and gives the same figures from the file', async () => {
    const file = join(folder, 'account.json');
    const read = await rehearsed({ save: file });
    expect({ ok: read.ok, unrecovered: read.summary.unrecovered }).toEqual({ ok: true, unrecovered: [] });
    if (read.world.from !== 'account') throw new Error('nothing was read');
    expect(read.world.unlike).toEqual([]);
    const text = rehearseText(read, (_style, plain) => plain, undefined);
    for (const line of [...read.world.seen, ...read.world.assumed]) expect(text).toContain(line);
    expect(text).toMatch(/database ap-northeast-1\/shop-orders-tokyo: available, a replica of ap-northeast-2\/shop-orders, lag /);
    expect(JSON.parse(await readFile(file, 'utf8'))).toMatchObject({ account: read.world.account, seen: read.world.seen });
    const again = await rehearsed({ file });
    expect([again.rtoMs, again.world]).toEqual([read.rtoMs, read.world]);
  });

  it('is red once the replica is gone, and says so', async () => {
    const { aws, clock } = liveEffects();
    await aws.call({ service: 'rds', region: TOKYO, operation: 'DeleteDBInstance', input: { DBInstanceIdentifier: 'shop-orders-tokyo', SkipFinalSnapshot: true } });
    let result = await rehearsed({});
    // It is there for as long as its deletion takes.
    for (let n = 0; n < 20 && result.summary.unrecovered[0]?.because.includes('no DB instance') !== true; n++) {
      await clock.sleep(500);
      result = await rehearsed({});
    }
    expect({ ok: result.ok, because: result.summary.unrecovered.map(({ because }) => because) }).toEqual({ ok: false, because: ['There is no DB instance "shop-orders-tokyo" in ap-northeast-1.'] });
    expect(result.world).toMatchObject({ seen: expect.arrayContaining(['database ap-northeast-1/shop-orders-tokyo: DOES NOT EXIST']) as string[] });
  });
});

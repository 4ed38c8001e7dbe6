import { describe, expect, it } from 'vitest';
import type { AwsCaller } from '../../src/aws/caller.ts';
import type { Operator } from '../../src/journal/events.ts';
import { S3State } from '../../src/journal/s3-state.ts';
import { SeededIds } from '../../src/simulator/random.ts';
import { VirtualClock } from '../../src/simulator/virtual-clock.ts';
import { World } from '../../src/simulator/world.ts';

/* What answers for the bucket is not S3, or what lies in it is no lock. */

const REGION = 'ap-northeast-1';
const PLACE = { region: REGION, bucket: 'shop-dr-state', prefix: 'dr' };
const RUN = '20261120T000000Z-shop-failover-000001';
const operator: Operator = { identity: 'arn:aws:sts::1:assumed-role/alice', user: 'alice', host: 'a', pid: 1 };
const wish = (more: object = {}) => ({ lock: 'shop', run: RUN, operator, now: 0, ids: new SeededIds(1), ...more });

describe('an endpoint that answers everything with nothing in it', () => {
  const aws = { call: () => Promise.resolve({ output: {}, requestId: undefined }) } as unknown as AwsCaller;

  it('gives no lock, and does not say that there is none', async () => {
    const state = new S3State(aws, PLACE);
    await expect(state.lease(wish())).rejects.toMatchObject({ code: 'MalformedAnswer' });
    await expect(state.lockOf('shop')).rejects.toMatchObject({ code: 'MalformedAnswer' });
    await expect(state.runs()).rejects.toMatchObject({ code: 'MalformedAnswer' });
    await expect(state.run(RUN).read()).rejects.toMatchObject({ code: 'MalformedAnswer' });
  });
});

describe('a lock that cannot be understood', () => {
  it.each(['<html>', '{}', '{"run":"x","term":1}', 'null'])('%s is somebody\'s, and is respected', async (text) => {
    const clock = new VirtualClock();
    const world = new World({ clock, seed: 1, regions: [REGION] });
    world.addBucket({ region: REGION, name: PLACE.bucket });
    await clock.run(async () => {
      await world.call({ service: 's3', region: REGION, operation: 'PutObject', input: { Bucket: PLACE.bucket, Key: 'dr/locks/shop/000000000007.json', Body: text } });
      const state = new S3State(world, PLACE);
      await expect(state.lease(wish())).rejects.toMatchObject({ code: 'RUN_IN_PROGRESS' });
      expect(await state.lockOf('shop')).toMatchObject({ run: 'unknown', term: 7 });
      // A person may take it over, with a higher term.
      expect((await state.lease(wish({ force: true }))).term).toBe(8);
    });
  });
});

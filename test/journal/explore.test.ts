import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { LocalState } from '../../src/journal/local-state.ts';
import { MirroredState } from '../../src/journal/mirrored-state.ts';
import { S3State } from '../../src/journal/s3-state.ts';
import { RUN, T0 } from './fixture.ts';
import { Bucket } from './explore/bucket.ts';
import { Disk, hookFiles } from './explore/disk.ts';
import { playRun, Witness } from './explore/run.ts';
import { explore, Runner, type Scene, whoAsks } from './explore/schedule.ts';

/*
 * Every order in which the operations of two or three runners can take effect, up to a bound, over the real lock and journal. A runner
 * may stand still at every point for as long as it likes, also for ever, which is what a crash looks like to the others.
 */

const FOLDER = '/explored';
let disks = new Map<string, Disk>();
let putBack = (): void => undefined;

beforeAll(() => {
  putBack = hookFiles((path) => (path === FOLDER || path.startsWith(`${FOLDER}/`) ? disks.get(whoAsks() ?? '') ?? disks.get('') : undefined));
});

afterAll(() => putBack());

/** One that continues by a second a look. */
function clock() {
  let now = T0;
  return { now: () => (now += 1000), sleep: () => Promise.resolve() };
}

/** Holders one after the other: the first begins the run, the others take it over. */
function scene(names: readonly string[], changes: number, state: (name: string) => Parameters<typeof playRun>[0]['state'], world: Pick<Scene, 'key'> & { read(): Promise<void>; excused?: () => boolean }, witness: Witness): Scene {
  return {
    runners: names.map((name, i) => new Runner(name, () => playRun({ name, state: state(name), clock: clock(), witness, force: i > 0, changes, excused: world.excused ?? (() => false) }))),
    mayCrash: [],
    key: () => `${world.key()} ${witness.key()}`,
    check: async () => {
      if (witness.broken.length > 0) throw new Error(witness.broken.join('; '));
      await world.read();
    },
  };
}

function inFolder(names: readonly string[], changes: number): Scene {
  const disk = new Disk();
  disks = new Map([['', disk]]);
  const witness = new Witness();
  const read = async () => witness.mustBeIn(await new LocalState(FOLDER).run(RUN).read());
  return scene(names, changes, () => new LocalState(FOLDER), { key: () => disk.key(), read }, witness);
}

const PLACE = { bucket: 'dr-state', region: 'ap-northeast-1', prefix: '' };

/** Each on a machine of its own. */
function inBucket(names: readonly string[], changes: number): Scene {
  const bucket = new Bucket();
  disks = new Map(names.map((name) => [name, new Disk(true)]));
  const witness = new Witness();
  const plain = new S3State(bucket.aws, PLACE);
  const read = async () => {
    const records = await plain.run(RUN).read();
    // What the bucket did not take is on the machine, until it is sent.
    if (!bucket.faulty) witness.mustBeIn(records);
  };
  const key = () => `${bucket.faulty}${bucket.key()}${[...disks.values()].map((disk) => disk.key()).join('|')}`;
  return scene(names, changes, () => new MirroredState(new LocalState(FOLDER), plain, clock()), { key, read, excused: () => bucket.faulty }, witness);
}

describe('every order of operations', () => {
  it.each([
    ['two runners in a folder', () => inFolder(['A', 'B'], 1), 0],
    ['two runners and a bucket', () => inBucket(['A', 'B'], 1), 1],
    ['three runners and a bucket', () => inBucket(['A', 'B', 'C'], 0), 0],
  ] as const)('%s', async (name, make, faults) => {
    const began = process.cpuUsage();
    const found = await explore(make, faults);
    console.log(`${name}, at most ${faults} faults: ${found.schedules} schedules, ${found.states} states, up to ${found.depth} operations; ${Math.round(process.cpuUsage(began).user / 1000)} ms of CPU`);
    expect(found.states).toBeGreaterThan(100);
  }, 600_000);
});

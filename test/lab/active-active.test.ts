import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Journey, trouble } from './journey.ts';

/*
 * Two regions that serve at once, in the lab: the SDK, the lab's endpoints, its DNS server and its application.
 */

const TICKETS = fileURLToPath(new URL('../../runbooks/active-active.yaml', import.meta.url));
const SEOUL = 'ap-northeast-2';
const TOKYO = 'ap-northeast-1';
const TIMEOUT_MS = 180_000;

let folder: string;
let journey: Journey;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dr-tickets-'));
  const text = (await readFile(TICKETS, 'utf8')).replace('between: 30s', 'between: 1s').replace('pace: [75, 50, 25, 0]', 'pace: [50, 0]').replace('hold: 5s', 'hold: 1s');
  await writeFile(join(folder, 'tickets.yaml'), text);
  journey = await Journey.begin(join(folder, 'tickets.yaml'));
}, TIMEOUT_MS);

afterEach(async () => {
  await journey.end();
  await rm(folder, { recursive: true });
}, TIMEOUT_MS);

const records = async () => (await journey.lab.status()).world.records;

describe('active-active in the lab', { timeout: TIMEOUT_MS }, () => {
  it('a dead region leaves every answer, a reprotect brings it back, a drain takes it out again', async () => {
    const before = await records();
    await journey.lab.breakRegion(SEOUL);
    expect(trouble(await journey.run({ verb: 'failover', region: TOKYO }))).toEqual([]);
    await journey.servedIn(TOKYO);
    const out = await records();
    expect(out.filter((r) => r.setIdentifier === 'seoul').map((r) => r.weight)).toEqual([0, 0]);
    expect(out.filter((r) => r.weight === undefined && r.name.includes('tickets')).flatMap((r) => r.values)).not.toContain('127.0.0.2');
    await journey.lab.heal(SEOUL);
    expect(trouble(await journey.run({ verb: 'reprotect', region: TOKYO }))).toEqual([]);
    const plain = (list: typeof before) => list.map(({ answered: _answered, healthy: _healthy, ...record }) => JSON.stringify(record)).sort();
    expect(plain(await records())).toEqual(plain(before));
    expect(trouble(await journey.run({ verb: 'switchover', region: TOKYO }))).toEqual([]);
    expect(plain(await records())).toEqual(plain(out));
  });
});

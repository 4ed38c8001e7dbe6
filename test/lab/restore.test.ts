import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Evidence } from '../../src/report/evidence-schema.ts';
import { Journey, trouble } from './journey.ts';

const SEOUL = 'ap-northeast-2';
const TOKYO = 'ap-northeast-1';
const ARCHIVE = join(import.meta.dirname, '..', '..', 'runbooks', 'archive.yaml');

/** Backup and restore, with a real base copy and a real log where PostgreSQL runs. */
describe('a restore in the lab', { timeout: 120_000 }, () => {
  let folder: string;
  let journey: Journey;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'dr-archive-'));
    const path = join(folder, 'archive.yaml');
    await writeFile(path, (await readFile(ARCHIVE, 'utf8')).replace(/( hold: )\w+/, '$12s'));
    journey = await Journey.begin(path);
    await journey.servedIn(SEOUL, 60);
  }, 60_000);
  afterAll(async () => {
    await journey.end();
    await rm(folder, { recursive: true });
  });

  it('loses what came after the recovery point, and no more than the bound that was promised', async () => {
    await journey.lab.breakRegion(SEOUL);
    const result = await journey.run({ verb: 'failover', region: TOKYO });
    expect(trouble(result)).toEqual([]);
    await journey.servedIn(TOKYO);
    const { loss } = await journey.lab.ledger();
    const { databases } = JSON.parse(await readFile(result.report?.json ?? '', 'utf8')) as Evidence;
    expect(loss).toMatchObject({ region: TOKYO, notChecked: 0 });
    expect(loss?.lost).toBeGreaterThan(0);
    expect(databases[0]?.rpo.boundMs).toBeGreaterThanOrEqual(loss?.lossMs ?? Number.POSITIVE_INFINITY);
    expect(await journey.roles()).toEqual([`${TOKYO}/archive-documents-tokyo: writer`, `${SEOUL}/archive-documents: dead`]);
  });

  it('goes home by a second restore, and loses nothing', async () => {
    await journey.lab.heal(SEOUL);
    expect(trouble(await journey.run({ verb: 'reprotect' }))).toEqual([]);
    const before = (await journey.lab.ledger()).loss?.lost;
    expect(trouble(await journey.run({ verb: 'switchover', region: SEOUL }))).toEqual([]);
    await journey.servedIn(SEOUL);
    expect((await journey.lab.ledger()).loss).toMatchObject({ region: SEOUL, lost: before, notChecked: 0 });
  });
});

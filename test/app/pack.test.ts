import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { NAMESPACES, signText } from '../../src/approvals/signature.ts';
import { addIssue } from '../../src/app/notes.ts';
import { type Manifest, type Pack, packEvidence, type PackSigner } from '../../src/app/pack.ts';
import { verify } from '../../src/app/verify/verify.ts';
import { sha256 } from '../../src/base/json.ts';
import type { Person } from '../approvals/signers.ts';
import { failedRun, goodRun, LAB, shopPlan, T0 } from '../report/fixtures.ts';
import { alice, clockAt, DAY, mallory, putRun } from './evidence-folder.ts';

const PERIOD = { from: '2026-11-01', to: '2026-12-31', dueMs: 30 * DAY };
const signerOf = (who: Person): PackSigner => ({ name: who.name, sign: (text, namespace) => Promise.resolve(signText(text, who.privateKey, who.publicKey, namespace)) });
const folders: string[] = [];
let pack: Pack;
let runs: Record<'green' | 'failed' | 'lab' | 'old', string>;

function temporary(): string {
  const folder = mkdtempSync(join(tmpdir(), 'dr-pack-'));
  folders.push(folder);
  return folder;
}
const of = (name: string) => ({ ...shopPlan(), runbook: { name, sha256: 'ab'.repeat(32), path: `runbooks/${name}.yaml` } });
/** An alarm knows when it began, so that the RTO is measured. */
const green = { impactAt: T0 + 600 };

beforeAll(async () => {
  const state = temporary();
  runs = {
    old: putRun(state, goodRun({ plan: of('archive'), ...green }), -35),
    green: putRun(state, goodRun({ plan: of('shop'), ...green }), 0),
    failed: putRun(state, failedRun({ plan: of('shop') }), 10),
    lab: putRun(state, goodRun({ plan: of('billing'), mode: 'lab', labId: 'lab-1' }).at(13_500, { type: 'lab.measured', truth: LAB }), 3),
  };
  putRun(state, goodRun({ plan: of('shop'), ...green }), 100);
  const damaged = join(state, 'runs', '20261205T000000Z-shop-failover-ffffff');
  mkdirSync(damaged);
  writeFileSync(join(damaged, 'journal.jsonl'), 'not a journal\n');
  await addIssue({ state: { folder: state }, run: runs.failed, clock: clockAt(T0 + 11 * DAY) }, { title: 'Promotion took too long', owner: 'bob@example.com', due: '2026-12-24' });
  pack = await packEvidence({ place: { folder: state }, period: PERIOD, out: join(temporary(), 'pack'), signer: signerOf(alice), now: T0 + 60 * DAY });
});
afterAll(() => folders.forEach((folder) => rmSync(folder, { recursive: true, force: true })));

/** A copy that a test may spoil. */
function copy(): string {
  const folder = join(temporary(), 'pack');
  cpSync(pack.folder, folder, { recursive: true });
  return folder;
}
const badIn = async (folder: string, signers?: string): Promise<{ file: string; why: string }[]> => {
  const found = await verify(folder, signers);
  const bad = [...(found.pack?.bad ?? []), ...found.runs.flatMap((run) => run.bad)];
  expect(found.ok).toBe(bad.length === 0);
  return bad;
};

describe('a pack', () => {
  it('holds every run of the period, and what before it says how things stand', () => {
    const { applications, before, damaged } = pack.document;
    expect(applications.map(({ name, mode, runs: rows }) => [name, mode, rows.map(({ run }) => run)])).toEqual([
      ['archive', 'live', [runs.old]],
      ['billing', 'lab', [runs.lab]],
      ['shop', 'live', [runs.green, runs.failed]],
    ]);
    expect(before).toEqual([runs.old]);
    expect(damaged).toMatchObject([{ run: '20261205T000000Z-shop-failover-ffffff' }]);
    expect(JSON.stringify(damaged)).not.toContain(tmpdir());
  });

  it('says what was met, what is overdue, and since when there is no standby', () => {
    const [archive, billing, shop] = pack.document.applications;
    expect(archive?.overdue).toBe('the last run that met its objectives is 76 days old; at most 30 days are allowed');
    expect(shop).toMatchObject({ lastGreen: { run: runs.green, rto: { actualMs: 8200, verdict: 'met' }, rpo: { actualMs: 31_000, verdict: 'met' } }, unprotectedSince: new Date(T0 + 3560).toISOString() });
    expect(shop?.issues).toMatchObject([{ title: 'Promotion took too long', owner: 'bob@example.com', closed: null, run: runs.failed }]);
    expect(billing).toMatchObject({ mode: 'lab' });
    const page = readFileSync(join(pack.folder, 'index.html'), 'utf8');
    for (const part of ['LAB', 'Promotion took too long', 'the last run that met its objectives is 76 days old', 'Journals that cannot be read', 'Not covered', 'dr verify .', `href="runs/${runs.green}/report.html"`]) expect(page).toContain(part);
  });

  it('a rehearsal in the lab counts as no test on AWS', async () => {
    const state = temporary();
    putRun(state, goodRun({ plan: of('billing'), mode: 'lab', labId: 'lab-1' }).at(13_500, { type: 'lab.measured', truth: LAB }), 3);
    const { document, folder } = await packEvidence({ place: { folder: state }, period: PERIOD, out: join(temporary(), 'p'), signer: undefined, now: T0 });
    for (const { control, here } of document.controls) if (control === 'A1.3') expect(here[0]).toEqual({ there: false, text: 'no test on AWS; 1 rehearsal in a lab or simulated, and that is no test on AWS' });
    expect(readFileSync(join(folder, 'index.html'), 'utf8')).toContain('NO RUN ON AWS');
  });

  it('is verified offline, by its key and by a list of keys', async () => {
    expect(await badIn(pack.folder)).toEqual([]);
    const list = join(temporary(), 'allowed_signers');
    writeFileSync(list, `${alice.name} ${alice.line}\n`);
    expect(await badIn(pack.folder, list)).toEqual([]);
    writeFileSync(list, `${alice.name} ${mallory.line}\n`);
    expect((await badIn(pack.folder, list)).map(({ file }) => file)).toEqual(['manifest.json.sig']);
  });

  it('that nobody has signed is right by itself, and is not where signatures are asked for', async () => {
    const state = temporary();
    putRun(state, goodRun({ plan: of('billing'), mode: 'lab', labId: 'lab-1' }).at(13_500, { type: 'lab.measured', truth: LAB }), 3);
    const { folder } = await packEvidence({ place: { folder: state }, period: PERIOD, out: join(temporary(), 'p'), signer: undefined, now: T0 });
    expect(await badIn(folder)).toEqual([]);
    expect((await verify(folder)).pack?.notes).toContain('nobody has signed the manifest: anyone who may write the folder can write another one');
    const list = join(temporary(), 'allowed_signers');
    writeFileSync(list, `${alice.name} ${alice.line}\n`);
    expect(await badIn(folder, list)).toEqual([{ file: 'manifest.json.sig', why: 'nobody has signed the manifest' }]);
  });

  it('is the same but for its manifest when it is packed again', async () => {
    const state = temporary();
    cpSync(join(pack.folder, 'runs'), join(state, 'runs'), { recursive: true });
    const again = await packEvidence({ place: { folder: state }, period: PERIOD, out: join(temporary(), 'pack'), signer: signerOf(mallory), now: T0 });
    // The damaged journal was not packed, only named.
    expect({ ...again.document, damaged: pack.document.damaged }).toEqual(pack.document);
  });

  it('refuses a folder that is not empty', async () => {
    await expect(packEvidence({ place: { folder: temporary() }, period: PERIOD, out: pack.folder, signer: undefined, now: T0 })).rejects.toMatchObject({ code: 'FOLDER_NOT_EMPTY', exit: 'usage' });
  });
});

describe('what was changed in a pack is found', () => {
  const manifestOf = (folder: string): Manifest => JSON.parse(readFileSync(join(folder, 'manifest.json'), 'utf8')) as Manifest;
  const write = (folder: string, manifest: Manifest): void => writeFileSync(join(folder, 'manifest.json'), `${JSON.stringify(manifest, null, 2)}\n`);

  it('an edited manifest', async () => {
    const folder = copy();
    write(folder, { ...manifestOf(folder), packedAt: '2026-01-01T00:00:00.000Z' });
    expect(await badIn(folder)).toEqual([{ file: 'manifest.json.sig', why: expect.stringContaining('does not fit the text') }]);
  });

  it('a manifest of somebody else in the name of the packer, where the keys are known', async () => {
    const folder = copy();
    const text = readFileSync(join(folder, 'manifest.json'), 'utf8');
    writeFileSync(join(folder, 'manifest.json.sig'), signText(text, mallory.privateKey, mallory.publicKey, NAMESPACES.evidence));
    const list = join(temporary(), 'allowed_signers');
    writeFileSync(list, `${alice.name} ${alice.line}\n`);
    expect(await badIn(folder, list)).toEqual([{ file: 'manifest.json.sig', why: expect.stringContaining('does not name') }]);
  });

  it('a signature that was taken away, and a manifest that was', async () => {
    const folder = copy();
    rmSync(join(folder, 'manifest.json.sig'));
    expect(await badIn(folder)).toMatchObject([{ file: 'manifest.json.sig' }]);
    const other = copy();
    rmSync(join(other, 'manifest.json'));
    expect(await badIn(other)).toMatchObject([{ file: 'manifest.json' }]);
  });

  it.each(['index.html', 'evidence.json', 'manifest.json', 'manifest.json.sig'])('a flipped bit in %s', async (file) => {
    for (let i = 0; i < 12; i++) {
      const folder = copy();
      const bytes = readFileSync(join(folder, file));
      const at = Math.floor((bytes.length * (i + 0.5)) / 12);
      bytes[at] = (bytes[at] ?? 0) ^ (1 << (i % 8));
      writeFileSync(join(folder, file), bytes);
      expect((await badIn(folder)).length, `byte ${at} of ${file}`).toBeGreaterThan(0);
    }
  });

  it('a run that is missing, and a file that nobody named', async () => {
    const folder = copy();
    rmSync(join(folder, 'runs', runs.failed), { recursive: true });
    writeFileSync(join(folder, 'better-news.html'), 'all is well');
    const bad = await badIn(folder);
    expect(bad).toContainEqual({ file: `runs/${runs.failed}/journal.jsonl`, why: 'it is missing' });
    expect(bad).toContainEqual({ file: 'better-news.html', why: 'the manifest does not name it' });
    expect(bad.map(({ file }) => file)).toContain('index.html');
  });

  it('an index that says more than the journals, under a manifest that fits and nobody signed', async () => {
    const folder = copy();
    const page = readFileSync(join(folder, 'index.html'), 'utf8').replace('<p class="verdict warn">', '<p class="verdict good">All is well. ');
    writeFileSync(join(folder, 'index.html'), page);
    rmSync(join(folder, 'manifest.json.sig'));
    const manifest = manifestOf(folder);
    write(folder, { ...manifest, packedBy: '', files: manifest.files.map((one) => (one.path === 'index.html' ? { ...one, sha256: sha256(page), bytes: Buffer.byteLength(page) } : one)) });
    expect(await badIn(folder)).toEqual([{ file: 'index.html', why: expect.stringContaining('it is not what') }]);
  });
});

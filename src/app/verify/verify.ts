import { readdir, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { DrError, messageOf } from '../../base/errors.ts';
import { readSigners, type Signers, strangerAmong } from './signers.ts';
import { type RunVerdict, verifyRun, whyOther } from './run.ts';
import * as z from 'zod';
import { fingerprint } from '../../approvals/public-key.ts';
import { NAMESPACES, verifySignature } from '../../approvals/signature.ts';
import { sha256 } from '../../base/json.ts';
import { LIMITS } from '../../base/limits.ts';
import { readPlain } from '../../base/plain-file.ts';
import { foldAll } from '../../journal/fold.ts';
import { readStrictly } from '../../journal/strict.ts';
import { renderIndex } from '../../report/portfolio/index-page.ts';
import { type PackDocument, packDocument } from '../../report/portfolio/pack-document.ts';
import type { ToldRun } from '../../report/portfolio/rows.ts';
import { documentText } from '../pack.ts';
import { evidenceOf } from '../run-to-the-end.ts';
import { toolVersion } from '../version.ts';

export interface Verification {
  place: string;
  ok: boolean;
  pack?: PackVerdict;
  runs: RunVerdict[];
}

/** Checks what lies at a path, offline: a run's folder, a pack of evidence, or a file of one. @throws DrError (usage) where there is nothing */
export async function verify(path: string, signersFile?: string): Promise<Verification> {
  const place = resolve(path);
  const info = await stat(place).catch(() => undefined);
  if (info === undefined) throw new DrError({ code: 'NOTHING_TO_VERIFY', exit: 'usage', title: `There is no ${place}.`, next: ['dr verify FOLDER    the folder of a run, of an evidence pack, or a file in one'] });
  const signers = signersFile === undefined ? undefined : await readSigners(signersFile);
  const folder = info.isDirectory() ? place : dirname(place);
  if (await isPack(folder)) {
    const { pack, runs } = await verifyPack(folder, signers);
    return { place, ok: pack.ok && runs.every(({ ok }) => ok), pack, runs };
  }
  const run = await verifyRun(folder, signers);
  const runs = [info.isDirectory() ? run : onlyFile(run, basename(place))];
  return { place, ok: runs.every(({ ok }) => ok), runs };
}

/** Of one file only what was found about it and about the journal, on which it rests. */
function onlyFile(verdict: RunVerdict, name: string): RunVerdict {
  const journal = (file: string): boolean => !file.startsWith('report.') && !file.startsWith('approvals');
  const bad = verdict.bad.filter(({ file }) => file === name || journal(file));
  const known = verdict.right.concat(verdict.notes).some((line) => line.startsWith(`${name} `) || line.startsWith(`${name}:`));
  if (!known && bad.length === 0 && !name.startsWith('journal')) bad.push({ file: name, why: 'it is no file of a run: there is nothing to compare it with' });
  return { ...verdict, bad, ok: bad.length === 0 };
}

interface PackVerdict extends Pick<RunVerdict, 'ok' | 'right' | 'bad' | 'notes'> {
  from: string;
  to: string;
}

const MANIFEST = 'manifest.json';
const SIGNATURE = 'manifest.json.sig';

const manifestSchema = z.strictObject({
  schema: z.literal('dr.manifest/1'),
  from: z.string(),
  to: z.string(),
  packedAt: z.string(),
  packedBy: z.string(),
  tool: z.string(),
  files: z.array(z.strictObject({ path: z.string(), sha256: z.string(), bytes: z.number() })),
});
type Manifest = z.infer<typeof manifestSchema>;

async function isPack(folder: string): Promise<boolean> {
  const found = await Promise.all([MANIFEST, SIGNATURE, 'evidence.json'].map((name) => stat(join(folder, name)).catch(() => undefined)));
  return found.some((info) => info !== undefined);
}

/** Checks a pack from its bytes: manifest and signature, every file, every run, and the index against the journals. */
async function verifyPack(folder: string, signers: Signers | undefined): Promise<{ pack: PackVerdict; runs: RunVerdict[] }> {
  const pack: PackVerdict = { from: '?', to: '?', ok: false, right: [], bad: [], notes: [] };
  const bytes = await readPlain(join(folder, MANIFEST), LIMITS.journalBytes).catch(() => undefined);
  const manifest = bytes === undefined ? undefined : parsed(bytes);
  if (bytes === undefined || manifest === undefined) pack.bad.push({ file: MANIFEST, why: bytes === undefined ? 'it is missing' : 'it is no manifest of a pack' });
  else {
    Object.assign(pack, { from: manifest.from, to: manifest.to });
    await checkSignature(folder, bytes, manifest, signers, pack);
    await checkFiles(folder, manifest, pack);
  }
  const names = (await readdir(join(folder, 'runs')).catch(() => [])).sort();
  const runs: RunVerdict[] = [];
  for (const name of names) runs.push(await verifyRun(join(folder, 'runs', name), signers));
  if (runs.every(({ ok }) => ok)) await checkIndex(folder, names, pack);
  else pack.notes.push('the index was not compared with the journals: not all of them are right');
  return { pack: { ...pack, ok: pack.bad.length === 0 }, runs };
}

/** Letter by letter what was written: nothing is hidden in it. */
function parsed(bytes: Buffer): Manifest | undefined {
  try {
    const manifest = manifestSchema.parse(JSON.parse(bytes.toString('utf8')));
    return Buffer.from(`${JSON.stringify(manifest, null, 2)}\n`).equals(bytes) ? manifest : undefined;
  } catch {
    return undefined;
  }
}

async function checkSignature(folder: string, bytes: Buffer, { packedBy, packedAt }: Manifest, signers: Signers | undefined, pack: PackVerdict): Promise<void> {
  const signature = await readPlain(join(folder, SIGNATURE), LIMITS.smallFileBytes).then(String, () => undefined);
  if (signature === undefined) {
    if (packedBy !== '' || signers !== undefined) pack.bad.push({ file: SIGNATURE, why: packedBy === '' ? 'nobody has signed the manifest' : `it is missing, and the manifest says that ${packedBy} signed` });
    else pack.notes.push('nobody has signed the manifest: anyone who may write the folder can write another one');
    return;
  }
  try {
    const key = verifySignature(bytes.toString('utf8'), signature, NAMESPACES.evidence);
    const name = `${key.type} ${fingerprint(key)}`;
    // A manifest that was signed later names nobody: then the list does.
    const who = packedBy !== '' ? packedBy : ([...(signers ?? [])].find(([, keys]) => keys.includes(name))?.[0] ?? 'somebody');
    const stranger = strangerAmong(signers, who, name);
    if (stranger !== undefined) pack.bad.push({ file: SIGNATURE, why: stranger });
    else pack.right.push(`manifest of ${packedAt}: signed by ${who} with ${name}`);
    if (signers === undefined) pack.notes.push('whose key that is, this folder cannot say: --signers FILE names keys');
  } catch (error) {
    pack.bad.push({ file: SIGNATURE, why: `the signature of the manifest is not valid: ${messageOf(error)}` });
  }
}

async function checkFiles(folder: string, manifest: Manifest, pack: PackVerdict): Promise<void> {
  const there = new Set((await readdir(folder, { recursive: true, withFileTypes: true })).flatMap((entry) => (entry.isDirectory() ? [] : [join(entry.parentPath, entry.name).slice(folder.length + 1).replaceAll('\\', '/')])));
  let right = 0;
  for (const { path, sha256: wanted } of manifest.files) {
    const bytes = there.delete(path) ? await readPlain(join(folder, path), LIMITS.journalBytes).catch((error: unknown) => messageOf(error)) : undefined;
    if (bytes === undefined) pack.bad.push({ file: path, why: 'it is missing' });
    else if (typeof bytes === 'string') pack.bad.push({ file: path, why: `it cannot be read, and so not be checked: ${bytes}` });
    else if (sha256(bytes) !== wanted) pack.bad.push({ file: path, why: 'it is not the file that the manifest names' });
    else right += 1;
  }
  for (const path of [...there].filter((one) => one !== MANIFEST && one !== SIGNATURE).sort()) pack.bad.push({ file: path, why: 'the manifest does not name it' });
  pack.right.push(`files: ${right} of ${manifest.files.length} are those that the manifest names`);
}

/** Index and document are a function of the journals, and are made again from them. */
async function checkIndex(folder: string, names: readonly string[], pack: PackVerdict): Promise<void> {
  const text = await readPlain(join(folder, 'evidence.json'), LIMITS.journalBytes).then(String, () => '');
  const document = await madeAgain(folder, names, text).catch((error: unknown) => messageOf(error));
  if (typeof document === 'string') return void pack.bad.push({ file: 'evidence.json', why: `it is no document of a pack: ${document}` });
  for (const [file, wanted] of [['evidence.json', documentText(document)], ['index.html', renderIndex(document)]] as const) {
    const there = await readPlain(join(folder, file), LIMITS.journalBytes).then(String, () => '');
    if (there === wanted) pack.right.push(`${file}: it is what the journals give`);
    else pack.bad.push({ file, why: whyOther(there, 'these journals') });
  }
}

async function madeAgain(folder: string, names: readonly string[], text: string): Promise<PackDocument> {
  const { from, to, dueMs, damaged } = JSON.parse(text) as PackDocument;
  const runs: ToldRun[] = [];
  for (const name of names) {
    const { records } = await readStrictly(join(folder, 'runs', name));
    const state = foldAll(records);
    runs.push({ state, evidence: evidenceOf(state, records) });
  }
  const { name, version } = toolVersion();
  return packDocument(runs, { period: { from, to, dueMs }, damaged, madeBy: { name, version } });
}

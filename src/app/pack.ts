import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { NAMESPACES } from '../approvals/signature.ts';
import { fileName, readFileText } from '../approvals/statement.ts';
import { iso } from '../base/clock.ts';
import { DrError, messageOf } from '../base/errors.ts';
import { partsOfRunId } from '../base/ids.ts';
import { sha256 } from '../base/json.ts';
import { FORMATS } from '../report/formats/formats.ts';
import { renderIndex } from '../report/portfolio/index-page.ts';
import { endOf, type PackDocument, packDocument, type Period, startOf } from '../report/portfolio/pack-document.ts';
import { isGreen, rowOf, type ToldRun } from '../report/portfolio/rows.ts';
import { evidenceOf } from './run-to-the-end.ts';
import { type LoadedRun, loadAllRuns } from './runs.ts';
import { openState, type StatePlace } from './state.ts';
import { toolVersion } from './version.ts';

export interface PackSigner {
  name: string;
  /** Signs a text for a namespace; returns the signature in OpenSSH's form. */
  sign(text: string, namespace: typeof NAMESPACES.evidence): Promise<string>;
}

interface PackRequest {
  place: StatePlace;
  period: Period;
  out: string;
  /** Undefined: nobody signs. */
  signer: PackSigner | undefined;
  /** Milliseconds since the epoch. */
  now: number;
}

export interface Pack {
  folder: string;
  document: PackDocument;
  files: number;
  manifestSha256: string;
}

interface PackedRun extends ToldRun {
  loaded: LoadedRun;
}

/** Every file of the pack but itself and its signature. */
export interface Manifest {
  schema: 'dr.manifest/1';
  from: string;
  to: string;
  packedAt: string;
  packedBy: string;
  tool: string;
  files: { path: string; sha256: string; bytes: number }[];
}

/**
 * Packs the runs of a period into a folder that proves itself: index, journals, approvals, reports, and a signed manifest.
 * @throws DrError where the folder is not empty or cannot be written
 */
export async function packEvidence({ place, period, out, signer, now }: PackRequest): Promise<Pack> {
  const folder = resolve(out);
  await refuseFull(folder);
  const { runs, damaged } = await loadAllRuns(openState(place));
  const told = runs.filter(({ state }) => state.startedAt < endOf(period)).map((loaded): PackedRun => ({ loaded, state: loaded.state, evidence: evidenceOf(loaded.state, loaded.records) }));
  const packed = told.filter((run) => run.state.startedAt >= startOf(period) || saysHowThingsStand(run, told, period));
  const { name, version } = toolVersion();
  const unread = damaged.filter(({ run }) => isIn(run, period)).map(({ run, error }) => ({ run, why: error.message.replaceAll(openState(place).place, '') }));
  const document = packDocument(packed, { period, damaged: unread, madeBy: { name, version } });
  const files = new Map<string, string>([['index.html', renderIndex(document)], ['evidence.json', documentText(document)]]);
  for (const run of packed) for (const [path, text] of await filesOf(run)) files.set(`runs/${run.state.run}/${path}`, text);
  const manifest: Manifest = {
    schema: 'dr.manifest/1',
    from: period.from,
    to: period.to,
    packedAt: iso(now),
    packedBy: signer?.name ?? '',
    tool: `${name} ${version}`,
    files: [...files].map(([path, text]) => ({ path, sha256: sha256(text), bytes: Buffer.byteLength(text) })).sort((a, b) => (a.path < b.path ? -1 : 1)),
  };
  const text = `${JSON.stringify(manifest, null, 2)}\n`;
  const signature = await signer?.sign(text, NAMESPACES.evidence);
  files.set('manifest.json', text);
  if (signature !== undefined) files.set('manifest.json.sig', signature);
  await writeAll(folder, files);
  return { folder, document, files: files.size, manifestSha256: sha256(text) };
}

/** The text of `evidence.json`. */
export function documentText(document: PackDocument): string {
  return `${JSON.stringify(document, null, 2)}\n`;
}

function isIn(run: string, period: Period): boolean {
  const at = partsOfRunId(run)?.startedAt;
  return at === undefined || (at >= startOf(period) && at < endOf(period));
}

/** A run before the period: the last of its application that met its objectives, or one since which it has no standby, or has one again. */
function saysHowThingsStand(run: ToldRun, all: readonly ToldRun[], period: Period): boolean {
  const { runbook, account } = run.state.plan;
  const own = all.filter(({ state }) => state.plan.runbook.name === runbook.name && state.plan.account === account && state.mode === run.state.mode && state.labId === run.state.labId && state.startedAt < startOf(period));
  const sorted = [...own].sort((a, b) => a.state.startedAt - b.state.startedAt);
  const restored = sorted.findLastIndex(({ evidence }) => evidence.protection.state === 'restored');
  const telling = new Set<ToldRun | undefined>([sorted.findLast((one) => isGreen(rowOf(one))), sorted[restored], ...sorted.slice(restored + 1).filter(({ evidence }) => evidence.protection.state === 'unprotected')]);
  return telling.has(run);
}

/** The records that count, in one file; the approvals; the reports. */
async function filesOf({ loaded, evidence }: PackedRun): Promise<[string, string][]> {
  const approvals = (await loaded.store.approvals()).flatMap((text): [string, string][] => {
    const file = readFileText(text);
    return file === undefined ? [] : [[`approvals/${fileName(file)}`, text]];
  });
  const journal = loaded.records.map((record) => `${JSON.stringify(record)}\n`).join('');
  return [['journal.jsonl', journal], ...approvals, ...Object.values(FORMATS).map(({ file, render }): [string, string] => [file, render(evidence)])];
}

async function refuseFull(folder: string): Promise<void> {
  const there = await readdir(folder).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw notWritten(folder, error);
  });
  if (there.length === 0) return;
  throw new DrError({ code: 'FOLDER_NOT_EMPTY', exit: 'usage', title: `The folder ${folder} is not empty.`, detail: 'A pack is a folder of its own: its manifest names everything in it.', next: [`--out ${folder}-2`] });
}

async function writeAll(folder: string, files: ReadonlyMap<string, string>): Promise<void> {
  try {
    for (const [path, text] of files) {
      await mkdir(dirname(join(folder, path)), { recursive: true, mode: 0o700 });
      await writeFile(join(folder, path), text, { mode: 0o600, flag: 'wx' });
    }
  } catch (error) {
    throw notWritten(folder, error);
  }
}

function notWritten(folder: string, cause: unknown): DrError {
  return new DrError({ code: 'PACK_NOT_WRITTEN', exit: 'journal', title: `The pack could not be written to ${folder}.`, detail: messageOf(cause), next: ['make room or give access, or name another folder: --out DIR'], cause });
}

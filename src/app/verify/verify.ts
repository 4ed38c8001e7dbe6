import { stat } from 'node:fs/promises';
import { basename, dirname, resolve } from 'node:path';
import { DrError } from '../../base/errors.ts';
import { isPack, type PackVerdict, verifyPack } from './pack.ts';
import { readSigners } from './signers.ts';
import { type RunVerdict, verifyRun } from './run.ts';

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

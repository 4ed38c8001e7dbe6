import { readdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { decide } from '../../approvals/judge.ts';
import { fileName, readFileText, readStatement } from '../../approvals/statement.ts';
import { DrError, messageOf } from '../../base/errors.ts';
import { LIMITS } from '../../base/limits.ts';
import { readPlain } from '../../base/plain-file.ts';
import type { JournalRecord } from '../../journal/events.ts';
import { foldAll, isNote } from '../../journal/fold.ts';
import { BadRecord, readStrictly } from '../../journal/strict.ts';
import type { RunState } from '../../journal/state.ts';
import { signedFact } from '../../kinds/common-steps/approval.ts';
import { planHash } from '../../plan/compile.ts';
import { FORMATS } from '../../report/formats/formats.ts';
import { signOffEvidence } from '../../report/notes-evidence.ts';
import { sha256 } from '../../base/json.ts';
import { evidenceText } from '../../report/html.ts';
import { approvalGate, gatesOf } from '../approve.ts';
import { evidenceOf } from '../run-to-the-end.ts';
import { understood } from '../runs.ts';
import { toolVersion } from '../version.ts';
import { type Signers, strangerAmong } from './signers.ts';

interface BadThing {
  /** File, relative to the folder that was verified. */
  file: string;
  /** From 1, where a record is to blame. */
  record?: number;
  why: string;
}

export interface RunVerdict {
  run: string;
  ok: boolean;
  records: number;
  head: string;
  outcome: string;
  /** What was checked and is right, one sentence each. */
  right: string[];
  /** The first bad record first. */
  bad: BadThing[];
  /** No fault, and worth knowing. */
  notes: string[];
}

/** Checks a run's folder, from its bytes alone. */
export async function verifyRun(folder: string, signers: Signers | undefined): Promise<RunVerdict> {
  const verdict: RunVerdict = { run: basename(folder), ok: false, records: 0, head: '', outcome: 'unknown', right: [], bad: [], notes: [] };
  const journal = await readStrictly(folder).catch((error: unknown) => {
    if (error instanceof BadRecord) verdict.bad.push({ file: error.where, record: error.record, why: error.message });
    else if (error instanceof DrError) verdict.bad.push({ file: basename(folder), why: `${error.message} ${error.detail ?? ''}`.trim() });
    else throw error;
    return undefined;
  });
  if (journal === undefined) return verdict;
  const { records, notes } = journal;
  verdict.notes.push(...notes);
  const [first] = records;
  if (first === undefined) return { ...verdict, bad: [{ file: basename(folder), why: 'there is no journal in this folder' }] };
  const state = stateOf(records, verdict);
  if (state === undefined) return verdict;
  Object.assign(verdict, { run: state.run, records: state.records, head: state.head, outcome: state.outcome ?? 'unfinished' });
  verdict.right.push(`journal: ${records.length} records in one chain, head ${state.head}`);
  if (state.outcome === undefined) verdict.notes.push('the journal does not say how the run ended: it was interrupted, is not over yet, or records are missing at its end');
  if (basename(folder) !== state.run) verdict.notes.push(`the folder is called ${basename(folder)}; the journal is that of ${state.run}`);
  checkPlan(first, verdict);
  checkSignOffs(state, records, signers, verdict);
  await checkApprovals(folder, state, signers, verdict);
  await checkReports(folder, state, records, verdict);
  return { ...verdict, ok: verdict.bad.length === 0 };
}

function stateOf(records: readonly JournalRecord[], verdict: RunVerdict): RunState | undefined {
  try {
    return understood(records, records[0]?.run ?? '');
  } catch (error) {
    verdict.bad.push({ file: 'journal', why: messageOf(error) });
    return undefined;
  }
}

function checkPlan(first: JournalRecord, verdict: RunVerdict): void {
  if (first.type !== 'run.started') return;
  if (planHash(first.plan) === first.plan.hash) verdict.right.push(`plan: its hash fits, ${first.plan.hash}`);
  else verdict.bad.push({ file: 'journal', record: 1, why: 'the hash of the plan is not that of the plan' });
}

/** Signatures of people under the run and its report. */
function checkSignOffs(state: RunState, records: readonly JournalRecord[], signers: Signers | undefined, verdict: RunVerdict): void {
  const places = records.flatMap((record, i) => (record.type === 'run.signed' ? [i] : []));
  const signOffs = signOffEvidence(state);
  signOffs.forEach((signOff, i) => {
    const record = (places[i] ?? 0) + 1;
    const bad = (why: string): void => void verdict.bad.push({ file: 'journal', record, why });
    if (signOff.verified === 'not valid') return bad(`forged sign-off: ${signOff.because}`);
    const stranger = strangerAmong(signers, signOff.name, signOff.key ?? '');
    if (stranger !== undefined) return bad(`sign-off: ${stranger}`);
    const tool = signedTool(state, i);
    const { name, version } = toolVersion();
    if (tool !== `${name} ${version}`) verdict.notes.push(`the report that ${signOff.name} signed was made by ${tool}: this version cannot make it again; the journal that they signed is checked`);
    else if (reportHash(records, signOff.records) !== signOff.report) return bad(`the report that ${signOff.name} signed is not the report of this journal`);
    verdict.right.push(`sign-off by ${signOff.name} of records 1 to ${signOff.records}: the signature fits`);
    if (signOff.verified === 'key only' && signers === undefined) verdict.notes.push(`whose key ${signOff.key ?? ''} is, the runbook does not say: ${signOff.name} is what its owner wrote. --signers FILE names keys`);
  });
  const covered = Math.max(0, ...signOffs.filter(({ verified }) => verified !== 'not valid').map(({ records: upTo }) => upTo));
  if (signOffs.length > 0 && covered + 1 < records.length) verdict.notes.push(`records ${covered + 2} to ${records.length} were written after the last sign-off, and nobody has signed them`);
}

function signedTool(state: RunState, index: number): string {
  return /^tool: (.*)$/m.exec(state.signatures[index]?.text ?? '')?.[1] ?? 'another version';
}

function reportHash(records: readonly JournalRecord[], count: number): string {
  const part = records.slice(0, count);
  return sha256(evidenceText(evidenceOf(foldAll(part), part)));
}

/** Approvals that the journal counted have to be there, signed by the keys that the runbook names. */
async function checkApprovals(folder: string, state: RunState, signers: Signers | undefined, verdict: RunVerdict): Promise<void> {
  const place = join(folder, 'approvals');
  const names = (await readdir(place).catch(() => [])).filter((name) => !name.startsWith('.')).sort();
  const found = new Map<string, string>();
  for (const name of names) {
    const file = await signedFile(join(place, name));
    const wrong = file === undefined ? 'it is no approval' : fileName(file) === name ? undefined : 'its content was changed after it was written';
    if (file === undefined || wrong !== undefined) verdict.bad.push({ file: `approvals/${name}`, why: wrong ?? '' });
    else found.set(sha256(file.signature), name);
  }
  for (const gate of gatesOf(state.plan)) {
    for (const { approver, signature } of signedFact.read(state, gate.step.id) ?? []) {
      const name = found.get(signature);
      const file = name === undefined ? undefined : await signedFile(join(place, name));
      if (name === undefined || file === undefined) {
        verdict.bad.push({ file: 'approvals', why: `the approval of ${approver} at ${gate.step.id} is missing: its signature cannot be checked` });
        continue;
      }
      const made = decide(file, approvalGate(state, gate), readStatement(file.text)?.signed ?? 0);
      const why = typeof made === 'string' ? made : strangerAmong(signers, approver, made.key);
      if (why !== undefined) verdict.bad.push({ file: `approvals/${name}`, why });
      else verdict.right.push(`approval by ${approver} at ${gate.step.id}: the signature fits`);
    }
  }
}

/** Undefined where it is no approval, or cannot be read. */
function signedFile(path: string): Promise<ReturnType<typeof readFileText>> {
  return readPlain(path, LIMITS.smallFileBytes).then((bytes) => readFileText(bytes.toString('utf8')), () => undefined);
}

/** Every report in the folder has to be, byte by byte, what this journal gives, or what it gave when the report was made. */
async function checkReports(folder: string, state: RunState, records: readonly JournalRecord[], verdict: RunVerdict): Promise<void> {
  let there = 0;
  for (const { file, render } of Object.values(FORMATS)) {
    const bytes = await readPlain(join(folder, file), LIMITS.journalBytes).catch((error: unknown) => (isAbsent(error) ? undefined : messageOf(error)));
    if (bytes === undefined) continue;
    there += 1;
    if (typeof bytes === 'string') {
      verdict.bad.push({ file, why: `it cannot be read, and so not be checked: ${bytes}` });
      continue;
    }
    const counts = [records.length, ...momentsOfReports(records)];
    const count = counts.find((one) => {
      const part = records.slice(0, one);
      return Buffer.from(render(evidenceOf(one === records.length ? state : foldAll(part), part))).equals(bytes);
    });
    if (count === undefined) verdict.bad.push({ file, why: notOurs(bytes.toString('utf8'), state) });
    else if (count === records.length) verdict.right.push(`${file}: it is what the journal gives`);
    else verdict.notes.push(`${file} is the report of the first ${count} of ${records.length} records: dr report ${state.run} makes it again`);
  }
  if (there === 0) verdict.notes.push(`no report lies in the folder: dr report ${state.run} makes it`);
}

function isAbsent(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === 'ENOENT';
}

/** A report is made when a runner stops, and after each note; the newest first. */
function momentsOfReports(records: readonly JournalRecord[]): number[] {
  return records.flatMap((record, i) => (record.type === 'run.finished' || record.type === 'run.interrupted' || isNote(record) ? [i + 1] : [])).reverse();
}

function notOurs(text: string, state: RunState): string {
  return text.includes(state.run) ? whyOther(text, 'this journal') : `it is not the report of run ${state.run}`;
}

/** Why a document is not what is made of `what`, by the version that it names: another one may write it otherwise, and this one cannot tell that from a change. */
export function whyOther(text: string, what: string): string {
  const { name, version } = toolVersion();
  const json = /"madeBy": \{\s*"name": "[^"]*",\s*"version": "([^"]*)"/.exec(text)?.[1];
  const by = json ?? /Made by \S+ (\S+) from/.exec(text)?.[1];
  if (by === undefined) return `it is not what ${name} ${version} makes of ${what}: it was changed afterwards, or another version made it`;
  if (by === version) return `it is not what ${name} ${version} makes of ${what}: it was changed afterwards`;
  return `it says that ${name} ${by} made it, and this is ${version}, which writes it otherwise: not checked. Check it with ${by}`;
}

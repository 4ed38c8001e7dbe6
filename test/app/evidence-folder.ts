import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fingerprint, readPublicKey } from '../../src/approvals/public-key.ts';
import { NAMESPACES, signText } from '../../src/approvals/signature.ts';
import { fileName, fileText, statementText } from '../../src/approvals/statement.ts';
import { keepSignOff, type NoteResult, signOffFor } from '../../src/app/notes.ts';
import { report } from '../../src/app/report.ts';
import { iso } from '../../src/base/clock.ts';
import { sha256 } from '../../src/base/json.ts';
import type { JournalRecord, RunEvent } from '../../src/journal/events.ts';
import { seal } from '../../src/journal/chain.ts';
import { runFolder } from '../../src/journal/local-store.ts';
import { planHash } from '../../src/plan/compile.ts';
import { type Person, person } from '../approvals/signers.ts';
import { goodRun, planStep, RUN, type Script, shopPlan, SHOP_STEPS, T0 } from '../report/fixtures.ts';

export const GATE = 'assess.approval';

/** The approver whom the runbook names, and somebody whom it does not. */
export const alice = person('alice@example.com');
export const mallory = person('mallory@example.com');

/** A clock that stands still. */
export const clockAt = (now: number) => ({ now: () => now, sleep: () => Promise.resolve() });

export interface Told {
  events: { at: number; event: RunEvent }[];
  approval: { text: string; signature: string };
}

/** The good run of the fixtures, with a gate that alice has opened. `unsigned`: later gates that are said to be open by what nobody has signed. */
export function approvedRun(over: Parameters<Script['started']>[1] = {}, unsigned: readonly string[] = []): Told {
  const approval = { from: [{ name: alice.name, keys: [alice.line] }], quorum: 1, waitMs: 0 };
  const gate = planStep(GATE, { origin: 'common', gate: true, phase: 'assess', title: 'Wait for an approval', approval });
  const open = shopPlan([gate, ...unsigned.map((id) => ({ ...gate, id })), ...SHOP_STEPS]);
  const plan = { ...open, hash: planHash(open) };
  const { verb, source: from, target: to, account } = plan;
  const text = statementText({ run: RUN, plan: plan.hash, application: 'shop', account, verb, from, to, gate: GATE, decision: 'approve', approver: alice.name, signed: T0 + 2310, expires: T0 + 3_600_000 });
  const signature = signText(text, alice.privateKey, alice.publicKey);
  const fact = { approver: alice.name, signed: iso(T0 + 2310), expires: iso(T0 + 3_600_000), key: `ssh-ed25519 ${fingerprint(readPublicKey(alice.line))}`, signature: sha256(signature) };
  const events = goodRun({ plan, ...over }).records.flatMap(({ seq: _s, run: _r, term: _t, prev: _p, hash: _h, at, ...event }): Told['events'] => {
    if (event.type !== 'checks.green') return [{ at, event }];
    const opened: RunEvent = { type: 'step.done', step: GATE, already: false, because: 'approved by alice@example.com', facts: { [`approval.${GATE}`]: [fact] } };
    const forged = unsigned.map((step): RunEvent => ({ type: 'step.done', step, already: false, because: 'approved by alice@example.com', facts: { [`approval.${step}`]: [{ ...fact, signature: sha256('nobody') }] } }));
    return [{ at, event }, { at: at + 10, event: { type: 'step.started', step: GATE } }, { at: at + 20, event: opened }, ...forged.map((one) => ({ at: at + 20, event: one }))];
  });
  return { events, approval: { text, signature } };
}

/** Chains events into records. */
export function chained(events: Told['events'], run = RUN): JournalRecord[] {
  const records: JournalRecord[] = [];
  for (const { at, event } of events) records.push(seal(event, { seq: records.length, run, term: 1, at, prev: records.at(-1)?.hash ?? '0'.repeat(64) }));
  return records;
}

export const linesOf = (records: readonly JournalRecord[]): string => records.map((record) => `${JSON.stringify(record)}\n`).join('');

/** A state folder that holds the approved run, with its reports. */
export async function stateWithRun(told = approvedRun()): Promise<{ state: string; folder: string; records: JournalRecord[] }> {
  const state = mkdtempSync(join(tmpdir(), 'dr-evidence-'));
  const folder = runFolder(state, RUN);
  const records = chained(told.events);
  mkdirSync(join(folder, 'approvals'), { recursive: true });
  writeFileSync(join(folder, 'journal.jsonl'), linesOf(records));
  writeFileSync(join(folder, 'approvals', fileName(told.approval)), fileText(told.approval));
  await report({ place: { folder: state }, run: RUN });
  return { state, folder, records };
}

/** Somebody signs the run off. */
export async function signedBy(who: Person, state: string, said: { name?: string; at?: number } = {}): Promise<NoteResult> {
  const parts = { state: { folder: state }, run: RUN, clock: clockAt(said.at ?? T0 + 86_400_000) };
  const { text } = await signOffFor(parts, { name: said.name ?? who.name, comment: 'seen and discussed' });
  return keepSignOff(parts, { text, signature: signText(text, who.privateKey, who.publicKey, NAMESPACES.signOff) });
}

const isTime = (value: number): boolean => Math.abs(value - T0) < 40 * 86_400_000;

/** The same events at another time. */
function shifted<T>(value: T, ms: number): T {
  if (typeof value === 'number') return (isTime(value) ? value + ms : value) as T;
  if (Array.isArray(value)) return value.map((one: unknown) => shifted(one, ms)) as T;
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, shifted(one as unknown, ms)])) as T;
}

export const DAY = 86_400_000;

/** Puts the run of a script into a state, some days after the first day of the fixtures, and gives its id. */
export function putRun(state: string, script: Script, days: number): string {
  const ms = days * DAY;
  const [first] = script.records;
  if (first?.type !== 'run.started') throw new Error('a run begins with its start');
  const { runbook, verb } = first.plan;
  const stamp = new Date(first.at + ms).toISOString().replace(/[-:]/g, '').replace(/\.\d+/, '');
  const run = `${stamp}-${runbook.name}-${verb}-1a2b3c`;
  const events = script.records.map(({ seq: _s, run: _r, term: _t, prev: _p, hash: _h, at, ...event }) => ({ at: at + ms, event: shifted(event, ms) }));
  const records = chained(events.map(({ at, event }) => ({ at, event: event.type === 'run.started' ? { ...event, plan: { ...event.plan, hash: planHash(event.plan) } } : event })), run);
  mkdirSync(runFolder(state, run), { recursive: true });
  writeFileSync(join(runFolder(state, run), 'journal.jsonl'), linesOf(records));
  return run;
}

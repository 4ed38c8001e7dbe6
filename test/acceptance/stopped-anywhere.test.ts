import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { EXIT } from '../../src/base/exit-codes.ts';
import type { JournalRecord } from '../../src/journal/events.ts';
import type { Evidence } from '../../src/report/evidence-schema.ts';
import { BIN, run } from '../commands/run-dr.ts';
import { APPROVED, holdPromotion, runsIn, type Stage, stage, TOKYO } from './stage.ts';
import { asShown, hasTerminal, inTerminal } from './terminal.ts';

/*
 * A failover that is stopped at some moment of its promotion, by Ctrl-C at a terminal or by kill -9: the screen, `dr status`, its JSON, the
 * report and its JSON say what the journal says. What happened is taken from the records themselves, from a proxy before the AWS endpoint and
 * from the real databases.
 */

const CRASH = ['--import', fileURLToPath(new URL('./crash-at.mjs', import.meta.url))];
const TIMEOUT_MS = 120_000;
const PROMOTE = 'databases.orders.promote';

type Signal = 'SIGINT' | 'SIGKILL';
type Known = 'not-requested' | 'requested' | 'promoted';

const MOMENTS: readonly [Signal, string, Known][] = [
  ['SIGKILL', 'at:checks.green', 'not-requested'],
  ['SIGKILL', `at:step.started:${PROMOTE}`, 'not-requested'],
  ['SIGKILL', `at:step.intent:${PROMOTE}`, 'requested'],
  ['SIGKILL', `during:step.acted:${PROMOTE}`, 'requested'],
  ['SIGKILL', `at:step.acted:${PROMOTE}`, 'requested'],
  ['SIGKILL', `at:step.done:${PROMOTE}`, 'promoted'],
  ['SIGINT', `at:step.started:${PROMOTE}`, 'not-requested'],
  ['SIGINT', `at:step.intent:${PROMOTE}`, 'requested'],
  ['SIGINT', `at:step.acted:${PROMOTE}`, 'requested'],
  ['SIGINT', `at:step.done:${PROMOTE}`, 'promoted'],
];

/** What the records alone say of the promotion. */
function known(records: readonly JournalRecord[]): Known {
  const has = (type: JournalRecord['type']) => records.some((record) => record.type === type && 'step' in record && record.step === PROMOTE);
  return has('step.done') ? 'promoted' : has('step.intent') ? 'requested' : 'not-requested';
}

/** Runs the failover until it stops, at a terminal of 120 columns where Ctrl-C is pressed. What was on its screen. */
async function stoppedScreen(on: Stage, signal: Signal, place: string, impact: string): Promise<string> {
  const args = ['failover', '--region', TOKYO, '--confirm', 'shop', ...APPROVED, '--impact-at', impact];
  const env = { ...on.env, DR_TEST_CRASH: place, DR_TEST_SIGNAL: signal };
  const command = [process.execPath, ...CRASH, BIN, ...args];
  const [program = '', ...rest] = signal === 'SIGINT' && hasTerminal ? inTerminal(command) : command;
  const { code, stdout, stderr } = await run(program, rest, { cwd: on.folder, env: { TERM: 'xterm-256color', ...env } });
  expect(code).toBe(signal === 'SIGINT' ? EXIT.interrupted : null);
  return asShown(`${stdout}\n${stderr}`);
}

interface StatusJson {
  result: { run: string; standing: string; running: boolean; pastPointOfNoReturn: boolean; requests: { step: string; at: string }[]; steps: { id: string; change: string; requestedAt?: string }[]; resume?: string };
}

async function stoppedAt(signal: Signal, place: string, wanted: Known): Promise<void> {
  const on = await stage();
  try {
    const impact = await on.breakSeoul();
    // Where the answer is known the replica must not become a writer before the run is stopped.
    const goOn = wanted === 'requested' ? holdPromotion(on.proxy) : () => undefined;
    const screen = await stoppedScreen(on, signal, place, impact);
    const records = await on.journal();
    const accepted = on.proxy.accepted('PromoteReadReplica').length > 0;
    goOn();
    expect(known(records)).toBe(wanted);
    // A promotion that AWS has accepted is never called not requested.
    if (accepted) expect(wanted).not.toBe('not-requested');

    const [id = ''] = await runsIn(on.state);
    const status = await on.dr(['status']);
    const json = (JSON.parse((await on.dr(['status', '--json'])).stdout) as StatusJson).result;
    const files = (await on.dr(['report'])).stdout.trim().split('\n');
    const html = (await readFile(files[0] ?? '', 'utf8')).replaceAll(/<[^>]*>/g, '');
    const report = JSON.parse(await readFile(files[1] ?? '', 'utf8')) as Evidence;
    const intent = records.find((record) => record.type === 'step.intent' && record.step === PROMOTE);
    const intentAt = intent === undefined ? undefined : new Date(intent.at).toISOString();

    // Data.
    expect(json).toMatchObject({ run: id, running: false, standing: signal === 'SIGINT' ? 'interrupted' : 'unfinished', pastPointOfNoReturn: wanted !== 'not-requested' });
    expect(json.steps.find((step) => step.id === PROMOTE)).toMatchObject({ change: wanted === 'promoted' ? 'made' : wanted, ...(intentAt === undefined ? {} : { requestedAt: intentAt }) });
    const requested = { step: PROMOTE, ...(intentAt === undefined ? {} : { at: intentAt }) };
    for (const requests of [json.requests, report.requests]) {
      expect(requests.filter(({ step }) => step === PROMOTE)).toEqual(wanted === 'requested' ? [expect.objectContaining(requested)] : []);
    }
    expect(report.databases[0]).toMatchObject({ promotion: wanted, promoted: { 'not-requested': false, requested: null, promoted: true }[wanted] });
    expect(report.verdict.sentence.includes('the point of no return is passed')).toBe(wanted !== 'not-requested');

    // Words. After kill -9 the screen ends where it was: it may say nothing that the journal does not.
    const texts: Record<string, string> = { screen, status: status.stdout, html };
    for (const [where, raw] of Object.entries(texts)) {
      const words = raw.replaceAll(/\s+/g, ' ');
      const told = [where, words.includes(`requested at ${intentAt?.slice(11, 19) ?? ''} UTC, result not yet known`) && words.includes('Do not reopen the old writer.')];
      if (where !== 'screen' || signal === 'SIGINT') expect(told).toEqual([where, wanted === 'requested']);
      else expect(told).toEqual([where, false]);
      const denied = words.includes('not promoted') || words.includes('a promotion would lose');
      if (wanted !== 'not-requested') expect([where, denied]).toEqual([where, false]);
      if (where !== 'screen' || signal === 'SIGINT') expect([where, words.includes(`dr resume ${id}`)]).toEqual([where, true]);
    }

    // The truth, from the databases.
    const tokyo = (await on.lab.status()).databases.find(({ region }) => region === TOKYO);
    if (wanted === 'not-requested') expect(tokyo?.state).toBe('replica');
    if (wanted === 'promoted') expect(tokyo?.state).toBe('writer');
  } finally {
    await on.close();
  }
}

describe.concurrent('a failover', () => {
  it.for(MOMENTS)('%s %s: all that show the run say that the promotion is %s', { timeout: TIMEOUT_MS }, async ([signal, place, wanted]) => {
    await stoppedAt(signal, place, wanted);
  });
});

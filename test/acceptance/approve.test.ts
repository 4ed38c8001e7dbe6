import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { generateKeyPairSync } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { fingerprint, readPublicKey } from '../../src/approvals/public-key.ts';
import { envelopeOf, type Stage, stage, TOKYO } from './stage.ts';

/*
 * Two people and one run, through the command line, against the lab: one begins it, the other approves it from elsewhere.
 */

const TIMEOUT_MS = 120_000;
const installed = spawnSync('ssh-keygen', ['-?']).error === undefined;

let on: Stage;
let sshLine = '';
let keys = '';

beforeAll(async () => {
  const pem = generateKeyPairSync('ed25519');
  on = await stage({
    edit: (text) => {
      const from = [`      - { name: ann@example.com, keys: [${JSON.stringify(pem.publicKey.export({ type: 'spki', format: 'pem' }).toString())}] }`];
      if (installed) {
        const folder = mkdtempSync(join(tmpdir(), 'dr-ben-'));
        execFileSync('ssh-keygen', ['-q', '-t', 'ecdsa', '-N', '', '-C', 'ben', '-f', join(folder, 'id')]);
        sshLine = readFileSync(join(folder, 'id.pub'), 'utf8').trim();
        keys = folder;
        from.push(`      - { name: ben@example.com, keys: ["${sshLine}"] }`);
      }
      return text.replace(/^approvals:\n( .*\n)+/m, `approvals:\n  - before: point-of-no-return\n    from:\n${from.join('\n')}\n    quorum: ${from.length}\n    wait: 1m\n`);
    },
  });
  writeFileSync(join(on.folder, 'ann.pem'), pem.privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 });
}, TIMEOUT_MS);
afterAll(async () => {
  if (keys !== '') rmSync(keys, { recursive: true });
  await on.close();
});

async function waitingRun(): Promise<string> {
  for (;;) {
    const records = await on.journal().catch(() => []);
    const started = records.find((r) => r.type === 'step.started' && r.step === 'assess.approval');
    if (started !== undefined) return started.run;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

it('a run waits for signatures, and continues when they are there', { timeout: TIMEOUT_MS }, async () => {
  const impact = await on.breakSeoul();
  const running = on.dr(['failover', '--region', TOKYO, '--confirm', 'shop', '--impact-at', impact, '--json']);
  const run = await waitingRun();

  const asked = await on.dr(['approve', run, '--key', 'ann.pem']);
  expect([asked.code, asked.stderr]).toEqual([5, expect.stringContaining('An approval needs a confirmation, and there is no terminal to ask. Nothing was done.')]);
  expect(asked.stderr).toContain('irreversible');
  expect(asked.stderr).toContain(`  run: ${run}\n`);

  const approved = await on.dr(['approve', run, '--key', 'ann.pem', '--confirm', 'shop']);
  expect([approved.code, approved.stdout]).toEqual([0, expect.stringMatching(/^Approved by ann@example\.com with ssh-ed25519 SHA256:/)]);
  const twice = await on.dr(['approve', run, '--key', 'ann.pem', '--confirm', 'shop', '--json']);
  expect(envelopeOf(twice)).toMatchObject({ exit: 'refused', error: { code: 'APPROVED_ALREADY' } });

  if (installed) {
    // Ben signs elsewhere, with nothing but OpenSSH.
    const printed = await on.dr(['approve', run, '--as', 'ben@example.com', '--print']);
    const text = join(on.folder, 'approval.txt');
    writeFileSync(text, printed.stdout);
    execFileSync('ssh-keygen', ['-Y', 'sign', '-n', 'dr-approval', '-f', join(keys, 'id'), text], { stdio: 'ignore' });
    const kept = await on.dr(['approve', run, '--signature', `${text}.sig`, '--json']);
    expect(envelopeOf(kept)).toMatchObject({ exit: 'ok', result: { approver: 'ben@example.com', approvals: 2, quorum: 2 } });
  }

  const ended = await running;
  expect(envelopeOf(ended)).toMatchObject({ exit: 'ok', result: { standing: 'succeeded' } });
  const report = JSON.parse(readFileSync(join(on.state, 'runs', run, 'report.json'), 'utf8')) as { people: { approvals: { name: string; how: string; key: string }[] } };
  expect(report.people.approvals.map(({ name, how }) => [name, how])).toEqual([['ann@example.com', 'verified'], ...(installed ? [['ben@example.com', 'verified']] : [])]);
  if (installed) expect(report.people.approvals.find(({ name }) => name === 'ben@example.com')?.key).toBe(`ecdsa-sha2-nistp256 ${fingerprint(readPublicKey(sshLine))}`);
  expect(readFileSync(join(on.state, 'runs', run, 'report.html'), 'utf8')).toContain('verified');

  const late = await on.dr(['approve', run, '--key', 'ann.pem', '--confirm', 'shop']);
  expect([late.code, late.stderr]).toEqual([4, expect.stringContaining(`Run ${run} has succeeded: there is nothing to approve.`)]);
});

it('and it does not move back within the hour', { timeout: TIMEOUT_MS }, async () => {
  await on.lab.heal('ap-northeast-2');
  const back = await on.dr(['failover', '--region', 'ap-northeast-2', '--from', TOKYO, '--confirm', 'shop', '--json']);
  expect(envelopeOf(back)).toMatchObject({ exit: 'refused' });
  const [, second = ''] = readdirSync(join(on.state, 'runs')).sort();
  expect(readFileSync(join(on.state, 'runs', second, 'journal.jsonl'), 'utf8')).toContain('"rule":"flap-guard"');
  expect(back.stdout).toContain('--acknowledge-flap NAME --reason');
  const unreasoned = await on.dr(['failover', '--region', 'ap-northeast-2', '--acknowledge-flap', 'kim']);
  expect([unreasoned.code, unreasoned.stderr]).toEqual([2, expect.stringContaining('--acknowledge-flap needs --reason "why": it is kept with the run.')]);
});

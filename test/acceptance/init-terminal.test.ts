import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseRunbook } from '../../src/runbook/load.ts';
import { type Stage, stage } from './stage.ts';
import { answering, hasTerminal } from './terminal.ts';

/* The questions of `dr init`, at a terminal of their own, of a running lab. */

const TIMEOUT_MS = 60_000;
const QUESTIONS = { regions: 'Which regions?', owner: '3 a.m.?', approver: 'point of no return?', rpo: '(RPO)?', rto: '(RTO)?' } as const;

let on: Stage;

describe.skipIf(!hasTerminal)('dr init at a terminal', () => {
  beforeAll(async () => {
    on = await stage();
    await rm(on.runbook);
  }, TIMEOUT_MS);
  afterAll(() => on.close(), TIMEOUT_MS);

  it('asks what AWS does not know, asks again after a slip, and writes what was answered', { timeout: TIMEOUT_MS }, async () => {
    const { code, shown } = await answering(on, ['init'], [
      [QUESTIONS.regions, 'ap-northeast-2,tokyo'],
      [QUESTIONS.regions, 'ap-northeast-2,ap-northeast-1'],
      [QUESTIONS.owner, 'ops@example.com'],
      [QUESTIONS.approver, 'lead@example.com'],
      [QUESTIONS.rpo, '5'],
      [QUESTIONS.rpo, '5m'],
      [QUESTIONS.rto, ''],
    ]);
    expect([code, shown]).toEqual([0, expect.stringContaining('"tokyo" is no region: did you mean ap-northeast-1?')]);
    expect(shown).toContain('"5" is no duration');
    const path = join(on.folder, 'runbooks', 'shop.yaml');
    const { runbook } = await parseRunbook(await readFile(path), path);
    expect(runbook).toMatchObject({ owner: 'ops@example.com', objectives: { rpoMs: 300_000, rtoMs: 900_000 } });
    expect(runbook.approvals[0]?.from.map(({ name }) => name)).toEqual(['lead@example.com']);
  });

  it('asks nothing where there is no terminal', { timeout: TIMEOUT_MS }, async () => {
    const { code, stdout } = await on.dr(['init', '--regions', 'ap-northeast-2,ap-northeast-1', '--dry-run']);
    expect([code, stdout]).toEqual([0, expect.stringContaining('runbook: shop')]);
  });
});

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { EXIT } from '../../src/base/exit-codes.ts';
import { application, TOKYO } from '../app/fleet-world.ts';
import { dr } from './run-dr.ts';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'dr-fleet-cli-'));
  for (const [i, name] of ['identity', 'shop'].entries()) writeFileSync(join(folder, `${name}.yaml`), application(name, i + 1));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const failover = (...flags: string[]) => dr(['failover', '--region', TOKYO, '--runbooks', folder, ...flags]);

describe('dr failover without --runbook', () => {
  it.each([
    [['--only', 'shpo'], 'RUNBOOK_NOT_FOUND', 'did you mean shop?'],
    [['--only', ''], 'FLEET_EMPTY', '--only names nothing.'],
    [['--except', ','], 'FLEET_EMPTY', '--except names nothing.'],
    [['--except', 'shop,identity'], 'FLEET_EMPTY', 'that --except leaves has the region'],
    [['--only', 'shop', '--except', 'identity'], 'BAD_COMMAND_LINE', '--only'],
    [['--only', 'shop', '--runbook', 'shop'], 'BAD_COMMAND_LINE', '--only'],
  ])('refuses %j', async (flags, code, words) => {
    const { code: exit, stderr, stdout } = await failover(...flags);
    expect([exit, stdout]).toEqual([EXIT.usage, '']);
    expect(stderr).toContain(code);
    expect(stderr).toContain(words);
  });

  it('has nothing to resume where nothing was begun', async () => {
    const { code, stdout } = await dr(['resume', '--all', '--json', '--state', join(folder, 'none')]);
    expect(code).toBe(EXIT.usage);
    expect(JSON.parse(stdout)).toMatchObject({ ok: false, error: { code: 'NOTHING_TO_RESUME' } });
  });
});

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { applyDefaults } from '../../src/cli/defaults.ts';
import Failover from '../../src/commands/failover.ts';
import Rehearse from '../../src/commands/rehearse.ts';
import Reprotect from '../../src/commands/reprotect.ts';
import { dr, ROOT } from '../commands/run-dr.ts';

async function folderWith(text: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'dr-config-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  await writeFile(join(folder, 'dr.yaml'), text);
  return folder;
}

const CONFIG = 'runbooks: ours\nstate: s3://bucket/dr?region=ap-northeast-1\nregion: ap-northeast-1\n';

async function filled(command: typeof Failover | typeof Rehearse | typeof Reprotect, id: string, given: Record<string, unknown> = {}, env: NodeJS.ProcessEnv = {}): Promise<Record<string, unknown>> {
  const path = join(await folderWith(CONFIG), 'dr.yaml');
  const parsed = { flags: { runbooks: './runbooks', ...given }, metadata: { flags: given['runbooks'] === undefined ? { runbooks: { setFromDefault: true } } : {} } };
  command.id = id;
  await applyDefaults(parsed, { path, required: false, env, command: command });
  return parsed.flags;
}

describe('dr.yaml', () => {
  it('fills in what nobody gave', async () => {
    expect(await filled(Failover, 'failover')).toEqual({ runbooks: 'ours', state: 's3://bucket/dr?region=ap-northeast-1', region: 'ap-northeast-1' });
    expect(await filled(Rehearse, 'rehearse')).toMatchObject({ runbooks: 'ours', region: 'ap-northeast-1' });
  });

  it('is overridden by the environment, and that by flags', async () => {
    const env = { DR_RUNBOOKS: 'theirs', DR_REGION: 'eu-west-1', DR_STATE: '/state' };
    expect(await filled(Failover, 'failover', {}, env)).toEqual({ runbooks: 'theirs', region: 'eu-west-1' });
    expect(await filled(Failover, 'failover', { runbooks: 'mine', region: 'us-east-1', state: 'here' }, env)).toEqual({ runbooks: 'mine', region: 'us-east-1', state: 'here' });
  });

  it('gives no region where a plan is run, or where --region is not the region that becomes active', async () => {
    expect(await filled(Failover, 'failover', { plan: 'plan.json' })).not.toHaveProperty('region');
    expect(await filled(Reprotect, 'reprotect')).not.toHaveProperty('region');
  });

  it('is found in the folder where dr is started, and a mistake in it is said with its line', async () => {
    const folder = await folderWith(`runbooks: ${ROOT}/runbooks\nregion: ap-northeast-1\n`);
    const ran = await dr(['rehearse', '--runbook', 'shop', '--runs', '1', '--json'], { cwd: folder });
    expect((JSON.parse(ran.stdout) as { result: { target: string } }).result.target).toBe('ap-northeast-1');
    const wrong = await dr(['rehearse'], { cwd: await folderWith('runbooks: x\nregoin: ap-northeast-1\n') });
    expect(wrong.code).toBe(2);
    expect(wrong.stderr).toMatch(/dr\.yaml:2:9 "regoin" is not a key; did you mean region\?/);
    const place = await dr(['rehearse'], { cwd: await folderWith('region: Tokyo\n') });
    expect(place.stderr).toContain('dr.yaml:1:9 region: expected a region such as ap-northeast-1');
  });
});

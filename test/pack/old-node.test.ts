import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { whichNode } from '../../scripts/which-node.mjs';

const AGENT = (version: string) => `npm/10.8.2 node/v${version} linux x64 workspaces/false`;

it('npm on an older Node gives one line that says there is nothing to do, and none of its own warnings', () => {
  const prepare = (version: string) => whichNode({ npm_config_user_agent: AGENT(version), npm_lifecycle_event: 'prepare' }, '24.21.0');
  expect(prepare('20.20.2')).toBe('This machine has Node 20.20.2. dr runs with Node 24.21.0, which npm has installed in this folder: nothing to do.');
  expect(prepare('24.1.0')).toBeUndefined();
  expect(whichNode({ npm_config_user_agent: AGENT('20.20.2'), npm_lifecycle_event: 'build' }, '24.21.0')).toBeUndefined();
  expect(whichNode({}, '24.21.0')).toBeUndefined();
  expect(readFileSync(join(import.meta.dirname, '..', '..', '.npmrc'), 'utf8')).toMatch(/^loglevel=error$/m);
});

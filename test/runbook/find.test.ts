import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { findRunbook, findRunbooks } from '../../src/runbook/find.ts';

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'dr-find-'));
});
afterEach(async () => {
  await rm(dir, { recursive: true, force: true });
});

async function files(content: Record<string, string>): Promise<void> {
  for (const [name, text] of Object.entries(content)) await writeFile(join(dir, name), text);
}

test('the YAML files directly in the folder, sorted', async () => {
  await files({ 'z.yml': '', 'a.yaml': '', 'README.md': '', '.hidden.yaml': '', 'b.yaml.bak': '' });
  await mkdir(join(dir, 'c.yaml'));
  await mkdir(join(dir, 'sub'));
  await writeFile(join(dir, 'sub', 'd.yaml'), '');
  expect(await findRunbooks(dir)).toEqual([join(dir, 'a.yaml'), join(dir, 'z.yml')]);
});

test('a folder that is not there is an error, not an empty list', async () => {
  await expect(findRunbooks(join(dir, 'none'))).rejects.toMatchObject({ code: 'RUNBOOK_NOT_FOUND', exit: 'runbook' });
});

test('a path is taken as it is', async () => {
  expect(await findRunbook(dir, 'elsewhere/shop.yaml')).toBe('elsewhere/shop.yaml');
  expect(await findRunbook(dir, 'shop.yml')).toBe('shop.yml');
});

test('a name is what a file says it is, before what the file is called', async () => {
  await files({ 'shop.yaml': 'runbook: storefront\n', 'other.yaml': '# runbook: x\nrunbook: "shop" # the shop\r\n', 'plain.yml': '' });
  expect(await findRunbook(dir, 'shop')).toBe(join(dir, 'other.yaml'));
  expect(await findRunbook(dir, 'storefront')).toBe(join(dir, 'shop.yaml'));
  expect(await findRunbook(dir, 'plain')).toBe(join(dir, 'plain.yml'));
});

test('two files of one name are refused', async () => {
  await files({ 'a.yaml': 'runbook: shop\n', 'b.yaml': 'runbook: shop\n' });
  await expect(findRunbook(dir, 'shop')).rejects.toMatchObject({
    code: 'RUNBOOK_AMBIGUOUS',
    exit: 'runbook',
    detail: `${join(dir, 'a.yaml')}\n${join(dir, 'b.yaml')}`,
  });
});

test('an unknown name shows what there is and the nearest', async () => {
  await files({ 'shop.yaml': 'runbook: shop\n', 'billing.yaml': 'runbook: billing\n' });
  await expect(findRunbook(dir, 'bilings')).rejects.toMatchObject({
    code: 'RUNBOOK_NOT_FOUND',
    detail: `${dir} holds: billing.yaml, shop.yaml`,
    next: [`did you mean ${join(dir, 'billing.yaml')}?`],
  });
});

test('an empty folder says so', async () => {
  await expect(findRunbook(dir, 'shop')).rejects.toMatchObject({ detail: `${dir} holds no runbook (*.yaml, *.yml)`, next: [] });
});

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { validate } from '../../src/app/validate.ts';
import { VALID } from './fixture.ts';

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'dr-folder-'));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

/** A runbook with a database of its own, changed. */
function named(name: string, more = '', change: (text: string) => string = (text) => text): string {
  const own = VALID.replace('runbook: shop', `runbook: ${name}`).replaceAll('shop-orders', `${name}-orders`);
  return change(own) + more;
}

async function printed(files: Record<string, string>, only?: string): Promise<string[]> {
  for (const [name, text] of Object.entries(files)) await writeFile(join(dir, `${name}.yaml`), text);
  const results = await validate([only === undefined ? dir : join(dir, only)]);
  return results.flatMap(({ path, problems }) =>
    problems.filter((p) => p.severity === 'error').map((p) => `${path}:${p.line}:${p.col} ${p.message}`.replaceAll(`${dir}/`, '')),
  );
}

describe('dependsOn', () => {
  it('is fine in any order of files', async () => {
    expect(await printed({ a: named('a', 'dependsOn: [c, b]\n'), b: named('b', 'dependsOn: [c]\n'), c: named('c') })).toEqual([]);
  });

  it('names a runbook of the folder', async () => {
    expect(await printed({ shop: named('shop', 'dependsOn: [idenity]\n'), identity: named('identity') })).toEqual([
      'shop.yaml:36:13 dependsOn[0]: unknown runbook "idenity"; did you mean "identity"?',
    ]);
  });

  it('may name a neighbour that is not checked itself, and one that cannot be read', async () => {
    const files = { shop: named('shop', 'dependsOn:\n  - identity\n  - broken\n  - gone\n'), identity: named('identity'), broken: 'runbook: broken\nowner:\n' };
    expect(await printed(files, 'shop.yaml')).toEqual(['shop.yaml:39:5 dependsOn[2]: unknown runbook "gone"; known: identity, broken']);
  });

  it('has no circle', async () => {
    const files = { a: named('a', 'dependsOn: [b]\n'), b: named('b', 'dependsOn: [d, c]\n'), c: named('c', 'dependsOn: [a]\n'), d: named('d') };
    expect(await printed(files)).toEqual([
      'a.yaml:36:13 dependsOn[0]: a circle: a → b → c → a: none of them could be first',
      'b.yaml:36:16 dependsOn[1]: a circle: b → c → a → b: none of them could be first',
      'c.yaml:36:13 dependsOn[0]: a circle: c → a → b → c: none of them could be first',
    ]);
    expect(await printed({ a: named('a', 'dependsOn: [a]\n'), b: named('b'), c: named('c') })).toEqual([
      'a.yaml:36:13 dependsOn[0]: a circle: a → a: none of them could be first',
    ]);
  });
});

describe('a shared database', () => {
  const shared = (name: string, change: (text: string) => string = (text) => text) => named(name, '', (text) => change(text.replaceAll(`${name}-orders`, 'core')));

  it('is fine where its owners agree', async () => {
    expect(await printed({ a: shared('a'), b: shared('b'), c: named('c') })).toEqual([]);
  });

  it('is refused where they name other instances', async () => {
    const files = { a: shared('a'), b: shared('b', (text) => text.replace('ap-northeast-1: core-tokyo', 'ap-northeast-1: core-2')) };
    expect(await printed(files)).toEqual([
      'a.yaml:11:56 databases.orders.instances.ap-northeast-1: b (b.yaml:11) shares this database and names core-2 in ap-northeast-1: its owners must say the same',
      'b.yaml:11:56 databases.orders.instances.ap-northeast-1: a (a.yaml:11) shares this database and names core-tokyo in ap-northeast-1: its owners must say the same',
    ]);
  });

  it('is refused where they have other regions', async () => {
    const osaka = (text: string) => text.replace('  ap-northeast-1: { name: Tokyo }', '  ap-northeast-3: { name: Osaka }').replaceAll('ap-northeast-1', 'ap-northeast-3');
    expect(await printed({ a: shared('a'), b: shared('b', osaka) })).toEqual([
      'a.yaml:11:56 databases.orders.instances.ap-northeast-1: b (b.yaml:11) shares this database and has none in ap-northeast-1: its owners must say the same',
      'b.yaml:11:56 databases.orders.instances.ap-northeast-3: a (a.yaml:11) shares this database and has none in ap-northeast-3: its owners must say the same',
    ]);
  });

  it('is refused where they promise another RPO', async () => {
    expect(await printed({ a: shared('a'), b: shared('b', (text) => text.replace('rpo: 5m', 'rpo: 10m')) })).toEqual([
      'a.yaml:4:20 objectives.rpo: b (b.yaml:4) shares this database and has an RPO of 10m: its owners must say the same',
      'b.yaml:4:20 objectives.rpo: a (a.yaml:4) shares this database and has an RPO of 5m: its owners must say the same',
    ]);
  });
});

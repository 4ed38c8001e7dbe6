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

/** A runbook with a database, a group and a record of its own, changed. */
function named(name: string, more = '', change: (text: string) => string = (text) => text): string {
  const own = VALID.replace('runbook: shop', `runbook: ${name}`).replaceAll('shop-orders', `${name}-orders`).replaceAll('shop-api', `${name}-api`).replaceAll('shop.example.com', `${name}.example.com`);
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

describe('what two runbooks move', () => {
  it('a record belongs to one of them; a group may serve both if both want the same size', async () => {
    const copy = (change: (text: string) => string = (text) => text) => change(VALID.replace('runbook: shop', 'runbook: copy'));
    const record = (file: string, other: string) => `${file}.yaml:24:13 traffic.storefront.record: the record shop.example.com A is also moved by ${other} (${other}.yaml:24): a record belongs to one runbook`;
    expect(await printed({ shop: VALID, copy: copy() })).toEqual([record('copy', 'shop'), record('shop', 'copy')]);
    // Also if one file is checked alone.
    expect(await printed({}, 'copy.yaml')).toEqual([record('copy', 'shop')]);
    const apart = (text: string) => text.replaceAll('shop.example.com', 'copy.example.com');
    expect(await printed({ copy: copy(apart) })).toEqual([]);
    const [first] = await printed({ copy: copy((text) => apart(text).replace('desired: 6', 'desired: 7')) });
    expect(first).toContain('compute.api.groups.ap-northeast-2: the Auto Scaling group shop-api in ap-northeast-2 is also scaled by shop (shop.yaml:17), to another size');
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
      'a.yaml:11:56 databases.orders.instances.ap-northeast-1: b (b.yaml:11) shares this database and names core-2 in ap-northeast-1: both runbooks must use the same value',
      'b.yaml:11:56 databases.orders.instances.ap-northeast-1: a (a.yaml:11) shares this database and names core-tokyo in ap-northeast-1: both runbooks must use the same value',
    ]);
  });

  it('is refused where they have other regions', async () => {
    const osaka = (text: string) => text.replace('  ap-northeast-1: { name: Tokyo }', '  ap-northeast-3: { name: Osaka }').replaceAll('ap-northeast-1', 'ap-northeast-3');
    expect(await printed({ a: shared('a'), b: shared('b', osaka) })).toEqual([
      'a.yaml:11:56 databases.orders.instances.ap-northeast-1: b (b.yaml:11) shares this database and has none in ap-northeast-1: both runbooks must use the same value',
      'b.yaml:11:56 databases.orders.instances.ap-northeast-3: a (a.yaml:11) shares this database and has none in ap-northeast-3: both runbooks must use the same value',
    ]);
  });

  it('is refused where they say something else of a region besides its id', async () => {
    const files = { a: shared('a'), b: shared('b', (text) => text.replace('ap-northeast-1: sg-0bbbbbbbbbbbbbbbb', 'ap-northeast-1: sg-0ddddddddddddddd')) };
    expect(await printed(files)).toEqual([
      'a.yaml:13:75 databases.orders.fence.quarantine.ap-northeast-1: b (b.yaml:13) shares this database and names sg-0ddddddddddddddd as `fence.quarantine` in ap-northeast-1: both runbooks must use the same value',
      'b.yaml:13:75 databases.orders.fence.quarantine.ap-northeast-1: a (a.yaml:13) shares this database and names sg-0bbbbbbbbbbbbbbbb as `fence.quarantine` in ap-northeast-1: both runbooks must use the same value',
    ]);
  });

  it('is refused where only one of them has a fence', async () => {
    const files = { a: shared('a'), b: shared('b', (text) => text.replace(/ {4}fence:\n.*\n/, '')) };
    expect(await printed(files)).toEqual([
      'a.yaml:13:37 databases.orders.fence.quarantine.ap-northeast-2: b (b.yaml:9) shares this database and has no `fence.quarantine` in ap-northeast-2: both runbooks must use the same value',
      'b.yaml:9:3 databases.orders: a (a.yaml:13) shares this database and names sg-0aaaaaaaaaaaaaaaa as `fence.quarantine` in ap-northeast-2: both runbooks must use the same value',
    ]);
  });

  it('is refused where they set it up differently, and not where each has a login of its own', async () => {
    const kept = (days: number, app: string) => (text: string) =>
      text.replace('    fence:', `    retentionDays: ${days}\n    canary: { database: core, table: dr_canary, userEnv: ${app}_USER, passwordEnv: ${app}_PASSWORD }\n    fence:`);
    expect(await printed({ a: shared('a', kept(7, 'A')), b: shared('b', kept(7, 'B')) })).toEqual([]);
    expect(await printed({ a: shared('a', kept(7, 'A')), b: shared('b', kept(14, 'B')) })).toEqual([
      'a.yaml:12:20 databases.orders.retentionDays: b (b.yaml:12) shares this database and has the `retentionDays` 14: both runbooks must use the same value',
      'b.yaml:12:20 databases.orders.retentionDays: a (a.yaml:12) shares this database and has the `retentionDays` 7: both runbooks must use the same value',
    ]);
  });

  it('is refused where they hold it for different kinds of thing', async () => {
    const files = {
      a: shared('a', (text) => text.replace('strategy: warm-standby', 'strategy: pilot-light')),
      b: shared('b', (text) => text.replace('strategy: warm-standby', 'strategy: active-active').replace('kind: rds-read-replica', 'kind: rds-writers').replace(/ {4}fence:\n.*\n/, '    keys: uuid\n').replace(/traffic:\n( .*\n)+/, '')),
    };
    const found = await printed(files);
    expect(found).toContain('a.yaml:10:11 databases.orders.kind: b (b.yaml:10) shares this database and calls it rds-writers: both runbooks must use the same value');
  });

  it('is refused where they promise another RPO', async () => {
    expect(await printed({ a: shared('a'), b: shared('b', (text) => text.replace('rpo: 5m', 'rpo: 10m')) })).toEqual([
      'a.yaml:4:20 objectives.rpo: b (b.yaml:4) shares this database and has an RPO of 10m: both runbooks must use the same value',
      'b.yaml:4:20 objectives.rpo: a (a.yaml:4) shares this database and has an RPO of 5m: both runbooks must use the same value',
    ]);
  });
});

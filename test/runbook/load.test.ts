import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { DrError } from '../../src/base/errors.ts';
import { sha256 } from '../../src/base/json.ts';
import { LIMITS } from '../../src/base/limits.ts';
import { loadRunbook, parseRunbook } from '../../src/runbook/load.ts';
import { RunbookError } from '../../src/runbook/problem.ts';
import { VALID } from './fixture.ts';

let dir: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'dr-runbook-'));
});
afterAll(async () => {
  await rm(dir, { recursive: true, force: true });
});

async function failure(promise: Promise<unknown>): Promise<DrError> {
  const error = await promise.then(() => undefined, (e: unknown) => e);
  if (!(error instanceof DrError)) throw new Error(`expected a DrError, got ${String(error)}`);
  return error;
}

describe('a valid runbook', () => {
  test('is read with milliseconds, in the order of the file', async () => {
    const file = join(dir, 'valid.yaml');
    await writeFile(file, VALID);
    const loaded = await loadRunbook(file);
    expect(loaded.path).toBe(file);
    expect(loaded.sha256).toBe(sha256(VALID));
    expect(loaded.warnings).toEqual([]);
    const { resources, ...runbook } = loaded.runbook;
    expect(runbook).toEqual({
      name: 'shop',
      owner: 'shop-oncall@example.com',
      strategy: 'warm-standby',
      objectives: { rpoMs: 300_000, rtoMs: 5_400_000 },
      regions: [
        { id: 'ap-northeast-2', name: 'Seoul', home: true },
        { id: 'ap-northeast-1', name: 'Tokyo', home: false },
      ],
      home: 'ap-northeast-2',
      probes: [{ name: 'home-page', http: 'https://shop.example.com/healthz', status: 200, everyMs: 1000, holdMs: 30_000 }],
      approvals: [
        {
          before: 'point-of-no-return',
          from: [{ name: 'incident-commander@example.com', keys: [] }, { name: 'shop-lead@example.com', keys: [] }],
          quorum: 1,
          waitMs: 900_000,
        },
      ],
      flapGuardMs: 3_600_000,
      decideAlarms: [],
      decideHealth: false,
      notify: [
        { type: 'slack', webhookEnv: 'SLACK_WEBHOOK_URL' },
        { type: 'sns', topics: { 'ap-northeast-1': 'arn:aws:sns:ap-northeast-1:111122223333:dr' } },
      ],
      accepts: [],
      dependsOn: [],
      drillAssertions: [],
      steps: [],
    });
    expect(resources.map(({ section, name, kind }) => [section, name, kind])).toEqual([
      ['databases', 'orders', 'rds-read-replica'],
      ['compute', 'api', 'auto-scaling-group'],
      ['traffic', 'storefront', 'route53-failover'],
    ]);
    expect(resources[0]?.resource).toMatchObject({
      instances: { 'ap-northeast-2': 'shop-orders', 'ap-northeast-1': 'shop-orders-tokyo' },
      rpo: { method: 'replica-lag' },
    });
  });

  test('the example that is shipped is valid, and warns of the one thing it says', async () => {
    const { runbook, warnings } = await loadRunbook('runbooks/shop.yaml');
    expect(runbook.objectives).toEqual({ rpoMs: 300_000, rtoMs: 900_000 });
    expect(runbook.probes).toEqual([
      { name: 'home-page', http: 'http://shop.example.com/healthz', status: 200, everyMs: 500, holdMs: 5000 },
    ]);
    expect(warnings.map((w) => w.message)).toEqual([expect.stringMatching(/^traffic\.storefront\.switch: an RTO of 15m /)]);
  });

  test.each([
    ['a byte order mark', `\ufeff${VALID}`],
    ['CRLF line ends', VALID.replaceAll('\n', '\r\n')],
    ['%YAML 1.2', `%YAML 1.2\n---\n${VALID}`],
    ['an alias', VALID.replace('active: {', 'active: &size {').replace('standby: { min: 1, desired: 2, max: 12 }', 'standby: *size')],
  ])('%s is read', async (_name, text) => {
    await expect(parseRunbook(Buffer.from(text), 'x.yaml')).resolves.toMatchObject({ runbook: { name: 'shop' } });
  });

  test('probes have defaults', async () => {
    const text = VALID.replace(', every: 1s, hold: 30s', '');
    const { runbook } = await parseRunbook(Buffer.from(text), 'x.yaml');
    expect(runbook.probes[0]).toMatchObject({ status: 200, everyMs: 1000, holdMs: 30_000 });
  });
});

describe('what is no text', () => {
  const cases: [string, Uint8Array, string][] = [
    ['empty', Buffer.from(' \n\n'), '1:1 expected a runbook, found nothing: the file is empty'],
    ['NUL', Buffer.from('runbook: shop\nowner: a\0b\n'), '2:9 a NUL byte: not a UTF-8 text file (UTF-16?); save it as UTF-8'],
    ['Latin-1', Buffer.concat([Buffer.from('runbook: shop\nowner: é'), Buffer.from([0xe9, 0x0a])]), '2:9 a byte that is not UTF-8: save the file as UTF-8'],
    ['too large', Buffer.alloc(LIMITS.runbookBytes + 1, 'a'), `1:1 larger than the limit of ${LIMITS.runbookBytes} bytes`],
  ];
  test.each(cases)('%s', async (_name, bytes, message) => {
    const error = await failure(parseRunbook(bytes, 'bad.yaml'));
    expect(error.detail).toBe(`bad.yaml:${message}`);
    expect(error).toMatchObject({ code: 'RUNBOOK_INVALID', exit: 'runbook' });
  });
});

describe('what is no file', () => {
  test('a missing file names those that are there, and the nearest', async () => {
    const folder = join(dir, 'some');
    await mkdir(folder);
    await writeFile(join(folder, 'shop.yaml'), VALID);
    await writeFile(join(folder, 'billing.yml'), VALID);
    const error = await failure(loadRunbook(join(folder, 'shp.yaml')));
    expect(error).toMatchObject({ code: 'RUNBOOK_NOT_FOUND', exit: 'runbook', detail: `${folder} holds: billing.yml, shop.yaml` });
    expect(error.next).toEqual([`did you mean ${join(folder, 'shop.yaml')}?`]);
  });

  test('a missing folder', async () => {
    const error = await failure(loadRunbook(join(dir, 'nowhere', 'shop.yaml')));
    expect(error).toMatchObject({ code: 'RUNBOOK_NOT_FOUND', detail: `the folder ${join(dir, 'nowhere')} does not exist` });
  });

  test('a file where a folder should be', async () => {
    await writeFile(join(dir, 'plain'), '');
    const error = await failure(loadRunbook(join(dir, 'plain', 'shop.yaml')));
    expect(error).toMatchObject({ code: 'RUNBOOK_NOT_FOUND', exit: 'runbook' });
  });

  test('a folder', async () => {
    const error = await failure(loadRunbook(dir));
    expect(error).toMatchObject({ code: 'RUNBOOK_UNREADABLE', exit: 'runbook', detail: `${dir} is a folder` });
  });

  test('a file larger than the limit is not read to its end', async () => {
    const file = join(dir, 'large.yaml');
    await writeFile(file, Buffer.alloc(2 * LIMITS.runbookBytes, 'a'));
    const error = await failure(loadRunbook(file));
    expect(error.detail).toBe(`${file}:1:1 larger than the limit of ${LIMITS.runbookBytes} bytes`);
  });
});

describe('the error', () => {
  test('has every problem as data and as text, once, in the order of the file', async () => {
    const text = VALID.replace('owner:', 'ownr:').replace('rpo: 5m', 'rpo: 5').replace('runbook: shop', 'runbook: shop\nrunbook: shop');
    const error = await failure(parseRunbook(Buffer.from(text), 'a b.yaml'));
    if (!(error instanceof RunbookError)) throw new Error('not a RunbookError');
    expect(error.detail).toBe(
      [
        'a b.yaml:1:1 the key "owner" is missing: expected who answers for the application, e.g. shop-oncall@example.com',
        'a b.yaml:2:1 duplicate key "runbook"; first defined at line 1',
        'a b.yaml:3:1 unknown key "ownr"; did you mean "owner"?',
        'a b.yaml:5:20 objectives.rpo: expected a duration with its unit, e.g. 30s or 15m, found 5',
      ].join('\n'),
    );
    expect(error.problems.map((p) => [p.line, p.col, p.severity])).toEqual([
      [1, 1, 'error'], [2, 1, 'error'], [3, 1, 'error'], [5, 20, 'error'],
    ]);
    expect(error.message).toBe('The runbook a b.yaml has 4 errors');
    expect(error.next).toEqual(['dr validate "a b.yaml"']);
  });

  test('lists at most fifty problems', async () => {
    const keys = Array.from({ length: 80 }, (_, i) => `bogus${i}: 1`).join('\n');
    const error = await failure(parseRunbook(Buffer.from(`${VALID}${keys}\n`), 'x.yaml'));
    const lines = error.detail?.split('\n') ?? [];
    expect(lines).toHaveLength(51);
    expect(lines.at(-1)).toBe('and 30 more');
  });
});

import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { KIND_NAMES, loadKind } from '../../src/kinds/registry.ts';
import { parseRunbook } from '../../src/runbook/load.ts';
import { formatProblem, RunbookError } from '../../src/runbook/problem.ts';
import { edited } from './fixture.ts';

async function errorsOf(text: string): Promise<string[]> {
  const thrown: unknown = await parseRunbook(Buffer.from(text), 'x.yaml').then(() => undefined, (e: unknown) => e);
  if (!(thrown instanceof RunbookError)) throw new Error('it was not refused');
  return thrown.problems.filter((p) => p.severity === 'error').map((p) => formatProblem('x.yaml', p));
}

const archive = () => readFile(fileURLToPath(new URL('../../runbooks/archive.yaml', import.meta.url)), 'utf8');

describe('a strategy that its resources cannot carry', () => {
  test('active-active on one read replica, with the line of each kind that cannot', async () => {
    const errors = await errorsOf(edited('strategy: warm-standby', 'strategy: active-active'));
    expect(errors).toContain('x.yaml:10:11 databases.orders.kind: rds-read-replica cannot carry the strategy active-active: it carries pilot-light, warm-standby');
    expect(errors.filter((e) => e.includes('auto-scaling-group'))).toEqual([]);
  });

  test('backups under a strategy that has a running copy', async () => {
    const text = await archive();
    expect(await errorsOf(text.replace('strategy: backup-restore', 'strategy: warm-standby'))).toEqual([
      expect.stringMatching(/^x\.yaml:\d+:11 databases\.documents\.kind: rds-backup cannot carry the strategy warm-standby: it carries backup-restore$/),
      expect.stringMatching(/^x\.yaml:\d+:11 compute\.api\.kind: ec2-image cannot carry the strategy warm-standby: it carries backup-restore, pilot-light$/),
    ]);
  });

  test.each([
    ['backup-restore', 'shop', /^x\.yaml:\d+:11 databases\.orders\.kind: rds-read-replica cannot carry the strategy backup-restore: it carries pilot-light, warm-standby$/],
    ['pilot-light', 'archive', /^x\.yaml:\d+:11 databases\.documents\.kind: rds-backup cannot carry the strategy pilot-light: it carries backup-restore$/],
    ['warm-standby', 'billing', /^x\.yaml:\d+:11 compute\.batch\.kind: ec2-instances cannot carry the strategy warm-standby: it carries backup-restore, pilot-light$/],
    ['warm-standby', 'active-active', /^x\.yaml:\d+:11 databases\.tickets\.kind: rds-writers cannot carry the strategy warm-standby: it carries active-active$/],
    ['active-active', 'billing', /^x\.yaml:\d+:11 traffic\.site\.kind: route53-failover cannot carry the strategy active-active: it carries backup-restore, pilot-light, warm-standby$/],
  ])('%s on the resources of %s, at the line of the kind', async (strategy, name, wanted) => {
    const shipped = await readFile(fileURLToPath(new URL(`../../runbooks/${name}.yaml`, import.meta.url)), 'utf8');
    const text = shipped.replace(/^strategy: [\w-]+/m, `strategy: ${strategy}`);
    const found = (await errorsOf(text)).find((line) => wanted.test(line));
    expect(found).toMatch(wanted);
    // The line is the one of that kind.
    const line = Number(found?.split(':')[1]);
    expect(text.split('\n')[line - 1]).toBe(`    kind: ${/kind: (\S+) cannot/.exec(found ?? '')?.[1] ?? ''}`);
  });

  test('one that does not exist is said once, as what it is', async () => {
    const errors = await errorsOf(edited('strategy: warm-standby', 'strategy: warm'));
    expect(errors).toHaveLength(1);
    expect(errors[0]).toContain('x.yaml:3:11 strategy: ');
  });

  test('every kind carries at least one', async () => {
    for (const name of KIND_NAMES) expect({ name, strategies: (await loadKind(name))?.strategies }).not.toEqual({ name, strategies: [] });
  });
});

const cases: [what: string, from: string, to: string, error: string][] = [
  ['a key of another region', 'ap-northeast-1: "arn:aws:kms:ap-northeast-1:', 'ap-northeast-1: "arn:aws:kms:ap-northeast-2:', 'databases.documents.kmsKeys.ap-northeast-1: expected a key in ap-northeast-1; this one is in ap-northeast-2'],
  ['a target group of another region', '"arn:aws:elasticloadbalancing:ap-northeast-1:', '"arn:aws:elasticloadbalancing:ap-northeast-2:', 'compute.api.targets.groups.ap-northeast-1: expected a target group in ap-northeast-1; this one is in ap-northeast-2'],
  ['a quarantine group that is opened to', 'securityGroups: [sg-0b10000000000000b]', 'securityGroups: [sg-0b20000000000000b]', 'databases.documents.restore.ap-northeast-1.securityGroups[0]: sg-0b20000000000000b is the quarantine group: it lets nobody in'],
  ['no backups of the restored instance', 'retentionDays: 14', 'retentionDays: 0', 'databases.documents.restore.ap-northeast-2.retentionDays: expected 1 to 35: without backups there would be no way home'],
  ['a region without its image', '      ap-northeast-1: { name: "archive-api-*" }\n', '', 'compute.api.image: no value for ap-northeast-1'],
];

describe('what the kinds of recovery refuse', () => {
  test.each(cases)('%s', async (_what, from, to, wanted) => {
    const text = await archive();
    expect(text).toContain(from);
    expect((await errorsOf(text.replace(from, () => to))).join('\n')).toContain(wanted);
  });
});

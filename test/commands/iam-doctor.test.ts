import { mkdtemp, readdir, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { EXIT } from '../../src/base/exit-codes.ts';
import { dr } from './run-dr.ts';

const SHOP = 'runbooks/shop.yaml';

describe('dr iam', () => {
  it('prints one policy alone on stdout, and what it cannot know on stderr', async () => {
    const { code, stdout, stderr } = await dr(['iam', SHOP, '--verb', 'failover', '--region', 'ap-northeast-1']);
    expect(code).toBe(EXIT.ok);
    expect(JSON.parse(stdout)).toMatchObject({ Version: '2012-10-17' });
    expect(stderr).toContain('ACCOUNT_ID');
  });

  it('writes each policy into a file', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'dr-cli-'));
    const { code } = await dr(['iam', SHOP, '--account', '123456789012', '--out', folder]);
    expect(code).toBe(EXIT.ok);
    const files = await readdir(folder);
    expect(files).toContain('abort-ap-northeast-2.json');
    expect(JSON.parse(await readFile(join(folder, 'failover-ap-northeast-1.json'), 'utf8'))).toHaveProperty('Statement');
  });
});

describe('dr doctor', () => {
  const env = { AWS_ACCESS_KEY_ID: 'k', AWS_SECRET_ACCESS_KEY: 's', SHOP_DB_USER: 'u', SHOP_DB_PASSWORD: 'p', SLACK_WEBHOOK_URL: 'https://x' };

  it('exits 4 when something would not run, and says it as JSON', async () => {
    const { code, stdout } = await dr(['doctor', SHOP, '--without', 'ap-northeast-2', '--without', 'route53-control-plane', '--json'], { env });
    expect(code).toBe(EXIT.refused);
    const { result } = JSON.parse(stdout) as { result: { ways: unknown[]; findings: { verdict: string; what: string }[] } };
    expect(result.ways).toEqual([{ runbook: 'shop', source: 'ap-northeast-2', target: 'ap-northeast-1', verdict: 'would-not-run' }]);
    expect(result.findings.filter((f) => f.verdict === 'would-not-run').map((f) => f.what)).toEqual(['route53@us-east-1']);
  });

  it('asks what is to be lost', async () => {
    const { code, stderr } = await dr(['doctor', SHOP]);
    expect(code).toBe(EXIT.usage);
    expect(stderr).toContain('dr doctor --without ap-northeast-2');
  });
});

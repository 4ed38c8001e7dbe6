import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { doctor } from '../../../src/app/doctor/doctor.ts';
import { iamPolicies } from '../../../src/app/iam.ts';
import type { AwsRequest } from '../../../src/aws/caller.ts';
import type { Effects } from '../../../src/effects/effects.ts';
import { parseRunbook } from '../../../src/runbook/load.ts';
import { formatProblem, RunbookError } from '../../../src/runbook/problem.ts';
import { edited, VALID } from '../../runbook/fixture.ts';
import { APPROVED, planOf, runPlan, SHOP, simulation } from '../../engine/simulated.ts';

const PARTITIONS = [
  ['aws-cn', 'cn-north-1', 'cn-northwest-1', 'cn-northwest-1'],
  ['aws-us-gov', 'us-gov-west-1', 'us-gov-east-1', 'us-gov-west-1'],
] as const;

/** The shop in other regions: the second is the standby. */
async function shopIn(partition: string, home: string, other: string, switched = 'switch: record'): Promise<string> {
  const text = (await readFile(SHOP, 'utf8')).replaceAll('ap-northeast-2', home).replaceAll('ap-northeast-1', other).replaceAll('arn:aws:', `arn:${partition}:`).replace(/switch: record\b/, switched);
  const path = join(await mkdtemp(join(tmpdir(), 'dr-test-')), 'shop.yaml');
  await writeFile(path, text);
  return path;
}

describe.each(PARTITIONS)('Route 53 of the partition %s', (partition, home, other, controlled) => {
  it.each(['record', 'health-check'])('is the only one that is asked, with switch: %s', async (how) => {
    const sim = await simulation({ path: await shopIn(partition, home, other, `switch: ${how}`) });
    const asked = new Set<string>();
    const aws = { call: (request: AwsRequest) => (request.service === 'route53' && asked.add(request.region), sim.effects.aws.call(request)) } as unknown as Effects['aws'];
    const seen = { ...sim, effects: { ...sim.effects, aws } };
    sim.world.breakRegion(home);
    const plan = await planOf(seen, other);
    expect(plan.steps.flatMap((step) => step.controlPlanes).filter((plane) => plane.startsWith('route53'))).toEqual([`route53@${controlled}`]);
    expect((await runPlan(seen, plan, { acceptances: APPROVED })).outcome).toBe('succeeded');
    expect([...asked]).toEqual([controlled]);
  });

  it.each(['switch: record', 'switch: health-check', `switch: object\n    object: { ${other}: { bucket: shop-dr, key: active } }`])('is the one that policies name: %s', async (how) => {
    const results = await iamPolicies({ paths: [await shopIn(partition, home, other, how)], region: other, state: 's3://dr-state/runs' });
    const arns = JSON.stringify(results).match(/arn:[\w-]+:(route53|s3):[^"]*/g) ?? [];
    expect(arns.length).toBeGreaterThan(0);
    expect(arns.filter((arn) => !arn.startsWith(`arn:${partition}:`))).toEqual([]);
    expect(JSON.stringify(results)).not.toContain('no reason is known');
  });

  it('is lost with its own region, and not with us-east-1', async () => {
    const paths = [await shopIn(partition, home, other)];
    const env = { SHOP_DB_USER: 'u', SHOP_DB_PASSWORD: 'p' };
    const surroundings = { env, state: { folder: '/state' }, resolvers: ['192.0.2.53'], vendor: '' };
    const planes = async (without: string) => (await doctor({ paths, without: [without], state: { folder: '/state' }, env, surroundings })).findings.filter((f) => f.what === `route53@${controlled}`);
    expect((await planes('us-east-1')).map((f) => f.verdict)).not.toContain('would-not-run');
    expect((await planes(controlled)).map((f) => f.verdict)).toEqual(['would-not-run']);
  });

  it('has an STS that the global address is not', async () => {
    const env = { SHOP_DB_USER: 'u', SHOP_DB_PASSWORD: 'p', AWS_ACCESS_KEY_ID: 'AKIAEXAMPLE', AWS_SECRET_ACCESS_KEY: 's', AWS_ENDPOINT_URL_STS: 'https://sts.amazonaws.com' };
    const surroundings = { env, state: { folder: '/state' }, resolvers: ['192.0.2.53'], vendor: '' };
    const { findings } = await doctor({ paths: [await shopIn(partition, home, other)], without: [home], state: { folder: '/state' }, env, surroundings });
    expect(findings.find((f) => f.what === 'STS endpoint')).toMatchObject({ verdict: 'would-not-run', because: expect.stringContaining('another partition') as string });
  });
});

const problems = async (text: string): Promise<string[]> =>
  parseRunbook(Buffer.from(text), 'x.yaml').then(
    ({ warnings }) => warnings.map((one) => formatProblem('x.yaml', one)),
    (error: unknown) => {
      if (error instanceof RunbookError) return error.problems.map((one) => formatProblem('x.yaml', one));
      throw error;
    },
  );

describe('what validate says of partitions, offline', () => {
  it('refuses regions of two partitions', async () => {
    const text = VALID.replaceAll('ap-northeast-1', 'us-gov-west-1');
    expect(await problems(text)).toEqual([expect.stringMatching(/^x\.yaml:7:3 (error: )?regions\.us-gov-west-1: us-gov-west-1 is in the partition aws-us-gov, and ap-northeast-2 in aws: .*; use regions of one partition$/)]);
  });

  it('names the region that Route 53 is controlled from', async () => {
    const text = edited('rto: 90m', 'rto: 59m').replaceAll('ap-northeast-1', 'us-gov-east-1').replaceAll('ap-northeast-2', 'us-gov-west-1').replaceAll('arn:aws:', 'arn:aws-us-gov:');
    expect((await problems(text)).join()).toContain('needs the Route 53 control plane in us-gov-west-1; switch: object');
  });

  it('refuses an alias that leads out of China', async () => {
    const answers = 'switch: record\n    answers: { cn-north-1: { alias: { zone: Z0123456789, name: lb.cn-north-1.elb.amazonaws.com.cn } }, cn-northwest-1: { alias: { zone: Z9876543210, name: lb.eu-west-1.elb.amazonaws.com } } }';
    const text = edited('switch: record', answers).replaceAll('ap-northeast-2', 'cn-north-1').replaceAll('ap-northeast-1', 'cn-northwest-1').replaceAll('arn:aws:', 'arn:aws-cn:');
    expect(await problems(text)).toEqual([expect.stringMatching(/traffic\.storefront\.answers\.cn-northwest-1\.alias\.name: lb\.eu-west-1\.elb\.amazonaws\.com is outside the China regions/)]);
  });

  it('warns of latency and geolocation records in GovCloud', async () => {
    const text = await readFile(join(import.meta.dirname, '..', '..', '..', 'runbooks', 'active-active.yaml'), 'utf8');
    const regions = ['us-gov-west-1', 'us-gov-east-1', 'us-gov-central-1'];
    const names = [...new Set(text.match(/\b[a-z]{2}-[a-z]+-\d\b/g) ?? [])];
    const gov = names.reduce((whole, name, i) => whole.replaceAll(name, regions[i] ?? name), text).replaceAll('arn:aws:', 'arn:aws-us-gov:');
    const found = (await problems(gov)).filter((line) => line.includes('GovCloud'));
    expect(found.map((line) => /traffic\.[\w-]+\.kind/.exec(line)?.[0])).toHaveLength(2);
  });
});

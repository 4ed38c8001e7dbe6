import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { init, type InitResult } from '../../../src/app/init/init.ts';
import type { AwsCaller } from '../../../src/aws/caller.ts';
import { parseRunbook } from '../../../src/runbook/load.ts';

const [SEOUL, TOKYO] = ['ap-northeast-2', 'ap-northeast-1'];
const CITY: Readonly<Record<string, string>> = { [SEOUL]: 'seoul', [TOKYO]: 'tokyo' };

const resource = (type: string, ...attributes: object[]) => ({ mode: 'managed', type, name: 'this', provider: 'provider["registry.terraform.io/hashicorp/aws"]', instances: attributes.map((one) => ({ schema_version: 0, attributes: one })) });
const arn = (service: string, region: string, rest: string) => `arn:aws:${service}:${region}:111122223333:${rest}`;

/** What `terraform state pull` gives of the shop, in the attributes of the AWS provider. */
const SHOP = {
  version: 4,
  terraform_version: '1.13.5',
  serial: 7,
  lineage: 'a',
  outputs: {},
  resources: [
    resource('aws_db_instance', { identifier: 'shop-orders', arn: arn('rds', SEOUL, 'db:shop-orders'), engine: 'postgres', instance_class: 'db.r6g.large', backup_retention_period: 7, vpc_security_group_ids: ['sg-0c00000000000000c'], db_name: 'shop', replicate_source_db: '', multi_az: true }),
    resource('aws_db_instance', { identifier: 'shop-orders-tokyo', arn: arn('rds', TOKYO, 'db:shop-orders-tokyo'), engine: 'postgres', instance_class: 'db.r6g.large', backup_retention_period: 0, vpc_security_group_ids: [], replicate_source_db: arn('rds', SEOUL, 'db:shop-orders') }),
    ...[SEOUL, TOKYO].map((region) => resource('aws_security_group', { id: region === SEOUL ? 'sg-0aaaaaaaaaaaaaaaa' : 'sg-0bbbbbbbbbbbbbbbb', arn: arn('ec2', region, 'security-group/x'), name: 'quarantine', vpc_id: `vpc-${region}`, ingress: [] })),
    ...[SEOUL, TOKYO].map((region) => resource('aws_autoscaling_group', { name: 'shop-api', arn: arn('autoscaling', region, 'autoScalingGroup:x:autoScalingGroupName/shop-api'), min_size: region === SEOUL ? 4 : 1, desired_capacity: region === SEOUL ? 6 : 2, max_size: 12, target_group_arns: [] })),
    resource('aws_route53_zone', { zone_id: 'Z0123456789ABCDEFGHIJ', name: 'example.com' }),
    ...[SEOUL, TOKYO].map((region) => resource('aws_route53_health_check', { id: `hc-${region}`, type: 'HTTPS', fqdn: `shop.${region}.example.com`, resource_path: '/health', port: 443 })),
    resource('aws_route53_record', ...[SEOUL, TOKYO].map((region) => ({ zone_id: 'Z0123456789ABCDEFGHIJ', name: 'shop.example.com', fqdn: 'shop.example.com', type: 'A', set_identifier: CITY[region], health_check_id: `hc-${region}`, failover_routing_policy: [{ type: region === SEOUL ? 'PRIMARY' : 'SECONDARY' }], alias: [{ name: `alb-1.${region}.elb.amazonaws.com`, zone_id: 'ZWKZPGTI48KDX', evaluate_target_health: true }], records: null, ttl: null }))),
    { mode: 'data', type: 'aws_caller_identity', name: 'me', instances: [{ attributes: { account_id: '111122223333' } }] },
  ],
};

/** Nothing may be called. */
const aws: AwsCaller = { call: () => Promise.reject(new Error('AWS was called')) };

async function made(state: unknown): Promise<InitResult> {
  const folder = await mkdtemp(join(tmpdir(), 'dr-terraform-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const terraform = join(folder, 'terraform.tfstate');
  await writeFile(terraform, typeof state === 'string' ? state : JSON.stringify(state));
  return init({ aws, regions: [], terraform, runbooks: folder, dryRun: true, now: 0 });
}

describe('dr init --terraform', () => {
  it('makes a valid runbook of a state file, and calls nothing', async () => {
    const { runbooks, calls, account, permissions } = await made(SHOP);
    expect([calls, account, permissions]).toEqual([0, '111122223333', []]);
    expect(runbooks.map(({ name, strategy, home }) => [name, strategy, home])).toEqual([['shop', 'warm-standby', SEOUL]]);
    const { runbook } = await parseRunbook(Buffer.from(runbooks[0]?.text ?? ''), 'shop.yaml');
    const [orders, api, site] = runbook.resources.map(({ resource: of }) => of);
    expect(orders).toMatchObject({ instances: { [SEOUL]: 'shop-orders', [TOKYO]: 'shop-orders-tokyo' }, retentionDays: 7, fence: { quarantine: { [SEOUL]: 'sg-0aaaaaaaaaaaaaaaa', [TOKYO]: 'sg-0bbbbbbbbbbbbbbbb' } } });
    expect(api).toMatchObject({ active: { min: 4, desired: 6, max: 12 }, standby: { min: 1, desired: 2, max: 12 } });
    expect(site).toMatchObject({ zone: 'Z0123456789ABCDEFGHIJ', record: { name: 'shop.example.com', type: 'A' }, sets: { [SEOUL]: 'seoul', [TOKYO]: 'tokyo' } });
    expect(runbook.probes[0]?.http).toBe('https://shop.example.com/health');
    expect(runbooks[0]?.text).toContain('it leads to alb-1.ap-northeast-2.elb.amazonaws.com');
  });

  it('names the proxies and the path that it holds', async () => {
    const more = [
      resource('aws_db_proxy', { name: 'shop-seoul', arn: arn('rds', SEOUL, 'db-proxy:prx-0') }, { name: 'shop-orders', arn: arn('rds', TOKYO, 'db-proxy:prx-1') }),
      resource('aws_db_proxy_target', { db_proxy_name: 'shop-seoul', db_instance_identifier: 'shop-orders' }),
      resource('aws_ec2_network_insights_path', { id: 'nip-0123456789abcdef0', arn: arn('ec2', TOKYO, 'network-insights-path/nip-0123456789abcdef0'), tags_all: { Name: 'shop-orders-tokyo' } }),
    ];
    const { runbooks, notPlaced } = await made({ ...SHOP, resources: [...SHOP.resources, ...more] });
    const { runbook } = await parseRunbook(Buffer.from(runbooks[0]?.text ?? ''), 'shop.yaml');
    expect(runbook.resources[0]?.resource).toMatchObject({ proxy: { [SEOUL]: 'shop-seoul', [TOKYO]: 'shop-orders' }, reachability: { [TOKYO]: 'nip-0123456789abcdef0' } });
    expect(notPlaced).toEqual([]);
  });

  it('of a file with nothing of the kind makes nothing, and says so', async () => {
    expect(await made({ version: 4, resources: [] })).toMatchObject({ runbooks: [], notPlaced: [] });
  });

  it('refuses a file that is none', async () => {
    await expect(made('not json')).rejects.toMatchObject({ code: 'TERRAFORM_WRONG' });
    await expect(made({ version: 3, modules: [] })).rejects.toMatchObject({ code: 'TERRAFORM_WRONG' });
    await expect(init({ aws, regions: [], terraform: '/nowhere/x', runbooks: '.', now: 0 })).rejects.toMatchObject({ code: 'TERRAFORM_WRONG' });
  });
});

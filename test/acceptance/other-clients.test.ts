import { spawnSync } from 'node:child_process';
import { Resolver } from 'node:dns/promises';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { LabStatus } from '../../src/lab/status.ts';
import { BIN, dr, ROOT, run } from '../commands/run-dr.ts';
import { until } from '../lab/helpers.ts';
import { SEOUL, TOKYO } from './stage.ts';

/*
 * A lab as the README has it: started in one terminal, looked at and changed in another by programs that are not dr.
 */

const TIMEOUT_MS = 120_000;
const home = mkdtempSync(join(tmpdir(), 'dr-other-'));
const env = { HOME: home, DR_STATE: join(home, 'state'), AWS_PAGER: '' };
let resolver = '';

const works = (command: string, ...args: string[]) => spawnSync(command, args, { stdio: 'ignore' }).status === 0;

async function ok(ran: Promise<{ code: number | null; stdout: string; stderr: string }>): Promise<string> {
  const { code, stdout, stderr } = await ran;
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return stdout;
}

/** A line for a shell that has the lab's settings, as the README says. */
function inShell(line: string): Promise<string> {
  return ok(run('bash', ['-c', `eval "$('${process.execPath}' '${BIN}' lab env)" && ${line}`], { cwd: home, env }));
}

async function status(): Promise<LabStatus> {
  return (JSON.parse(await ok(dr(['lab', 'status', '--json'], { env }))) as { result: LabStatus }).result;
}

beforeAll(async () => {
  // Traffic that an S3 object switches: so there is a bucket.
  const example = readFileSync(join(ROOT, 'runbooks', 'shop.yaml'), 'utf8');
  const object = `switch: object\n    object: { ${TOKYO}: { bucket: shop-switch, key: tokyo } }`;
  writeFileSync(join(home, 'shop.yaml'), example.replace('switch: record', object));
  const started = await ok(dr(['lab', 'start', '--runbook', join(home, 'shop.yaml')], { env }));
  expect(started).toContain('eval "$(dr lab env)"');
  ({ resolver } = await status());
}, TIMEOUT_MS);

afterAll(async () => {
  const { pid } = await status();
  await ok(dr(['lab', 'stop'], { env }));
  expect(() => process.kill(pid, 0)).toThrow('ESRCH');
  rmSync(home, { recursive: true, force: true });
}, TIMEOUT_MS);

describe.skipIf(!works('aws', '--version'))('the AWS CLI', () => {
  it('reads the databases of a region', { timeout: TIMEOUT_MS }, async () => {
    const read = await inShell(`aws rds describe-db-instances --region ${TOKYO} --output json`);
    const { DBInstances: found } = JSON.parse(read) as { DBInstances: { DBInstanceIdentifier: string; ReadReplicaSourceDBInstanceIdentifier: string }[] };
    expect(found).toHaveLength(1);
    expect(found[0]).toMatchObject({ DBInstanceIdentifier: 'shop-orders-tokyo', DBInstanceStatus: 'available' });
    expect(found[0]?.ReadReplicaSourceDBInstanceIdentifier).toContain(`${SEOUL}:`);
  });

  it('makes a record that users are answered with', { timeout: TIMEOUT_MS }, async () => {
    const name = 'made-by-the-cli.shop.example.com';
    const batch = JSON.stringify({ Changes: [{ Action: 'CREATE', ResourceRecordSet: { Name: name, Type: 'A', TTL: 1, ResourceRecords: [{ Value: '192.0.2.7' }] } }] });
    const change = `aws route53 change-resource-record-sets --hosted-zone-id Z0123456789ABCDEFGHIJ --query ChangeInfo.Id --output text --change-batch '${batch}'`;
    await inShell(`aws route53 wait resource-record-sets-changed --id "$(${change})"`);
    const dns = new Resolver();
    dns.setServers([resolver]);
    expect(await dns.resolve4(name)).toEqual(['192.0.2.7']);
  });
});

const CHANGES = `
import boto3, json
def c(name): return boto3.client(name, region_name='${TOKYO}')
s3 = boto3.client('s3', region_name='${TOKYO}')
s3.put_object(Bucket='shop-switch', Key='note', Body=b'by boto3')
groups = c('autoscaling')
groups.update_auto_scaling_group(AutoScalingGroupName='shop-api', DesiredCapacity=3)
rds = c('rds')
rds.promote_read_replica(DBInstanceIdentifier='shop-orders-tokyo')
rds.get_waiter('db_instance_available').wait(DBInstanceIdentifier='shop-orders-tokyo', WaiterConfig={'Delay': 1, 'MaxAttempts': 30})
print(json.dumps({
  'account': c('sts').get_caller_identity()['Account'],
  'object': s3.get_object(Bucket='shop-switch', Key='note')['Body'].read().decode(),
  'desired': groups.describe_auto_scaling_groups()['AutoScalingGroups'][0]['DesiredCapacity'],
}))
`;

describe.skipIf(!works('python3', '-c', 'import boto3'))('boto3', () => {
  it('changes an object, a group and a database, and it is really so', { timeout: TIMEOUT_MS }, async () => {
    writeFileSync(join(home, 'changes.py'), CHANGES);
    expect(JSON.parse(await inShell('python3 changes.py'))).toEqual({ account: '000000000000', object: 'by boto3', desired: 3 });
    await until('promoted and grown', async () => {
      const { world } = await status();
      const group = world.groups.find(({ region }) => region === TOKYO);
      const database = world.databases.find(({ region }) => region === TOKYO);
      return group?.desired === 3 && group.inService === 3 && database?.role === 'writer';
    });
    // Not only in the world of AWS: the server behind its endpoint takes writes now.
    const tokyo = (await status()).world.databases.find(({ region }) => region === TOKYO);
    const { SHOP_DB_USER: user, SHOP_DB_PASSWORD: password } = JSON.parse(await inShell('node -p "JSON.stringify(process.env)"')) as Record<string, string>;
    const client = new pg.Client({ host: tokyo?.endpoint.address, port: tokyo?.endpoint.port, user, password, database: 'shop' });
    await client.connect();
    try {
      expect((await client.query('select pg_is_in_recovery() as replica')).rows).toEqual([{ replica: false }]);
    } finally {
      await client.end();
    }
  });
});

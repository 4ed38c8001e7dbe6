import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { doctor, type DoctorResult } from '../../src/app/doctor/doctor.ts';
import type { Surroundings } from '../../src/app/doctor/surroundings.ts';
import { sdkCaller } from '../../src/aws/sdk-caller.ts';
import { DrError } from '../../src/base/errors.ts';
import { doctorText } from '../../src/cli/doctor-view.ts';
import { plain } from '../../src/cli/text.ts';
import { S3State } from '../../src/journal/s3-state.ts';
import { APPROVED, OPERATOR, planOf, runPlan, SEOUL, SHOP, simulation, TOKYO } from '../engine/simulated.ts';

/*
 * What the doctor says is held against simulated runs with that very thing dead.
 */

const ROOT = join(import.meta.dirname, '..', '..');
const runbook = (name: string) => join(ROOT, 'runbooks', `${name}.yaml`);
const EXAMPLES = ['shop', 'billing', 'archive', 'active-active'];

const SECRETS = Object.fromEntries(['SHOP', 'ARCHIVE', 'BILLING'].flatMap((name) => [[`${name}_DB_USER`, 'u'], [`${name}_DB_PASSWORD`, 'p']]));
const KEYS = { AWS_ACCESS_KEY_ID: 'AKIAEXAMPLE', AWS_SECRET_ACCESS_KEY: 'secret' };
const ENV = { ...SECRETS, ...KEYS, SLACK_WEBHOOK_URL: 'https://hooks.slack.example/x', HOME: '/nowhere' };

async function changed(path: string, ...edits: [from: string | RegExp, to: string][]): Promise<string> {
  let text = await readFile(path, 'utf8');
  for (const [from, to] of edits) {
    const next = text.replace(from, to);
    expect(next).not.toBe(text);
    text = next;
  }
  const file = join(await mkdtemp(join(tmpdir(), 'dr-test-')), path.split('/').at(-1) ?? '');
  await writeFile(file, text);
  return file;
}

const around = (env: Record<string, string | undefined>, more: Partial<Surroundings> = {}): Surroundings => ({ env, state: { folder: '/state' }, resolvers: ['192.0.2.53'], vendor: '', ...more });

function examine(path: string, without: string[], env: Record<string, string | undefined> = ENV, more: Partial<Surroundings> = {}): Promise<DoctorResult> {
  return doctor({ paths: [path], without, state: { folder: '/state' }, env, surroundings: around(env, more), now: Date.parse('2026-11-20T00:00:00Z') });
}

function toTokyo(result: DoctorResult) {
  return result.ways.find((way) => way.target === TOKYO)?.verdict;
}

/** Does a failover to Tokyo succeed in a world where that is dead? */
async function survives(path: string, without: readonly string[], env: Record<string, string | undefined> = ENV): Promise<boolean> {
  const plainSim = await simulation({ path });
  const sim = { ...plainSim, effects: { ...plainSim.effects, env: (name: string) => env[name] } };
  sim.world.breakRegion(SEOUL);
  for (const loss of without) {
    if (loss === 'route53-control-plane') sim.world.addFault({ service: 'route53', effect: { kind: 'error', httpStatus: 503, code: 'ServiceUnavailable' } });
    else if (loss === 'us-east-1') sim.world.breakRegion('us-east-1');
  }
  try {
    const { outcome } = await runPlan(sim, await planOf(sim, TOKYO), { acceptances: APPROVED });
    return outcome === 'succeeded';
  } catch (error) {
    // The plan could not even be made.
    if (error instanceof DrError) return false;
    throw error;
  }
}

const OBJECT = 'switch: object\n    object: { ap-northeast-1: { bucket: shop-dr-tokyo, key: shop-active } }';
const variants: Record<string, string> = {};
beforeAll(async () => {
  variants['object'] = await changed(SHOP, [/switch: record\b/, OBJECT]);
  variants['health-check'] = await changed(SHOP, [/switch: record\b/, 'switch: health-check']);
});

describe('what it says of a failover is so', () => {
  const losses = [[SEOUL], [SEOUL, 'route53-control-plane'], [SEOUL, 'us-east-1'], [SEOUL, 'iam'], [SEOUL, 'sts-global']];
  const cases = [...EXAMPLES, 'object', 'health-check'].flatMap((name) => losses.map((without) => [name, without.join(' + '), without] as const));

  it.each(cases)('%s without %s', async (name, _title, without) => {
    const path = variants[name] ?? runbook(name);
    const said = toTokyo(await examine(path, [...without]));
    expect(said).toBe((await survives(path, without)) ? 'ok' : 'would-not-run');
  });

  it('sees both: some of them run and some do not', async () => {
    expect(toTokyo(await examine(runbook('shop'), [SEOUL]))).toBe('ok');
    expect(toTokyo(await examine(runbook('shop'), [SEOUL, 'us-east-1']))).toBe('would-not-run');
    expect(toTokyo(await examine(variants['object'] ?? '', [SEOUL, 'us-east-1']))).toBe('ok');
  });

  it.each(['shop', 'billing', 'archive'])('%s without its password, and without a webhook', async (name) => {
    const path = runbook(name);
    const none = { ...ENV, [`${name.toUpperCase()}_DB_PASSWORD`]: undefined };
    expect(toTokyo(await examine(path, [SEOUL], none))).toBe('would-not-run');
    expect(await survives(path, [], none)).toBe(false);
    const mute = { ...ENV, SLACK_WEBHOOK_URL: undefined };
    expect(toTokyo(await examine(path, [SEOUL], mute))).toBe('ok');
    expect(await survives(path, [], mute)).toBe(true);
  });

  it('a bucket of the lost region gives no lock', async () => {
    const sim = await simulation();
    sim.world.addBucket({ region: SEOUL, name: 'dr-state' });
    sim.world.breakRegion(SEOUL);
    const state = new S3State(sim.effects.aws, { region: SEOUL, bucket: 'dr-state', prefix: 'runs' });
    const lease = sim.clock.run(() => state.lease({ lock: 'shop', run: '20261120T000000Z-shop-failover-000001', operator: OPERATOR, now: sim.clock.now(), ids: sim.effects.ids }));
    await expect(lease).rejects.toThrow(/NoAnswer|does not answer/);
    const place = { folder: '/state', s3: `s3://dr-state/runs?region=${SEOUL}` };
    expect(toTokyo(await examine(SHOP, [SEOUL], ENV, { state: place }))).toBe('would-not-run');
    expect(toTokyo(await examine(SHOP, [SEOUL], ENV, { state: { ...place, s3: `s3://dr-state/runs?region=${TOKYO}` } }))).toBe('ok');
  });
});

describe('credentials', () => {
  async function config(text: string): Promise<Record<string, string | undefined>> {
    const file = join(await mkdtemp(join(tmpdir(), 'dr-test-')), 'config');
    await writeFile(file, text);
    return { ...SECRETS, SLACK_WEBHOOK_URL: 'x', HOME: '/nowhere', AWS_CONFIG_FILE: file, AWS_PROFILE: 'ops' };
  }
  const about = async (env: Record<string, string | undefined>, without = [SEOUL], more: Partial<Surroundings> = {}) => (await examine(SHOP, without, env, more)).findings.filter((f) => f.area === 'credentials');
  const base = '[profile base]\naws_access_key_id = AKIA1\naws_secret_access_key = s\n';

  it.each([
    ['keys in a file', '[profile ops]\naws_access_key_id = AKIA1\naws_secret_access_key = s\n', 'ok'],
    ['Identity Center in the lost region', `[profile ops]\nsso_session = corp\n[sso-session corp]\nsso_region = ${SEOUL}\n`, 'would-not-run'],
    ['Identity Center elsewhere', `[profile ops]\nsso_session = corp\n[sso-session corp]\nsso_region = eu-west-1\n`, 'ok'],
    ['Identity Center, written into the profile', `[profile ops]\nsso_region = ${SEOUL}\nsso_start_url = https://x\n`, 'would-not-run'],
    ['a role, the profile in the lost region', `[profile ops]\nrole_arn = arn:aws:iam::1:role/r\nsource_profile = base\nregion = ${SEOUL}\n${base}`, 'would-not-run'],
    ['a role, the profile without a region', `[profile ops]\nrole_arn = arn:aws:iam::1:role/r\nsource_profile = base\n${base}`, 'ok'],
    ['a role whose source needs the lost region', `[profile ops]\nrole_arn = arn:aws:iam::1:role/r\nsource_profile = sso\n[profile sso]\nsso_region = ${SEOUL}\n`, 'would-not-run'],
    ['a role with the keys of the instance', '[profile ops]\nrole_arn = arn:aws:iam::1:role/r\ncredential_source = Ec2InstanceMetadata\n', 'not-known'],
    ['a program', '[profile ops]\ncredential_process = /bin/x\n', 'not-known'],
    ['nothing', '', 'not-known'],
  ])('%s', async (_name, text, verdict) => {
    const found = await about(await config(text));
    const worst = (['would-not-run', 'not-known', 'ok'] as const).find((v) => found.some((f) => f.verdict === v));
    expect(worst).toBe(verdict);
    for (const finding of found) expect(finding.verdict === 'ok' || finding.next !== undefined).toBe(true);
  });

  it('of the environment: long-lived keys last, temporary ones must say how long', async () => {
    expect((await about(ENV)).map((f) => f.verdict)).toEqual(['ok', 'ok']);
    const session = { ...ENV, AWS_SESSION_TOKEN: 't' };
    expect((await about(session))[0]?.verdict).toBe('not-known');
    expect((await about({ ...session, AWS_CREDENTIAL_EXPIRATION: '2026-11-20T12:00:00Z' }))[0]?.verdict).toBe('ok');
    expect((await about({ ...session, AWS_CREDENTIAL_EXPIRATION: '2026-11-20T01:00:00Z' }))[0]?.verdict).toBe('not-known');
  });

  it('of a container stand and fall with its region', async () => {
    const env = { ...SECRETS, HOME: '/nowhere', AWS_CONTAINER_CREDENTIALS_RELATIVE_URI: '/v2/x', ECS_CONTAINER_METADATA_URI_V4: 'http://169.254.170.2/v4' };
    expect((await about({ ...env, AWS_REGION: SEOUL }))[0]?.verdict).toBe('would-not-run');
    expect((await about({ ...env, AWS_REGION: TOKYO }))[0]?.verdict).toBe('ok');
    expect((await about(env))[0]?.verdict).toBe('not-known');
  });

  it('the global STS endpoint, where it was set by hand', async () => {
    const env = { ...ENV, AWS_ENDPOINT_URL_STS: 'https://sts.amazonaws.com' };
    expect((await about(env, ['sts-global'])).at(-1)).toMatchObject({ verdict: 'would-not-run', blocks: true });
    expect((await about({ ...ENV, AWS_STS_REGIONAL_ENDPOINTS: 'legacy' }, ['sts-global'])).at(-1)?.verdict).toBe('ok');
  });

  describe('as the SDK asks for them', () => {
    afterEach(() => void vi.unstubAllEnvs());

    it.each([
      [`region = ${SEOUL}\n`, SEOUL],
      ['', TOKYO],
    ])('a role is assumed where the doctor says: with %j', async (line, region) => {
      const env = await config(`[profile ops]\nrole_arn = arn:aws:iam::111122223333:role/r\nsource_profile = base\n${line}${base}`);
      const asked: string[] = [];
      const server = createServer((request, response) => {
        asked.push(/Credential=[^/]+\/\d+\/([^/]+)\/sts/.exec(request.headers.authorization ?? '')?.[1] ?? '');
        response.writeHead(403, { 'content-type': 'text/xml' });
        response.end('<ErrorResponse><Error><Code>AccessDenied</Code><Message>no</Message></Error></ErrorResponse>');
      });
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      const { port } = server.address() as AddressInfo;
      for (const name of ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY', 'AWS_SESSION_TOKEN', 'AWS_REGION', 'AWS_STS_REGIONAL_ENDPOINTS']) vi.stubEnv(name, undefined);
      vi.stubEnv('AWS_CONFIG_FILE', env['AWS_CONFIG_FILE']);
      vi.stubEnv('AWS_SHARED_CREDENTIALS_FILE', '/nowhere');
      vi.stubEnv('AWS_PROFILE', 'ops');
      vi.stubEnv('AWS_ENDPOINT_URL', `http://127.0.0.1:${port}`);
      await expect(sdkCaller().call({ service: 'rds', region: TOKYO, operation: 'DescribeDBInstances', input: {} })).rejects.toThrow();
      server.close();
      expect(asked[0]).toBe(region);
    });
  });
});

describe('what surrounds a run', () => {
  const one = async (area: string, env: Record<string, string | undefined>, more: Partial<Surroundings> = {}) => (await examine(SHOP, [SEOUL], env, more)).findings.filter((f) => f.area === area);

  it('the machine', async () => {
    expect((await one('machine', ENV))[0]?.verdict).toBe('ok');
    expect((await one('machine', ENV, { vendor: 'Amazon EC2' }))[0]?.verdict).toBe('not-known');
    expect((await one('machine', { ...ENV, AWS_EXECUTION_ENV: 'CloudShell', AWS_REGION: SEOUL }))[0]).toMatchObject({ verdict: 'would-not-run', blocks: true });
    expect((await one('machine', { ...ENV, AWS_EXECUTION_ENV: 'CloudShell', AWS_REGION: TOKYO }))[0]?.verdict).toBe('ok');
  });

  it('name resolution and addresses that are set by hand, without what may be secret in them', async () => {
    expect((await one('dns', ENV, { resolvers: ['169.254.169.253'] }))[0]?.verdict).toBe('not-known');
    expect((await one('dns', { ...ENV, DR_RESOLVER: '192.0.2.1:53' }, { vendor: 'Amazon EC2' }))[0]?.verdict).toBe('ok');
    const [override] = await one('endpoints', { ...ENV, AWS_ENDPOINT_URL_RDS: `https://user:hush@vpce-1.rds.${SEOUL}.vpce.amazonaws.com` });
    expect(override?.verdict).toBe('would-not-run');
    expect(JSON.stringify(override)).not.toContain('hush');
    expect((await one('endpoints', { ...ENV, AWS_ENDPOINT_URL: 'http://127.0.0.1:1' }))[0]?.verdict).toBe('not-known');
  });
});

describe('the answer', () => {
  it('is ok only when nothing is lost or unknown, and says of everything else what to do', async () => {
    expect(await examine(SHOP, [SEOUL])).toMatchObject({ ok: true });
    const bad = await examine(SHOP, [SEOUL, 'route53-control-plane'], { HOME: '/nowhere' });
    expect(bad.ok).toBe(false);
    expect(bad.findings.filter((f) => f.verdict !== 'ok' && f.next === undefined)).toEqual([]);
    const text = doctorText(bad, plain);
    expect(text).toMatch(/would not run +traffic +shop to ap-northeast-1 +route53@us-east-1/);
    expect(text).toContain('`switch: object`');
    expect(text).toContain('dr plan --region REGION does');
  });

  it('names a program of the runbook as not known, and a runbook all of whose regions are lost', async () => {
    const own = await changed(SHOP, [/\nprobes:/, '\nsteps:\n  warm: { kind: command, after: compute, limit: 30s, run: [/bin/true], changes: nothing }\n\nprobes:']);
    const found = await examine(own, [SEOUL]);
    expect(found.findings.find((f) => f.what === 'own.warm')).toMatchObject({ verdict: 'not-known', blocks: false });
    expect([toTokyo(found), found.ok]).toEqual(['not-known', false]);
    const all = await examine(SHOP, [SEOUL, TOKYO]);
    expect(all.ways).toEqual([]);
    expect(all.ok).toBe(false);
  });

  it('names the secrets of custom steps that are not set', async () => {
    const steps = `
  tell: { kind: http-request, after: compute, limit: 30s, url: 'https://ops.example.com/x', method: POST, headersEnv: { Authorization: OPS_TOKEN }, changes: nothing }
  warm: { kind: command, after: compute, limit: 30s, run: [/bin/true], env: [CMD_SECRET], changes: nothing }
`;
    const own = await changed(SHOP, [/\nprobes:/, `\nsteps:${steps}\nprobes:`]);
    const secrets = async (env: Record<string, string>) => (await examine(own, [SEOUL], { ...ENV, ...env })).findings.filter((f) => f.area === 'secrets' && f.verdict !== 'ok').map((f) => [f.what, f.verdict]);
    expect(await secrets({})).toEqual([['OPS_TOKEN', 'would-not-run'], ['CMD_SECRET', 'would-not-run']]);
    expect(await secrets({ OPS_TOKEN: 'x', CMD_SECRET: 'y' })).toEqual([]);
  });

  it('refuses what it does not know', async () => {
    await expect(examine(SHOP, [])).rejects.toMatchObject({ code: 'NOTHING_LOST' });
    await expect(examine(SHOP, ['seoul'])).rejects.toMatchObject({ code: 'LOSS_UNKNOWN' });
    await expect(examine(SHOP, ['ap-northest-2'])).rejects.toMatchObject({ code: 'LOSS_UNKNOWN', message: expect.stringMatching(/ap-northest-2: no runbook uses this region.* Did you mean ap-northeast-2\?$/) as string });
    await expect(examine(SHOP, ['zz-nowhere-9'])).rejects.toMatchObject({ code: 'LOSS_UNKNOWN' });
    // State or a login may lie there.
    await expect(examine(SHOP, ['eu-west-1'])).resolves.toMatchObject({ without: ['eu-west-1'] });
  });
});

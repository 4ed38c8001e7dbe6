import { spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer as createHttpServer, type RequestListener } from 'node:http';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { AwsCaller } from '../../src/aws/caller.ts';
import { AwsError, MALFORMED, NO_ANSWER, NO_CREDENTIALS } from '../../src/aws/errors.ts';
import { sdkCaller } from '../../src/aws/sdk-caller.ts';
import { NOT_SENT } from '../../src/aws/sdk-errors.ts';
import { LIMITS } from '../../src/base/limits.ts';
import { type WireRequest, type WireServer, wireServer } from '../../src/lab/wire/server.ts';
import { awsEnvironment, restoreEnvironment, useEnvironment } from '../lab/wire/environment.ts';

const TOKYO = 'ap-northeast-1';
const SEOUL = 'ap-northeast-2';
const closers: (() => unknown)[] = [];

afterEach(async () => {
  restoreEnvironment();
  for (const close of closers.splice(0)) await close();
});

async function start(handle: (request: WireRequest) => Promise<{ output: object }>): Promise<WireServer> {
  const server = await wireServer({ handle });
  closers.push(() => server.close());
  return server;
}

/** Takes connections and never says anything: a region that swallows packets. */
async function blackHole(): Promise<string> {
  const server: Server = createServer((socket) => {
    // Reading is what makes it notice that the client has gone.
    socket.on('error', () => undefined).resume();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()));
  closers.push(() => new Promise((resolve) => server.close(resolve)));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** HTTP as it is, for what `start` cannot do. */
async function plainHttp(answer: RequestListener): Promise<{ url: string; connections: () => number }> {
  let connections = 0;
  const server = createHttpServer(answer).on('connection', () => connections++);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()));
  closers.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, connections: () => connections };
}

/** What a call may take that asks for nothing else, until the end of the test. */
function usualLimit(ms: number): void {
  const { awsCallMs } = LIMITS;
  Object.assign(LIMITS, { awsCallMs: ms });
  closers.push(() => Object.assign(LIMITS, { awsCallMs }));
}

async function refusedPort(): Promise<string> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return `http://127.0.0.1:${port}`;
}

async function failure(work: Promise<unknown>): Promise<AwsError> {
  const error: unknown = await work.then(
    () => 'it succeeded',
    (e: unknown) => e,
  );
  expect(error).toBeInstanceOf(AwsError);
  return error as AwsError;
}

const describeInstances = (aws: AwsCaller, more: { region?: string; timeoutMs?: number; signal?: AbortSignal } = {}) =>
  aws.call({ service: 'rds', region: TOKYO, operation: 'DescribeDBInstances', input: {}, ...more });
const promote = (aws: AwsCaller, timeoutMs: number) => {
  const input = { DBInstanceIdentifier: 'x' };
  return aws.call({ service: 'rds', region: TOKYO, operation: 'PromoteReadReplica', input, timeoutMs });
};

describe('an answer', () => {
  it('says what time it is at AWS', async () => {
    const server = await start(() => Promise.resolve({ output: { DBInstances: [] } }));
    useEnvironment(awsEnvironment({ AWS_ENDPOINT_URL: server.url }));
    const began = Math.floor(Date.now() / 1000) * 1000;
    const { at } = await describeInstances(sdkCaller());
    expect(at).toBeGreaterThanOrEqual(began);
    expect(at).toBeLessThanOrEqual(Date.now());
  });

  it.each([undefined, 'soon'])('without a time that can be read (%s) is an answer all the same', async (date) => {
    const { url } = await plainHttp((_request, response) => {
      response.sendDate = false;
      if (date !== undefined) response.setHeader('date', date);
      response.end('<GetCallerIdentityResponse><GetCallerIdentityResult><Account>42</Account></GetCallerIdentityResult></GetCallerIdentityResponse>');
    });
    useEnvironment(awsEnvironment({ AWS_ENDPOINT_URL: url }));
    const answer = await sdkCaller().call({ service: 'sts', region: TOKYO, operation: 'GetCallerIdentity', input: {} });
    expect(answer).toMatchObject({ output: { Account: '42' }, at: undefined });
  });
});

describe('the body of an object', () => {
  const getObject = (aws: AwsCaller, timeoutMs: number) =>
    aws.call({ service: 's3', region: TOKYO, operation: 'GetObject', input: { Bucket: 'b', Key: 'k' }, timeoutMs });

  it('that comes in pieces is whole once the call has answered, and can be read more than once', async () => {
    const { url } = await plainHttp((_request, response) => {
      response.writeHead(200, { 'content-length': 10, etag: '"e"' }).write('first');
      setTimeout(() => response.end(' last'), 20);
    });
    useEnvironment(awsEnvironment({ AWS_ENDPOINT_URL: url }));
    const { output } = await getObject(sdkCaller(), 5_000);
    expect(output).toMatchObject({ ETag: '"e"', ContentLength: 10 });
    expect(await output.Body?.transformToString()).toBe('first last');
    expect(Buffer.from((await output.Body?.transformToByteArray()) ?? []).toString()).toBe('first last');
  });

  it('that stops half-way is no answer', async () => {
    const { url } = await plainHttp((_request, response) => void response.writeHead(200, { 'content-length': 10 }).write('first'));
    useEnvironment(awsEnvironment({ AWS_ENDPOINT_URL: url }));
    expect(await failure(getObject(sdkCaller(), 150))).toMatchObject({ code: NO_ANSWER, kind: 'retryable' });
  });
});

describe('connections', () => {
  it('are kept, and shared by the services of a region and by no other region', async () => {
    const { url, connections } = await plainHttp((_request, response) => response.end('<R/>'));
    useEnvironment(awsEnvironment({ AWS_ENDPOINT_URL: url }));
    const aws = sdkCaller();
    await describeInstances(aws);
    await describeInstances(aws);
    await aws.call({ service: 'sts', region: TOKYO, operation: 'GetCallerIdentity', input: {} });
    expect(connections()).toBe(1);
    await describeInstances(aws, { region: SEOUL });
    expect(connections()).toBe(2);
  });

  it('have no upper limit: no call waits for the answer to another', async () => {
    const all = Promise.withResolvers();
    let asked = 0;
    const { url } = await plainHttp((_request, response) => {
      asked += 1;
      if (asked === 60) all.resolve(undefined);
      void all.promise.then(() => response.end('<R/>'));
    });
    useEnvironment(awsEnvironment({ AWS_ENDPOINT_URL: url }));
    const aws = sdkCaller();
    await Promise.all(Array.from({ length: 60 }, () => describeInstances(aws, { timeoutMs: 5_000 })));
    expect(asked).toBe(60);
  });
});

describe('no answer', () => {
  it('a black hole ends with the timeout: a read may be tried again, a mutation may have happened', async () => {
    useEnvironment(awsEnvironment({ AWS_ENDPOINT_URL: await blackHole() }));
    const aws = sdkCaller();
    const read = await failure(describeInstances(aws, { timeoutMs: 150 }));
    expect(read).toMatchObject({ code: NO_ANSWER, kind: 'retryable', unreachable: true, httpStatus: undefined });
    expect(read.message).toContain(`rds.DescribeDBInstances in ${TOKYO}: no answer within 150 ms`);
    expect(await failure(promote(aws, 150))).toMatchObject({ code: NO_ANSWER, kind: 'unknown' });
  });

  it('a refused port is given as such', async () => {
    useEnvironment(awsEnvironment({ AWS_ENDPOINT_URL: await refusedPort() }));
    const error = await failure(describeInstances(sdkCaller(), { timeoutMs: 60_000 }));
    expect(error).toMatchObject({ code: NO_ANSWER, kind: 'retryable' });
    expect(error.message).toContain('ECONNREFUSED');
  });

  it('a host that does not exist', async () => {
    useEnvironment(awsEnvironment({ AWS_ENDPOINT_URL: 'http://nowhere.invalid' }));
    expect(await failure(describeInstances(sdkCaller()))).toMatchObject({ code: NO_ANSWER });
  });

  it('a connection dropped half-way, and an answer that is cut off', async () => {
    const half = createServer((socket) => {
      socket.on('error', () => undefined);
      socket.once('data', () => socket.end('HTTP/1.1 200 OK\r\ncontent-length: 500\r\n\r\n<DescribeDB'));
    });
    await new Promise<void>((resolve) => half.listen(0, '127.0.0.1', () => resolve()));
    closers.push(() => new Promise((resolve) => half.close(resolve)));
    useEnvironment(awsEnvironment({ AWS_ENDPOINT_URL: `http://127.0.0.1:${(half.address() as AddressInfo).port}` }));
    const aws = sdkCaller();
    expect(await failure(describeInstances(aws))).toMatchObject({ code: NO_ANSWER, kind: 'retryable' });
    expect(await failure(promote(aws, 5000))).toMatchObject({ code: NO_ANSWER, kind: 'unknown' });
  });

  it('an answer that is no XML at all leaves open whether a mutation was made, and does not say that nobody is there', async () => {
    const odd = createServer((socket) => {
      socket.on('error', () => undefined);
      socket.once('data', () => socket.end('HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n<oops'));
    });
    await new Promise<void>((resolve) => odd.listen(0, '127.0.0.1', () => resolve()));
    closers.push(() => new Promise((resolve) => odd.close(resolve)));
    useEnvironment(awsEnvironment({ AWS_ENDPOINT_URL: `http://127.0.0.1:${(odd.address() as AddressInfo).port}` }));
    expect(await failure(promote(sdkCaller(), 5000))).toMatchObject({ code: MALFORMED, kind: 'unknown', unreachable: false });
  });

  it('a dead region holds up no other', async () => {
    const server = await start(({ region }) =>
      region === SEOUL ? new Promise(() => undefined) : Promise.resolve({ output: { DBInstances: [] } }),
    );
    useEnvironment(awsEnvironment({ AWS_ENDPOINT_URL: server.url }));
    const aws = sdkCaller();
    const stop = new AbortController();
    const stuck = Array.from({ length: 60 }, () =>
      describeInstances(aws, { region: SEOUL, timeoutMs: 60_000, signal: stop.signal }).catch((e: unknown) => e),
    );
    await expect(describeInstances(aws)).resolves.toMatchObject({ output: { DBInstances: [] } });
    stop.abort(new Error('enough'));
    expect(new Set(await Promise.all(stuck))).toEqual(new Set([stop.signal.reason]));
  });
});

describe('the caller', () => {
  it('its own abort is thrown as it is, before and during the call', async () => {
    useEnvironment(awsEnvironment({ AWS_ENDPOINT_URL: await blackHole() }));
    const aws = sdkCaller();
    const reason = new Error('Ctrl-C');
    await expect(describeInstances(aws, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    const stop = new AbortController();
    const waiting = describeInstances(aws, { signal: stop.signal, timeoutMs: 60_000 });
    stop.abort(reason);
    await expect(waiting).rejects.toBe(reason);
  });

  it('gives a call longer than the default where it asks for that', async () => {
    usualLimit(200);
    const server = await start(() => new Promise((resolve) => setTimeout(() => resolve({ output: { DBInstances: [] } }), 300)));
    useEnvironment(awsEnvironment({ AWS_ENDPOINT_URL: server.url }));
    await expect(describeInstances(sdkCaller(), { timeoutMs: 5_000 })).resolves.toMatchObject({ output: { DBInstances: [] } });
  });

  it('hangs up when the time of a call is over', async () => {
    const left = Promise.withResolvers();
    const server = await start(({ signal }) => {
      signal.addEventListener('abort', () => left.resolve(undefined));
      return new Promise(() => undefined);
    });
    useEnvironment(awsEnvironment({ AWS_ENDPOINT_URL: server.url }));
    await failure(describeInstances(sdkCaller(), { timeoutMs: 1_000 }));
    // The server sees it, and not only the caller.
    await left.promise;
  });

  it('tries again to load a client that it could not load once', async () => {
    const module = '@aws-sdk/client-kms';
    const server = await start(() => Promise.resolve({ output: { Keys: [] } }));
    useEnvironment(awsEnvironment({ AWS_ENDPOINT_URL: server.url }));
    const aws = sdkCaller();
    const keys = () => aws.call({ service: 'kms', region: TOKYO, operation: 'DescribeKey', input: { KeyId: 'k' } });
    vi.doMock(module, () => {
      throw new Error('too many open files');
    });
    expect(await failure(keys())).toMatchObject({ code: NOT_SENT });
    vi.doUnmock(module);
    await expect(keys()).resolves.toMatchObject({ output: {} });
  });

  it('makes one attempt, whatever the SDK is set to', async () => {
    let calls = 0;
    const server = await start(({ service, operation, region }) => {
      calls++;
      const parts = { service, operation, region, message: 'try later' };
      return Promise.reject(new AwsError({ ...parts, code: 'Throttling', httpStatus: 400 }));
    });
    const extra = { AWS_ENDPOINT_URL: server.url, AWS_MAX_ATTEMPTS: '5', AWS_RETRY_MODE: 'adaptive' };
    useEnvironment(awsEnvironment(extra));
    expect(await failure(describeInstances(sdkCaller()))).toMatchObject({ code: 'Throttling', kind: 'retryable' });
    expect(calls).toBe(1);
  });

  it.each(['localhost', 'http://', 'http://x:99999'])('an endpoint that is no URL (%s) is a fault of this machine, and not the silence of a region', async (url) => {
    useEnvironment(awsEnvironment({ AWS_ENDPOINT_URL: url }));
    expect(await failure(describeInstances(sdkCaller()))).toMatchObject({ code: NOT_SENT, kind: 'terminal', unreachable: false });
  });

  it('an input that cannot be sent did not happen', async () => {
    useEnvironment(awsEnvironment({ AWS_ENDPOINT_URL: await refusedPort() }));
    const request = { service: 'route53', region: 'us-east-1', operation: 'GetHostedZone', input: {} };
    const error = await failure(sdkCaller().call(request as never));
    expect(error).toMatchObject({ code: NOT_SENT, kind: 'terminal' });
  });
});

describe("the SDK's standard settings", () => {
  it('an endpoint of one service goes before the general one', async () => {
    const rds = await start(() => Promise.resolve({ output: { DBInstances: [{ DBInstanceIdentifier: 'rds' }] } }));
    const all = await start(() => Promise.resolve({ output: { Account: '42' } }));
    useEnvironment(awsEnvironment({ AWS_ENDPOINT_URL: all.url, AWS_ENDPOINT_URL_RDS: rds.url }));
    const aws = sdkCaller();
    expect((await describeInstances(aws)).output.DBInstances?.[0]?.DBInstanceIdentifier).toBe('rds');
    const who = await aws.call({ service: 'sts', region: TOKYO, operation: 'GetCallerIdentity', input: {} });
    expect(who.output.Account).toBe('42');
  });

  it('a profile of the shared files is used: its key, its endpoint', async () => {
    const server = await start(() => Promise.resolve({ output: { DBInstances: [] } }));
    const environment = awsEnvironment({ AWS_PROFILE: 'ops' });
    delete environment.AWS_ACCESS_KEY_ID;
    delete environment.AWS_SECRET_ACCESS_KEY;
    const config = environment.AWS_CONFIG_FILE ?? '';
    writeFileSync(config, `[profile ops]\nendpoint_url = ${server.url}\n`);
    const credentials = '[ops]\naws_access_key_id = AKIDOPS\naws_secret_access_key = hidden-ops\n';
    writeFileSync(environment.AWS_SHARED_CREDENTIALS_FILE ?? '', credentials);
    useEnvironment(environment);
    await expect(describeInstances(sdkCaller())).resolves.toMatchObject({ output: { DBInstances: [] } });
  });

  it('credentials are looked up once for the clients of all services and regions', async () => {
    const calls: string[] = [];
    const server = await start(({ service, region, operation }) => {
      calls.push(`${service}.${operation}@${region}`);
      return Promise.resolve({ output: {} });
    });
    const environment = awsEnvironment({ AWS_ENDPOINT_URL: server.url, AWS_PROFILE: 'role' });
    const command = `${process.execPath} -e "require('fs').appendFileSync(process.env.COUNT,'x');console.log(JSON.stringify({Version:1,AccessKeyId:'AKIDP',SecretAccessKey:'s'}))"`;
    delete environment.AWS_ACCESS_KEY_ID;
    delete environment.AWS_SECRET_ACCESS_KEY;
    const count = `${environment.AWS_CONFIG_FILE ?? ''}.count`;
    writeFileSync(environment.AWS_CONFIG_FILE ?? '', `[profile role]\ncredential_process = ${command}\n`);
    useEnvironment({ ...environment, COUNT: count });
    const aws = sdkCaller();
    await Promise.all([
      describeInstances(aws),
      aws.call({ service: 'sts', region: TOKYO, operation: 'GetCallerIdentity', input: {} }),
      aws.call({ service: 'autoscaling', region: TOKYO, operation: 'DescribeAutoScalingGroups', input: {} }),
    ]);
    await describeInstances(aws, { region: SEOUL });
    expect(readFileSync(count, 'utf8')).toBe('x');
    expect(calls).toHaveLength(4);
  });

  it('credentials that end within minutes are looked up again for the next call', async () => {
    const server = await start(() => Promise.resolve({ output: { DBInstances: [] } }));
    const environment = awsEnvironment({ AWS_ENDPOINT_URL: server.url, AWS_PROFILE: 'role' });
    delete environment.AWS_ACCESS_KEY_ID;
    delete environment.AWS_SECRET_ACCESS_KEY;
    const count = `${environment.AWS_CONFIG_FILE ?? ''}.count`;
    const key = JSON.stringify({ Version: 1, AccessKeyId: 'AKIDP', SecretAccessKey: 's', Expiration: new Date(Date.now() + 60_000) });
    writeFileSync(environment.AWS_CONFIG_FILE ?? '', `[profile role]\ncredential_process = printf x >> "$COUNT"; echo '${key}'\n`);
    useEnvironment({ ...environment, COUNT: count });
    const aws = sdkCaller();
    await describeInstances(aws);
    const first = readFileSync(count, 'utf8').length;
    await describeInstances(aws);
    expect(readFileSync(count, 'utf8').length).toBeGreaterThan(first);
  });

  it('a role whose STS says nothing ends as every call does, also where the call that needs it may take longer', async () => {
    usualLimit(40);
    const environment = awsEnvironment({ AWS_ENDPOINT_URL: await blackHole(), AWS_PROFILE: 'role' });
    delete environment.AWS_ACCESS_KEY_ID;
    delete environment.AWS_SECRET_ACCESS_KEY;
    const source = '[base]\naws_access_key_id = AKIDBASE\naws_secret_access_key = s\n';
    writeFileSync(environment.AWS_CONFIG_FILE ?? '', '[profile role]\nrole_arn = arn:aws:iam::111122223333:role/dr\nsource_profile = base\n');
    writeFileSync(environment.AWS_SHARED_CREDENTIALS_FILE ?? '', source);
    useEnvironment(environment);
    expect((await failure(describeInstances(sdkCaller(), { timeoutMs: 3_000 }))).message).toMatch(/the configured .*40 ms/);
  });

  it('no credentials anywhere', async () => {
    const server = await start(() => Promise.resolve({ output: {} }));
    const environment = awsEnvironment({ AWS_ENDPOINT_URL: server.url });
    delete environment.AWS_ACCESS_KEY_ID;
    delete environment.AWS_SECRET_ACCESS_KEY;
    useEnvironment(environment);
    expect(await failure(describeInstances(sdkCaller()))).toMatchObject({
      code: NO_CREDENTIALS,
      isCredentials: true,
      kind: 'terminal',
    });
  });
});

describe('a process', () => {
  const child = (script: string, env: Record<string, string>) =>
    new Promise<{ code: number | null; out: string }>((resolve, reject) => {
      const started = spawn(process.execPath, ['--input-type=module', '-e', script], {
        env: { PATH: process.env.PATH ?? '', ...env },
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      let out = '';
      started.stdout.setEncoding('utf8').on('data', (text: string) => (out += text));
      started.once('error', reject);
      started.once('close', (code) => resolve({ code, out }));
    });
  const caller = new URL('../../src/aws/sdk-caller.ts', import.meta.url).href;

  it('ends once its calls are done, though the connections would live on', async () => {
    const server = await start(() => Promise.resolve({ output: { Account: '42' } }));
    const script = `
      const { sdkCaller } = await import('${caller}');
      const call = { service: 'sts', region: 'ap-northeast-1', operation: 'GetCallerIdentity', input: {} };
      console.log((await sdkCaller().call(call)).output.Account);`;
    expect(await child(script, awsEnvironment({ AWS_ENDPOINT_URL: server.url }))).toEqual({ code: 0, out: '42\n' });
  });

  it('loads no client of AWS before the first call, and then only that one', async () => {
    const server = await start(() => Promise.resolve({ output: {} }));
    const script = `
      import { createRequire } from 'node:module';
      const loaded = () => Object.keys(createRequire('${caller}').cache ?? {})
        .flatMap((file) => /@aws-sdk.(client-[a-z0-9-]+)/.exec(file)?.[1] ?? []);
      const { sdkCaller } = await import('${caller}');
      const aws = sdkCaller();
      const before = loaded();
      await aws.call({ service: 'rds', region: 'ap-northeast-1', operation: 'DescribeDBInstances', input: {} });
      console.log(JSON.stringify([before, [...new Set(loaded())]]));`;
    const { out } = await child(script, awsEnvironment({ AWS_ENDPOINT_URL: server.url }));
    expect(JSON.parse(out)).toEqual([[], ['client-rds']]);
  });
});

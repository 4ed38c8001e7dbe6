import { connect } from 'node:net';
import { Readable } from 'node:stream';
import { afterEach, describe, expect, it } from 'vitest';
import { AwsError, NO_ANSWER } from '../../../src/aws/errors.ts';
import type { Service } from '../../../src/aws/operations.ts';
import { sdkCaller } from '../../../src/aws/sdk-caller.ts';
import { type WireOptions, type WireRequest, type WireServer, wireServer } from '../../../src/lab/wire/server.ts';
import { awsEnvironment, restoreEnvironment, useEnvironment } from './environment.ts';

let open: WireServer[] = [];

afterEach(async () => {
  await Promise.all(open.map((server) => server.close()));
  open = [];
  restoreEnvironment();
});

async function start(handle: WireOptions['handle'], more: Partial<WireOptions> = {}) {
  const seen: WireRequest[] = [];
  const server = await wireServer({
    handle: (request) => {
      seen.push(request);
      return handle(request);
    },
    ...more,
  });
  open.push(server);
  return { server, seen };
}

function signed(service: string, region = 'ap-northeast-1'): Record<string, string> {
  const scope = `AKIDEXAMPLE/20261120/${region}/${service}/aws4_request`;
  return { authorization: `AWS4-HMAC-SHA256 Credential=${scope}, SignedHeaders=host, Signature=00` };
}

async function post(server: WireServer, service: string, body: string, headers: Record<string, string> = {}) {
  const type = { 'content-type': 'application/x-www-form-urlencoded' };
  const response = await fetch(server.url, { method: 'POST', body, headers: { ...type, ...signed(service), ...headers } });
  return { status: response.status, headers: response.headers, text: await response.text() };
}

const refuse = (code: string, message = 'no') => ({ service, operation, region }: WireRequest) =>
  Promise.reject(new AwsError({ service, operation, region, code, message, requestId: 'rq-1' }));

describe('errors are written as AWS writes them', () => {
  it('Query: ErrorResponse, with the status of the error of that name', async () => {
    const { server } = await start(refuse('DBInstanceNotFoundFault'));
    const answer = await post(server, 'rds', 'Action=DescribeDBInstances&Version=2014-10-31');
    expect(answer.status).toBe(404);
    expect(answer.headers.get('x-amzn-requestid')).toBe('rq-1');
    expect(answer.text).toContain(
      '<ErrorResponse xmlns="http://rds.amazonaws.com/doc/2014-10-31/"><Error><Type>Sender</Type>' +
        '<Code>DBInstanceNotFound</Code><Message>no</Message></Error><RequestId>rq-1</RequestId></ErrorResponse>',
    );
  });

  it('EC2: Response, Errors, RequestID', async () => {
    const { server } = await start(refuse('InvalidInstanceID.NotFound'));
    const answer = await post(server, 'ec2', 'Action=DescribeInstances&Version=2016-11-15');
    expect(answer.status).toBe(400);
    expect(answer.text).toContain(
      '<Response><Errors><Error><Code>InvalidInstanceID.NotFound</Code><Message>no</Message></Error></Errors>' +
        '<RequestID>rq-1</RequestID></Response>',
    );
  });

  it('JSON: __type, and the code of Query for clients that ask for it', async () => {
    const { server } = await start(refuse('InvalidParameterValue'));
    const answer = await post(server, 'monitoring', '{"MetricDataQueries":[]}', {
      'content-type': 'application/x-amz-json-1.0',
      'x-amz-target': 'GraniteServiceVersion20100801.GetMetricData',
      'x-amzn-query-mode': 'true',
    });
    expect(answer.status).toBe(400);
    expect(answer.headers.get('x-amzn-query-error')).toBe('InvalidParameterValue;Sender');
    expect(JSON.parse(answer.text)).toEqual({ __type: 'InvalidParameterValue', message: 'no' });
  });

  it('S3: Error, and nothing at all for HEAD', async () => {
    const { server } = await start(refuse('NoSuchKey'));
    const got = await fetch(`${server.url}/b/k`, { headers: signed('s3') });
    expect(got.status).toBe(404);
    expect(await got.text()).toContain('<Error><Code>NoSuchKey</Code><Message>no</Message><Resource>/b/k</Resource>');
    const head = await fetch(`${server.url}/b/k`, { method: 'HEAD', headers: signed('s3') });
    expect([head.status, await head.text(), head.headers.get('x-amz-request-id')]).toEqual([404, '', 'rq-1']);
  });

  it.each([
    ['rds', 'Action=DescribeDBClusters&Version=2014-10-31', 400, 'the lab of dr does not serve rds DescribeDBClusters'],
    ['rds', 'Action=constructor', 400, 'does not serve rds constructor'],
    ['cloudformation', 'Action=ListUsers', 400, 'does not serve the service cloudformation'],
    ['rds', 'Version=2014-10-31', 400, 'names no Action'],
    ['rds', 'Action=DescribeDBInstances&MaxRecords=many', 400, 'MaxRecords must be a number'],
    ['rds', `Action=DescribeDBInstances&${'a.'.repeat(40)}=1`, 400, 'too deep'],
    ['sns', `Action=Publish&Message=${'x'.repeat(9 * 1024 * 1024)}`, 413, 'a request body may have 8388608 bytes'],
  ])('refuses of %s: %#', async (service, body, status, message) => {
    const { server, seen } = await start(() => Promise.resolve({ output: {} }));
    const answer = await post(server, service, body);
    expect(answer.status).toBe(status);
    expect(answer.text).toContain(message);
    expect(seen).toEqual([]);
  });

  it('refuses a request that is not signed', async () => {
    const { server } = await start(() => Promise.resolve({ output: {} }));
    const response = await fetch(server.url, { method: 'POST', body: 'Action=DescribeDBInstances' });
    expect([response.status, (await response.text()).includes('MissingAuthenticationToken')]).toEqual([403, true]);
  });

  it('tells a defect of the handler from an error of AWS', async () => {
    const defects: unknown[] = [];
    const bug = new TypeError('a bug');
    const { server } = await start(() => Promise.reject(bug), { onDefect: (error) => defects.push(error) });
    const answer = await post(server, 'rds', 'Action=DescribeDBInstances');
    expect(answer.status).toBe(500);
    expect(answer.text).not.toContain('a bug');
    expect(defects).toEqual([bug]);
  });
});

describe('requests', () => {
  it('CloudWatch is served in Query too', async () => {
    const at = new Date('2026-11-20T10:00:00Z');
    const output = { MetricDataResults: [{ Id: 'm1', Timestamps: [at], Values: [3] }] };
    const { server, seen } = await start(() => Promise.resolve({ output }));
    const query = 'MetricDataQueries.member.1.Id=m1&MetricDataQueries.member.1.MetricStat.Period=60';
    const body = `Action=GetMetricData&Version=2010-08-01&StartTime=2026-11-20T09%3A00%3A00Z&${query}`;
    const answer = await post(server, 'monitoring', body);
    expect(seen[0]?.input).toEqual({
      StartTime: new Date('2026-11-20T09:00:00Z'),
      MetricDataQueries: [{ Id: 'm1', MetricStat: { Period: 60 } }],
    });
    expect(answer.text).toContain('<Timestamps><member>2026-11-20T10:00:00.000Z</member></Timestamps>');
  });

  it('takes the chunks and the trailing checksum off a streamed S3 body', async () => {
    const { server, seen } = await start(() => Promise.resolve({ output: { ETag: '"1"' } }));
    useEnvironment(awsEnvironment({ AWS_ENDPOINT_URL: server.url }));
    const bytes = Buffer.alloc(200_000, 'tokyo\r\n');
    const Body = Readable.from([bytes.subarray(0, 70_000), bytes.subarray(70_000)], { objectMode: false });
    const input = { Bucket: 'b', Key: 'k', Body, ContentLength: bytes.length, ContentType: 'text/plain' };
    await sdkCaller().call({ service: 's3', region: 'ap-northeast-1', operation: 'PutObject', input });
    const arrived = seen[0]?.input;
    expect((arrived?.Body as Buffer).equals(bytes)).toBe(true);
    expect(arrived).toEqual({ Bucket: 'b', Key: 'k', Body: bytes, ContentType: 'text/plain' });
  });

  it.each([
    ['a wrong checksum', '5\r\nhello\r\n0\r\nx-amz-checksum-crc32:AAAAAA==\r\n\r\n', 'BadDigest'],
    ['a chunk that is cut off', 'ff\r\nhello', 'IncompleteBody'],
    ['no chunks', 'hello', 'IncompleteBody'],
  ])('refuses %s', async (_name, body, code) => {
    const { server, seen } = await start(() => Promise.resolve({ output: {} }));
    const headers = { ...signed('s3'), 'content-encoding': 'aws-chunked' };
    const response = await fetch(`${server.url}/b/k`, { method: 'PUT', body, headers });
    expect([response.status, (await response.text()).includes(code)]).toEqual([400, true]);
    expect(seen).toEqual([]);
  });
});

describe('connections', () => {
  it('stays silent while the handler does, and tells it when the client leaves', async () => {
    let left = (_reason: unknown): void => undefined;
    const gone = new Promise((resolve) => (left = resolve));
    let arrived = (): void => undefined;
    const called = new Promise<void>((resolve) => (arrived = resolve));
    const defects: unknown[] = [];
    const handle = ({ signal }: WireRequest) => {
      arrived();
      return new Promise<never>((_resolve, reject) => {
        signal.addEventListener('abort', () => {
          reject(signal.reason as Error);
          left(signal.reason);
        });
      });
    };
    const { server } = await start(handle, { onDefect: (error) => defects.push(error) });
    const client = new AbortController();
    const request = fetch(server.url, {
      method: 'POST',
      body: 'Action=GetCallerIdentity',
      headers: { ...signed('sts'), 'content-type': 'application/x-www-form-urlencoded' },
      signal: client.signal,
    });
    await called;
    client.abort();
    await expect(request).rejects.toThrow();
    await expect(gone).resolves.toBeInstanceOf(Error);
    await server.close();
    expect(defects).toEqual([]);
  });

  it('drops the connection where the handler has no answer', async () => {
    const { server } = await start(refuse(NO_ANSWER));
    await expect(post(server, 'rds', 'Action=DescribeDBInstances')).rejects.toThrow();
  });

  it('close() ends a connection that waits for an answer', async () => {
    let arrived = (): void => undefined;
    const called = new Promise<void>((resolve) => (arrived = resolve));
    const { server } = await start(() => {
      arrived();
      return new Promise(() => undefined);
    });
    const waiting = post(server, 'rds', 'Action=DescribeDBInstances').catch((error: unknown) => error);
    await called;
    await server.close();
    await expect(waiting).resolves.toBeInstanceOf(Error);
    await expect(fetch(server.url)).rejects.toThrow();
  });

  it('survives bytes that are no request', async () => {
    const { server } = await start(() => Promise.resolve({ output: { Account: '1' } }));
    const socket = connect(server.port, '127.0.0.1');
    await new Promise((resolve) => {
      socket.on('error', resolve).on('close', resolve).resume();
      socket.write('\x16\x03\x01 no http\r\n\r\n');
    });
    expect((await post(server, 'sts', 'Action=GetCallerIdentity')).status).toBe(200);
  });

  it('several operations of one region run at once', async () => {
    const waiting: (() => void)[] = [];
    const { server } = await start(
      () =>
        new Promise((resolve) => {
          waiting.push(() => resolve({ output: {} }));
          if (waiting.length === 8) for (const go of waiting) go();
        }),
    );
    useEnvironment(awsEnvironment({ AWS_ENDPOINT_URL: server.url }));
    const aws = sdkCaller();
    const region = 'ap-northeast-1';
    const services: Service[] = Array.from({ length: 8 }, () => 'rds');
    await Promise.all(
      services.map(() => aws.call({ service: 'rds', region, operation: 'DescribeDBInstances', input: {} })),
    );
    expect(waiting).toHaveLength(8);
  });
});

import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { DescribeDBInstancesCommand, RDSClient } from '@aws-sdk/client-rds';
import { ChangeResourceRecordSetsCommand, Route53Client } from '@aws-sdk/client-route-53';
import { HeadObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { mockClient } from 'aws-sdk-client-mock';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import { AwsError } from '../../src/aws/errors.ts';
import { sdkCaller } from '../../src/aws/sdk-caller.ts';
import { toAwsError } from '../../src/aws/sdk-errors.ts';
import { awsEnvironment, restoreEnvironment, useEnvironment } from '../lab/wire/environment.ts';

const rds = mockClient(RDSClient);
let route53 = mockClient(Route53Client);
const s3 = mockClient(S3Client);

beforeEach(() => useEnvironment(awsEnvironment({})));
// The clients are shared with other files of this worker.
afterAll(() => {
  for (const mock of [rds, route53, s3]) mock.restore();
});

afterEach(() => {
  for (const mock of [rds, route53, s3]) mock.reset();
  restoreEnvironment();
});

const describeInstances = () =>
  sdkCaller().call({ service: 'rds', region: 'ap-northeast-1', operation: 'DescribeDBInstances', input: { MaxRecords: 20 } });
const thrown = (fields: object) => Object.assign(new Error('said by the service'), fields);
const failed = (work: Promise<unknown>) => work.then(() => undefined, (error: unknown) => error);

describe('sdkCaller', () => {
  it('hands the input to the SDK and keeps the metadata out of the output', async () => {
    rds.on(DescribeDBInstancesCommand).resolves({ DBInstances: [], $metadata: { requestId: 'rq' } });
    expect(await describeInstances()).toEqual({ output: { DBInstances: [] }, requestId: 'rq' });
    expect(rds.commandCalls(DescribeDBInstancesCommand, { MaxRecords: 20 })).toHaveLength(1);
    rds.on(DescribeDBInstancesCommand).resolves({ DBInstances: [] });
    expect(await describeInstances()).toEqual({ output: { DBInstances: [] } });
  });

  it('has one client a service and region', async () => {
    rds.on(DescribeDBInstancesCommand).resolves({ DBInstances: [] });
    const aws = sdkCaller();
    for (const region of ['ap-northeast-1', 'ap-northeast-1', 'ap-northeast-2', 'ap-northeast-1']) await aws.call({ service: 'rds', region, operation: 'DescribeDBInstances', input: {} });
    const [first, second, other, third] = rds.commandCalls(DescribeDBInstancesCommand).map((call) => call.thisValue as unknown);
    expect([second === first, other === first, third === first]).toEqual([true, false, true]);
  });

  it("takes AWS's code and not the SDK's class name", async () => {
    rds.on(DescribeDBInstancesCommand).rejects(
      thrown({ name: 'DBInstanceNotFoundFault', Code: 'DBInstanceNotFound', $metadata: { httpStatusCode: 404, requestId: 'rq' } }),
    );
    expect(await failed(describeInstances())).toMatchObject({
      code: 'DBInstanceNotFound',
      httpStatus: 404,
      requestId: 'rq',
      kind: 'terminal',
      message: 'rds.DescribeDBInstances in ap-northeast-1: DBInstanceNotFound: said by the service',
    });
  });

  it.each([
    ['Throttling', 400, 'retryable'],
    ['PriorRequestNotComplete', 400, 'retryable'],
    ['InvalidChangeBatch', 400, 'terminal'],
    ['AccessDenied', 403, 'terminal'],
    ['ServiceUnavailable', 503, 'unknown'],
  ])('a mutation that fails with %s (%i) is %s', async (code, httpStatusCode, kind) => {
    route53.on(ChangeResourceRecordSetsCommand).rejects(thrown({ name: code, $metadata: { httpStatusCode } }));
    const input = { HostedZoneId: 'Z', ChangeBatch: { Changes: [] } };
    const work = sdkCaller().call({ service: 'route53', region: 'us-east-1', operation: 'ChangeResourceRecordSets', input });
    expect(await failed(work)).toMatchObject({ code, kind, httpStatus: httpStatusCode });
  });

  it.each([
    [304, 'NotModified'],
    [403, 'AccessDenied'],
    [404, 'NotFound'],
    [412, 'PreconditionFailed'],
  ])('HEAD has no body: status %i is %s', async (httpStatusCode, code) => {
    s3.on(HeadObjectCommand).rejects(thrown({ name: 'Unknown', $metadata: { httpStatusCode, requestId: 'r-1' } }));
    const input = { Bucket: 'b', Key: 'k' };
    const work = sdkCaller().call({ service: 's3', region: 'eu-west-1', operation: 'HeadObject', input });
    expect(await failed(work)).toMatchObject({ code, httpStatus: httpStatusCode });
  });

  it('a 404 to HEAD without S3\'s request id does not say that there is no object', async () => {
    s3.on(HeadObjectCommand).rejects(thrown({ name: 'NotFound', $metadata: { httpStatusCode: 404 } }));
    const work = sdkCaller().call({ service: 's3', region: 'eu-west-1', operation: 'HeadObject', input: { Bucket: 'b', Key: 'k' } });
    expect(await failed(work)).toMatchObject({ code: 'MalformedAnswer', httpStatus: 404, kind: 'retryable' });
  });

  it.each([
    [403, { name: 'Unknown', message: 'Unknown' }],
    [404, { name: 'NotFound', message: 'NotFound' }],
    [302, { name: 'SyntaxError', message: 'Unexpected token <' }],
  ])('HTTP %i with a page in it is no refusal of AWS', async (httpStatusCode, error) => {
    rds.on(DescribeDBInstancesCommand).rejects(thrown({ ...error, $metadata: { httpStatusCode } }));
    expect(await failed(describeInstances())).toMatchObject({ code: 'MalformedAnswer', httpStatus: httpStatusCode, unreachable: false });
  });

  it.each(['ExpiredToken', 'InvalidClientTokenId', 'UnrecognizedClientException'])('%s is about credentials', async (name) => {
    rds.on(DescribeDBInstancesCommand).rejects(thrown({ name, $metadata: { httpStatusCode: 403 } }));
    expect(await failed(describeInstances())).toMatchObject({ code: name, isCredentials: true });
  });
});

describe('a batch that Route 53 refuses', () => {
  const change = () =>
    sdkCaller().call({ service: 'route53', region: 'us-east-1', operation: 'ChangeResourceRecordSets', input: { HostedZoneId: 'Z', ChangeBatch: { Changes: [{ Action: 'DELETE', ResourceRecordSet: { Name: 'a', Type: 'A' } }] } } });
  const metadata = { httpStatusCode: 400, requestId: 'rq' };

  it.each([
    ['messages alone', thrown({ name: 'InvalidChangeBatch', message: '', messages: ['A is there already', 'B was not found'], $metadata: metadata }), 'A is there already; B was not found'],
    ['both', thrown({ name: 'InvalidChangeBatch', message: 'two are wrong', messages: ['A is there already'], $metadata: metadata }), 'two are wrong; A is there already'],
    ['the same twice', thrown({ name: 'InvalidChangeBatch', message: '[A is there already]', messages: ['A is there already'], $metadata: metadata }), '[A is there already]'],
    ['no messages', thrown({ name: 'InvalidChangeBatch', message: '[A is there already]', messages: [], $metadata: metadata }), '[A is there already]'],
  ])('says why: %s', async (_name, error, message) => {
    route53.on(ChangeResourceRecordSetsCommand).rejects(error);
    expect(await failed(change())).toMatchObject({ code: 'InvalidChangeBatch', kind: 'terminal', requestId: 'rq', message: `route53.ChangeResourceRecordSets in us-east-1: InvalidChangeBatch: ${message}` });
  });

  const root = (inner: string) => `<?xml version="1.0"?>\n<InvalidChangeBatch xmlns="https://route53.amazonaws.com/doc/2013-04-01/">${inner}</InvalidChangeBatch>`;
  it.each([
    ['one message', root('<Messages><Message>A was not found</Message></Messages>'), 'A was not found'],
    ['two messages', root('<Messages><Message>A was not found</Message><Message>B is there</Message></Messages><RequestId>r</RequestId>'), 'A was not found; B is there'],
    ['the usual form', '<?xml version="1.0"?>\n<ErrorResponse xmlns="https://route53.amazonaws.com/doc/2013-04-01/"><Error><Type>Sender</Type><Code>InvalidChangeBatch</Code><Message>[A was not found]</Message></Error><RequestId>r</RequestId></ErrorResponse>', '[A was not found]'],
  ])('reads what AWS sends, through the SDK: %s', async (_name, body, message) => {
    await answered(400, 'text/xml', body, async () => {
      expect(await failed(change())).toMatchObject({ code: 'InvalidChangeBatch', kind: 'terminal', httpStatus: 400, requestId: 'rq', message: `route53.ChangeResourceRecordSets in us-east-1: InvalidChangeBatch: ${message}` });
    });
  });

  it('of a page that is no answer says one line, without the hint of the SDK to its programmers', async () => {
    await answered(404, 'text/html', '<!doctype html>\n<html lang=en>\n<title>404 Not Found</title>\n<h1>Not Found</h1>', async () => {
      const error = await failed(change());
      expect(error).toMatchObject({ code: 'MalformedAnswer', httpStatus: 404 });
      expect((error as Error).message).toMatch(/^route53\.ChangeResourceRecordSets in us-east-1: MalformedAnswer: HTTP 404 without an error of AWS in it: [^\n]*\.$/);
      expect((error as Error).message).not.toMatch(/hidden field/);
    });
  });

  /** With a server that answers everything so, which the SDK itself asks. */
  async function answered(status: number, type: string, body: string, work: () => Promise<void>): Promise<void> {
    route53.restore();
    const server = createServer((request, response) => {
      request.resume();
      response.writeHead(status, { 'content-type': type, 'x-amzn-requestid': 'rq' }).end(body);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()));
    useEnvironment(awsEnvironment({ AWS_ENDPOINT_URL: `http://127.0.0.1:${(server.address() as AddressInfo).port}` }));
    try {
      await work();
    } finally {
      server.closeAllConnections();
      server.close();
      route53 = mockClient(Route53Client);
    }
  }
});

describe('toAwsError', () => {
  const call = { service: 'rds', region: 'r', operation: 'DescribeDBInstances' } as const;

  it('reads the request id from the headers where the metadata has none', () => {
    const $response = { statusCode: 500, headers: { 'x-amzn-requestid': 'from-header' } };
    expect(toAwsError(thrown({ $response }), call, true).requestId).toBe('from-header');
  });

  it('never repeats a session token, which AWS quotes when a signature is wrong', () => {
    const message =
      "The request signature we calculated does not match the signature you provided.\n\nThe Canonical String for " +
      "this request should have been\n'POST\n/\n\nx-amz-security-token:FwoGSECRET\n'";
    const error = toAwsError(
      Object.assign(new Error(message), { name: 'SignatureDoesNotMatch', $metadata: { httpStatusCode: 403 } }),
      call,
      true,
    );
    expect(error.message).not.toContain('FwoGSECRET');
    expect(error.message).toContain('does not match the signature');
    const loose = toAwsError(new Error('bad x-amz-security-token: FwoGSECRET, SecretAccessKey="wJalrSECRET"'), call, true);
    expect(loose.message).not.toMatch(/SECRET(?!AccessKey)/);
  });

  it('a role that STS cannot be reached for is no answer; one that STS refuses is no credentials', async () => {
    const { CredentialsFailure } = await import('../../src/aws/credentials.ts');
    const network = new CredentialsFailure(thrown({ code: 'ECONNREFUSED' }));
    expect(toAwsError(network, call, false)).toMatchObject({ code: 'NoAnswer', kind: 'retryable' });
    const refused = new CredentialsFailure(thrown({ name: 'AccessDenied', $metadata: { httpStatusCode: 403 } }));
    expect(toAwsError(refused, call, false)).toMatchObject({ code: 'NoCredentials', isCredentials: true });
  });

  it('takes anything that can be thrown', () => {
    for (const odd of [undefined, null, 'text', 7, {}, [], new AggregateError([new Error('a'), 'b'])]) {
      expect(toAwsError(odd, call, true)).toBeInstanceOf(AwsError);
    }
  });
});

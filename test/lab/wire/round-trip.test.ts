import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { AwsAnswer, AwsCaller } from '../../../src/aws/caller.ts';
import { AwsError } from '../../../src/aws/errors.ts';
import { allOperations } from '../../../src/aws/operation-names.ts';
import type { Service } from '../../../src/aws/operations.ts';
import { sdkCaller } from '../../../src/aws/sdk-caller.ts';
import { type WireRequest, type WireServer, wireServer } from '../../../src/lab/wire/server.ts';
import { CASES } from './cases.ts';
import { awsEnvironment, restoreEnvironment, useEnvironment } from './environment.ts';

type Case = { region: string; input: Record<string, unknown>; output: Record<string, unknown> };
type Handle = (request: WireRequest) => Promise<{ output: object; requestId?: string }>;

const cases = CASES as unknown as Record<string, Record<string, Case | undefined> | undefined>;
const defects: unknown[] = [];
let handle: Handle;
let server: WireServer;
let aws: AwsCaller;

beforeAll(async () => {
  server = await wireServer({ handle: (request) => handle(request), onDefect: (error) => defects.push(error) });
  useEnvironment(awsEnvironment({ AWS_ENDPOINT_URL: server.url }));
  aws = sdkCaller();
});

afterAll(async () => {
  await server.close();
  restoreEnvironment();
  expect(defects).toEqual([]);
});

async function send(service: Service, operation: string, given: Case): Promise<AwsAnswer<Record<string, unknown>>> {
  const request = { service, region: given.region, operation, input: given.input };
  return (await aws.call(request as never)) as AwsAnswer<Record<string, unknown>>;
}

/** What the SDK adds on its own account; S3 only. */
const ADDED_INPUT = ['ChecksumAlgorithm', 'ChecksumCRC32', 'ChecksumMode', 'ContentLength'];
const ADDED_OUTPUT = ['Body', 'ContentLength'];

function without(fields: Record<string, unknown>, names: string[], keep: object): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).filter(([name]) => !names.includes(name) || name in keep));
}

describe.each(allOperations())('$service $operation', ({ service, operation }) => {
  const given = cases[service]?.[operation];

  it('arrives as it was sent, and its answer as it was given', async () => {
    if (given === undefined) throw new Error('every operation needs a case');
    const seen: WireRequest[] = [];
    const body = Buffer.from([1, 2, 255, 0]);
    handle = (request) => {
      seen.push(request);
      const output = operation === 'GetObject' ? { ...given.output, Body: body } : given.output;
      return Promise.resolve({ output, requestId: `id-of-${operation}` });
    };
    const answer = await send(service, operation, given);
    expect(seen).toHaveLength(1);
    const [request] = seen;
    expect(request).toMatchObject({ service, region: given.region, operation });
    expect(without(request?.input ?? {}, ADDED_INPUT, given.input)).toEqual(given.input);
    expect(answer.requestId).toBe(`id-of-${operation}`);
    const added = service === 's3' ? ADDED_OUTPUT : [];
    const expected = service === 's3' ? { Metadata: expect.anything() as unknown, ...given.output } : given.output;
    expect(without({ Metadata: {}, ...answer.output }, added, given.output)).toEqual({ Metadata: {}, ...expected });
    if (operation === 'GetObject') {
      const got = answer.output.Body as { transformToByteArray(): Promise<Uint8Array> };
      expect(Buffer.from(await got.transformToByteArray())).toEqual(body);
    }
  });

  it.each([
    { code: 'AccessDenied', httpStatus: 403, requestId: 'id-of-403' },
    { code: 'InternalError', httpStatus: 500, requestId: 'id-of-500' },
  ])('fails with what the service said: $code', async ({ code, httpStatus, requestId }) => {
    if (given === undefined) throw new Error('every operation needs a case');
    handle = ({ region }) =>
      Promise.reject(new AwsError({ service, operation, region, code, httpStatus, requestId, message: 'No & <never>' }));
    const error: unknown = await send(service, operation, given).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(AwsError);
    expect(error).toMatchObject({ service, operation, region: given.region, code, httpStatus, requestId });
    if (operation !== 'HeadObject') expect((error as AwsError).message).toContain('No & <never>');
  });
});

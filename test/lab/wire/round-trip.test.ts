import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { AwsAnswer, AwsCaller } from '../../../src/aws/caller.ts';
import { AwsError } from '../../../src/aws/errors.ts';
import { OPERATIONS, type Service } from '../../../src/aws/operations.ts';
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

async function send(service: Service, operation: string, { region, input }: Case): Promise<AwsAnswer<Record<string, unknown>>> {
  const request = { service, region, operation, input };
  return (await aws.call(request as never)) as AwsAnswer<Record<string, unknown>>;
}

/** What S3's answers have besides what was given: their body's length, and metadata, be it empty. */
const OF_EVERY_OBJECT = ['Body', 'ContentLength', 'Metadata'];

function asGiven(answer: Record<string, unknown>, output: object, service: Service): Record<string, unknown> {
  const added = service === 's3' ? OF_EVERY_OBJECT : [];
  const given = Object.entries(answer).filter(([name]) => !added.includes(name) || name in output);
  // The SDK's bytes have methods of their own: only what they hold is compared.
  return Object.fromEntries(given.map(([name, value]) => [name, value instanceof Uint8Array ? Buffer.from(value) : value]));
}

const operations = Object.entries(OPERATIONS).flatMap(([service, { changes, reads }]) => [...changes, ...reads].map((operation) => ({ service: service as Service, operation })));

describe.each(operations)('$service $operation', ({ service, operation }) => {
  const sent = cases[service]?.[operation];

  it('arrives as it was sent, and its answer as it was given', async () => {
    if (sent === undefined) throw new Error('every operation needs a case');
    const seen: WireRequest[] = [];
    const body = Buffer.from([1, 2, 255, 0]);
    handle = (request) => {
      seen.push(request);
      const output = operation === 'GetObject' ? { ...sent.output, Body: body } : sent.output;
      return Promise.resolve({ output, requestId: `id-of-${operation}` });
    };
    const answer = await send(service, operation, sent);
    expect(seen).toHaveLength(1);
    const { region, input, output } = sent;
    expect(seen[0]).toMatchObject({ service, region, operation });
    // What copies between regions is signed for the source by the SDK itself.
    const { PreSignedUrl: _, ...seenInput } = { ...input, ...seen[0]?.input };
    expect('PreSignedUrl' in input ? seen[0]?.input : seenInput).toEqual(input);
    expect(answer.requestId).toBe(`id-of-${operation}`);
    expect(asGiven(answer.output, output, service)).toEqual(output);
    if (operation === 'GetObject') {
      const got = answer.output.Body as { transformToByteArray(): Promise<Uint8Array> };
      expect(Buffer.from(await got.transformToByteArray())).toEqual(body);
    }
  });

  it.each([
    { code: 'AccessDenied', httpStatus: 403, requestId: 'id-of-403' },
    { code: 'InternalError', httpStatus: 500, requestId: 'id-of-500' },
  ])('fails with what the service said: $code', async ({ code, httpStatus, requestId }) => {
    if (sent === undefined) throw new Error('every operation needs a case');
    handle = ({ region }) =>
      Promise.reject(new AwsError({ service, operation, region, code, httpStatus, requestId, message: 'No & <never>' }));
    const error: unknown = await send(service, operation, sent).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(AwsError);
    expect(error).toMatchObject({ service, operation, region: sent.region, code, httpStatus, requestId });
    if (operation !== 'HeadObject') expect((error as AwsError).message).toContain('No & <never>');
  });
});

import type { AwsCaller, AwsRequest } from '../../../src/aws/caller.ts';
import { AwsError, type AwsErrorParts } from '../../../src/aws/errors.ts';
import type { RecordSet } from '../../../src/aws/route53.ts';

/* Route 53, and what stands beside it, in a few lines: each operation answers what a test says. */

export const ZONE = 'Z0123456789ABCDEFGHIJ';
export const NAME = 'shop.example.com';
export const RECORD = { name: NAME, type: 'A' } as const;

export function awsError(code: string, parts: Partial<AwsErrorParts> = {}): AwsError {
  return new AwsError({ service: 'route53', operation: 'Any', region: 'us-east-1', code, message: `it says ${code}`, ...parts });
}

export const NO_ANSWER = awsError('NoAnswer');

/** A set of `NAME`, or of another name. */
export function setOf(id: string | undefined, value: string, more: Partial<RecordSet> = {}): RecordSet {
  return { Name: `${NAME}.`, Type: 'A', ...(id === undefined ? {} : { SetIdentifier: id }), TTL: 60, ResourceRecords: [{ Value: value }], ...more };
}

export function aliasOf(id: string | undefined, name: string, more: Partial<RecordSet> = {}): RecordSet {
  return { Name: `${NAME}.`, Type: 'A', ...(id === undefined ? {} : { SetIdentifier: id }), AliasTarget: { HostedZoneId: 'Z14GRHDCWA56QT', DNSName: name, EvaluateTargetHealth: true }, ...more };
}

/** What an operation answers: an output, an error, or what comes of its input. Operations that are not named fail the test. */
export type Answers = Record<string, unknown>;

export function fakeAws(answers: Answers) {
  const calls: { operation: string; region: string; input: Record<string, unknown>; timeoutMs: number | undefined; attempts: number | undefined }[] = [];
  const call = async ({ operation, region, input, timeoutMs, attempts }: AwsRequest): Promise<{ output: unknown; requestId: string }> => {
    calls.push({ operation, region, input: input as Record<string, unknown>, timeoutMs, attempts });
    const answer = answers[operation];
    if (answer === undefined) throw new Error(`the test does not answer ${String(operation)}`);
    const output: unknown = typeof answer === 'function' ? await (answer as (input: unknown) => unknown)(input) : answer;
    if (output instanceof Error) throw output;
    return { output, requestId: 'r' };
  };
  return { aws: { call } as unknown as AwsCaller, calls, asked: (operation: string) => calls.filter((one) => one.operation === operation) };
}

/** The sets of a zone; those of the name that is asked for come first, as in the order of DNS from that name on. */
export function listing(sets: () => readonly RecordSet[]) {
  return ({ StartRecordName: name, StartRecordType: type }: { StartRecordName?: string; StartRecordType?: string }) => {
    const asked = (set: RecordSet) => set.Name === name && (type === undefined || set.Type === type);
    return { ResourceRecordSets: [...sets().filter(asked), ...sets().filter((set) => !asked(set))], IsTruncated: false };
  };
}

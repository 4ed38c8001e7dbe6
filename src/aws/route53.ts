import type { AwsCaller } from './caller.ts';
import { type CallOptions, outputOf } from './call-options.ts';
import type { InputOf, OutputOf } from './operations.ts';

/** Where Route 53 is controlled from in the commercial partition, and signed for. */
export const ROUTE53_REGION = 'us-east-1';

export type RecordSet = NonNullable<OutputOf<'route53', 'ListResourceRecordSets'>['ResourceRecordSets']>[number];
type ListInput = InputOf<'route53', 'ListResourceRecordSets'>;
type ListOutput = OutputOf<'route53', 'ListResourceRecordSets'>;
export type RecordType = NonNullable<RecordSet['Type']>;
type ChangeBatch = NonNullable<InputOf<'route53', 'ChangeResourceRecordSets'>['ChangeBatch']>;
export type RecordChange = NonNullable<ChangeBatch['Changes']>[number];

/** A hundred answers of 300 records: more record sets of one name and type than a zone may hold by default. */
const MAX_PAGES = 100;

/**
 * All record sets of a name and type. The SDK has no paginator for this call: the answers are in DNS order, start
 * at the name, and go on past it. Stops when past it, and when an answer would start where the last one did.
 * https://docs.aws.amazon.com/Route53/latest/APIReference/API_ListResourceRecordSets.html
 * @throws AwsError
 */
export async function listRecordSets(
  aws: AwsCaller,
  zoneId: string,
  name: string,
  type: RecordType,
  options?: CallOptions,
): Promise<RecordSet[]> {
  const wanted = absolute(name);
  const found: RecordSet[] = [];
  let input: ListInput = { HostedZoneId: zoneId, StartRecordName: wanted, StartRecordType: type };
  for (let page = 0; page < MAX_PAGES; page++) {
    const request = { service: 'route53', region: ROUTE53_REGION, operation: 'ListResourceRecordSets', input } as const;
    const output: ListOutput = await outputOf(aws, request, options);
    for (const record of output.ResourceRecordSets ?? []) {
      if (absolute(record.Name ?? '') !== wanted || record.Type !== type) return found;
      found.push(record);
    }
    const next: ListInput = {
      HostedZoneId: zoneId,
      StartRecordName: output.NextRecordName,
      StartRecordType: output.NextRecordType,
      StartRecordIdentifier: output.NextRecordIdentifier,
    };
    const past = absolute(next.StartRecordName ?? '') !== wanted || next.StartRecordType !== type;
    if (output.IsTruncated !== true || past || sameStart(next, input)) return found;
    input = next;
  }
  return found;
}

function sameStart(a: ListInput, b: ListInput): boolean {
  return a.StartRecordName === b.StartRecordName && a.StartRecordIdentifier === b.StartRecordIdentifier;
}

/** Lower case, with the dot at the end, and `*` where Route 53 answers `\052`. */
function absolute(name: string): string {
  const plain = name.toLowerCase().replaceAll('\\052', '*');
  return plain.endsWith('.') ? plain : `${plain}.`;
}

/**
 * Submits one atomic batch; the id of the change, to be watched with `changeStatus`.
 * https://docs.aws.amazon.com/Route53/latest/APIReference/API_ChangeResourceRecordSets.html
 * @throws AwsError; of kind `unknown` when the batch may have been taken
 */
export async function changeRecords(
  aws: AwsCaller,
  zoneId: string,
  changes: readonly RecordChange[],
  comment: string,
  options?: CallOptions,
): Promise<{ changeId: string; requestId: string | undefined }> {
  const { output, requestId } = await aws.call({
    service: 'route53',
    region: ROUTE53_REGION,
    operation: 'ChangeResourceRecordSets',
    // Route 53 takes comments of up to 256 characters.
    input: { HostedZoneId: zoneId, ChangeBatch: { Comment: comment.slice(0, 256), Changes: [...changes] } },
    signal: options?.signal,
    timeoutMs: options?.timeoutMs,
    attempts: options?.attempts,
  });
  return { changeId: bareId(output.ChangeInfo?.Id), requestId };
}

/**
 * `INSYNC` once every authoritative server answers with the change.
 * https://docs.aws.amazon.com/Route53/latest/APIReference/API_GetChange.html
 * @throws AwsError
 */
export async function changeStatus(
  aws: AwsCaller,
  changeId: string,
  options?: CallOptions,
): Promise<'PENDING' | 'INSYNC'> {
  const input = { Id: bareId(changeId) };
  const request = { service: 'route53', region: ROUTE53_REGION, operation: 'GetChange', input } as const;
  const output = await outputOf(aws, request, options);
  return output.ChangeInfo?.Status === 'INSYNC' ? 'INSYNC' : 'PENDING';
}

/** `/change/C123` and `C123` are the same. */
function bareId(id: string | undefined): string {
  return (id ?? '').replace(/^\/?change\//, '');
}

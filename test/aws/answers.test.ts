import { describe, expect, it } from 'vitest';
import { ANSWERS, type Asked, mustBeAnswer, type Proof, REQUEST_ID, whatLacks } from '../../src/aws/answers.ts';
import { MUTATIONS, OPERATIONS, type Service } from '../../src/aws/operations.ts';
import { type Member, serviceSchema } from '../../src/aws/schemas.ts';

const proofOf = (service: Service, operation: string) => (ANSWERS[service] as Readonly<Record<string, Proof>>)[operation];
const asked = (service: Service, operation: string, input: object = {}): Asked => ({ service, region: 'ap-northeast-1', operation, input });

/** Whether the SDK's schema has a path; of each part whether it is a list. */
function has(member: Member, path: string): boolean {
  let at = member;
  for (const part of path.split('.')) {
    const { shape } = at;
    const found = shape.type === 'structure' ? shape.members.get(part.replace('[]', '')) : undefined;
    if (found === undefined || part.endsWith('[]') !== (found.shape.type === 'list')) return false;
    at = found.shape.type === 'list' ? found.shape.member : found;
  }
  return true;
}

const operations = Object.entries(OPERATIONS).flatMap(([service, { changes, reads }]) => [...changes, ...reads].map((operation) => ({ service: service as Service, operation })));

describe.each(operations)('$service.$operation', ({ service, operation }) => {
  it('asks for members that AWS has', async () => {
    const schema = (await serviceSchema(service)).operation(operation);
    const { has: must = [], names = [], goesOn = [] } = proofOf(service, operation) ?? {};
    const output = [...must.filter((path) => path !== REQUEST_ID), ...names.slice(1), ...goesOn];
    expect(schema).toBeDefined();
    if (schema === undefined) return;
    expect(output.filter((path) => !has(schema.output, path))).toEqual([]);
    expect(names.slice(0, 1).filter((path) => !has(schema.input, path))).toEqual([]);
  });

  it('takes nothing for an answer that has nothing in it', () => {
    for (const output of [{}, undefined, '']) expect(whatLacks(asked(service, operation), { output, requestId: undefined })).toMatch(/^it has no /);
  });
});

describe('an answer', () => {
  const lacks = (output: object, input: object = {}) => whatLacks(asked('rds', 'DescribeDBInstances', input), { output, requestId: 'r' });

  it('may be an empty list, but not of what was asked for by name', () => {
    expect(lacks({ DBInstances: [] })).toBeUndefined();
    expect(lacks({ DBInstances: [] }, { DBInstanceIdentifier: 'a' })).toBe('it does not name a');
  });

  it('shows in every element what makes it one', () => {
    expect(lacks({ DBInstances: [{ DBInstanceIdentifier: 'a' }, { DBInstanceStatus: 'available' }] })).toBe('it has no DBInstances[].DBInstanceIdentifier');
    expect(lacks({ DBInstances: [{ DBInstanceIdentifier: '' }] })).toBe('it has no DBInstances[].DBInstanceIdentifier');
    expect(lacks({ DBInstances: { DBInstanceIdentifier: 'a' } })).toBe('it has no DBInstances[].DBInstanceIdentifier');
  });

  it('names what was asked for, as AWS folds names', () => {
    const shown = { DBInstances: [{ DBInstanceIdentifier: 'shop-orders' }] };
    expect(lacks(shown, { DBInstanceIdentifier: 'Shop-Orders' })).toBeUndefined();
    expect(lacks(shown, { DBInstanceIdentifier: 'arn:aws:rds:ap-northeast-1:111122223333:db:shop-orders' })).toBeUndefined();
    expect(lacks(shown, { DBInstanceIdentifier: 'shop-orders-2' })).toBe('it does not name shop-orders-2');
  });

  it('of which there is more says where it continues', () => {
    const page = (more: object) => whatLacks(asked('route53', 'ListResourceRecordSets'), { output: { ResourceRecordSets: [], ...more }, requestId: 'r' });
    expect(page({})).toBe('it has no IsTruncated');
    expect(page({ IsTruncated: false })).toBeUndefined();
    expect(page({ IsTruncated: true, NextRecordName: 'a.' })).toBe('it is truncated, and has no NextRecordType');
    expect(page({ IsTruncated: true, NextRecordName: 'a.', NextRecordType: 'A' })).toBeUndefined();
    expect(page({ IsTruncated: true, NextRecordType: 'A' })).toBe('it is truncated, and has no NextRecordName');
    // A flag that AWS may leave out.
    expect(whatLacks(asked('kms', 'ListGrants'), { output: { Grants: [] }, requestId: 'r' })).toBeUndefined();
    expect(whatLacks(asked('kms', 'ListGrants'), { output: { Grants: [], Truncated: true }, requestId: 'r' })).toBe('it is truncated, and has no NextMarker');
  });

  it('that has no members of its own is known by its request id', () => {
    const change = (requestId: string | undefined) => whatLacks(asked('ec2', 'ModifyInstanceAttribute'), { output: {}, requestId });
    expect([change('r'), change(undefined)]).toEqual([undefined, 'it has no requestId']);
  });

  it('names each of what was asked for, in each list of a list', () => {
    const of = (...lists: string[][]) => whatLacks(asked('ec2', 'DescribeInstances', { InstanceIds: ['i-1', 'i-2', 'i-3'] }), { output: { Reservations: lists.map((ids) => ({ Instances: ids.map((InstanceId) => ({ InstanceId, State: { Name: 'running' } })) })) }, requestId: 'r' });
    expect(of(['i-1', 'i-2'], ['i-3'])).toBeUndefined();
    expect(of(['i-1'], [], ['i-3'])).toBe('it does not name i-2');
  });

  it('has nothing where it says null, where something is no list, and where an element is none', () => {
    const health = (HealthCheckObservations: unknown) => whatLacks(asked('route53', 'GetHealthCheckStatus'), { output: { HealthCheckObservations }, requestId: 'r' });
    expect([[], [{}], {}, null, 'text'].map(health)).toEqual([undefined, undefined, ...Array.from({ length: 3 }, () => 'it has no HealthCheckObservations[]')]);
    for (const one of [null, undefined, 'a']) expect(lacks({ DBInstances: [one] })).toBe('it has no DBInstances[].DBInstanceIdentifier');
    expect(whatLacks(asked('sts', 'GetCallerIdentity'), { output: { Account: null, Arn: 'arn' }, requestId: 'r' })).toBe('it has no Account');
    expect(whatLacks(asked('autoscaling', 'DescribeAutoScalingGroups'), { output: { AutoScalingGroups: [{ AutoScalingGroupName: 'a', MinSize: 0, DesiredCapacity: 0, MaxSize: 0, Instances: [] }] }, requestId: 'r' })).toBeUndefined();
  });

  it('of an operation of which nothing is known is one', () => {
    expect(whatLacks(asked('rds', 'DescribeWhatever'), { output: {}, requestId: undefined })).toBeUndefined();
  });
});

describe('an answer that lacks something', () => {
  const answer = { output: { DBInstances: [{ DBInstanceIdentifier: 'a' }] }, requestId: 'r-1' };
  const judge = (input: object, given = answer) => () => mustBeAnswer(asked('rds', 'DescribeDBInstances', input), given);

  it('is an error that says what it lacks, and where to look', () => {
    expect(judge({}, { ...answer, output: {} as never })).toThrow(
      expect.objectContaining({
        code: 'MalformedAnswer', service: 'rds', region: 'ap-northeast-1', operation: 'DescribeDBInstances', requestId: 'r-1',
        message: 'rds.DescribeDBInstances in ap-northeast-1: MalformedAnswer: the endpoint answered, and not as AWS does: it has no DBInstances[].DBInstanceIdentifier. A proxy, a sign-in page or AWS_ENDPOINT_URL may stand between',
      }) as Error,
    );
  });

  it('is one each time, and one that was found good is good for what was asked, and for nothing else', () => {
    const input = { DBInstanceIdentifier: 'a' };
    for (let i = 0; i < 3; i++) expect(judge(input)).not.toThrow();
    for (let i = 0; i < 3; i++) expect(judge({ DBInstanceIdentifier: 'b' })).toThrow('it does not name b');
    // Also after many others.
    for (let i = 0; i < 40; i++) expect(judge({}, { ...answer })).not.toThrow();
    expect(judge(input)).not.toThrow();
    expect(judge({ DBInstanceIdentifier: 'b' })).toThrow('it does not name b');
  });

  it('is looked through once for all callers that it comes through', () => {
    let looks = 0;
    const output = { get DBInstances() { looks += 1; return answer.output.DBInstances; } };
    const [input, given] = [{ DBInstanceIdentifier: 'a' }, { output, requestId: 'r-1' }];
    judge(input, given)();
    const once = looks;
    judge(input, given)();
    expect([once > 0, looks]).toEqual([true, once]);
    // Sixteen are remembered.
    for (let i = 0; i < 15; i++) judge({}, { ...answer })();
    judge(input, given)();
    expect(looks).toBe(once);
    judge({}, { ...answer })();
    judge(input, given)();
    expect(looks).toBe(2 * once);
  });
});

it('every change is proved by what it made, or by the request id', () => {
  for (const name of MUTATIONS) {
    const [service, operation] = name.split('.') as [Service, string];
    expect([name, proofOf(service, operation)?.has.length ?? 0]).not.toEqual([name, 0]);
  }
});

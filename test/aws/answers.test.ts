import { describe, expect, it } from 'vitest';
import { ANSWERS, type Asked, type Proof, REQUEST_ID, whatLacks } from '../../src/aws/answers.ts';
import { MUTATIONS, type Service } from '../../src/aws/operations.ts';
import { allOperations } from '../../src/aws/operation-names.ts';
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

describe.each(allOperations())('$service.$operation', ({ service, operation }) => {
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
  });
});

it('every change is proved by what it made, or by the request id', () => {
  for (const name of MUTATIONS) {
    const [service, operation] = name.split('.') as [Service, string];
    expect([name, proofOf(service, operation)?.has.length ?? 0]).not.toEqual([name, 0]);
  }
});

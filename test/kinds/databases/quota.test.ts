import { describe, expect, it } from 'vitest';
import { AwsError } from '../../../src/aws/errors.ts';
import { quotaFor } from '../../../src/kinds/databases/quota.ts';
import { TOKYO } from '../context.ts';

type Quotas = Readonly<Record<string, [used: number, max: number]>>;

const ROOM: Quotas = { DBInstances: [39, 40], AllocatedStorage: [900, 1_000], ReadReplicasPerMaster: [15, 15] };

function asking(quotas: Quotas | AwsError) {
  const answer = quotas instanceof AwsError ? Promise.reject(quotas) : Promise.resolve({ output: { AccountQuotas: Object.entries(quotas).map(([AccountQuotaName, [Used, Max]]) => ({ AccountQuotaName, Used, Max })) }, requestId: undefined });
  return { effects: { aws: { call: () => answer } }, signal: new AbortController().signal } as unknown as Parameters<typeof quotaFor>[0];
}

describe('the quotas of RDS', () => {
  it.each<[string, Quotas, Partial<Parameters<typeof quotaFor>[1]>, string | undefined]>([
    ['the last instance, and all that is left of the storage', ROOM, { storageGib: 100, siblings: 14 }, undefined],
    ['one instance too many', { ...ROOM, DBInstances: [40, 40] }, {}, `40 of 40 DB instances are in use in ${TOKYO}`],
    ['one GiB too many', ROOM, { storageGib: 101 }, `900 of 1000 GiB of storage are in use in ${TOKYO}, and orders needs 101`],
    ['one replica too many', ROOM, { siblings: 15 }, 'the writer has 15 read replicas, and may have 15'],
    // Another instance of the account may have the most replicas.
    ['an instance that is no replica', ROOM, {}, undefined],
    ['quotas that AWS does not name', {}, { storageGib: 101, siblings: 15 }, undefined],
  ])('%s', async (_what, quotas, made, observed) => {
    const { refusal } = await quotaFor(asking(quotas), { region: TOKYO, id: 'orders', ...made });
    expect(refusal?.observed).toBe(observed);
    if (observed !== undefined) expect(refusal).toMatchObject({ rule: 'quota', consequence: 'AWS refuses to make orders', override: expect.stringContaining('request-service-quota-increase') as string });
  });

  const other = (more: object = {}) => ({ region: TOKYO, id: 'images', ...more });

  it.each<[string, Quotas, Parameters<typeof quotaFor>[2], string | undefined]>([
    ['room for one, and two are made', ROOM, [other()], `39 of 40 DB instances are in use in ${TOKYO}, and this plan makes 2: orders, images`],
    ['room for two', { ...ROOM, DBInstances: [38, 40] }, [other()], undefined],
    ['storage for one', { ...ROOM, DBInstances: [0, 40] }, [other({ storageGib: 51 })], `900 of 1000 GiB of storage are in use in ${TOKYO}, and orders, images need 101`],
    ['storage for both', { ...ROOM, DBInstances: [0, 40] }, [other({ storageGib: 50 })], undefined],
  ])('of a plan that makes several: %s', async (_what, quotas, others, observed) => {
    const { refusal } = await quotaFor(asking(quotas), { region: TOKYO, id: 'orders', storageGib: 50 }, others);
    expect(refusal?.observed).toBe(observed);
  });

  it('that may not be looked at are a warning: AWS itself refuses one instance too many', async () => {
    const denied = new AwsError({ service: 'rds', region: TOKYO, operation: 'DescribeAccountAttributes', code: 'AccessDenied', httpStatus: 403, message: 'not authorized' });
    expect(await quotaFor(asking(denied), { region: TOKYO, id: 'orders' })).toMatchObject({ warnings: [{ rule: 'quota-unknown' }] });
  });
});

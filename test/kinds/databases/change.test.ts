import { describe, expect, it } from 'vitest';
import { AwsError } from '../../../src/aws/errors.ts';
import { SEOUL, simulation } from '../../engine/simulated.ts';
import { stepOf } from '../context.ts';

const BUSY = { service: 'rds', operation: 'RebootDBInstance', region: SEOUL, code: 'InvalidDBInstanceState', httpStatus: 400, message: 'Instance cannot currently reboot due to an in-progress management operation.' } as const;
const PARAMS = { name: 'orders', region: SEOUL, id: 'shop-orders', writer: 'arn:aws:rds:ap-northeast-1:000000000000:db:shop-orders-tokyo' };

/** Nothing was changed, and the next look decides at once: an accepted request would be given two minutes to show. */
const NOT_YET = { code: 'InvalidDBInstanceState', kind: 'retryable', isPassing: true, message: new AwsError(BUSY).message };

/** The step that restarts a new replica, where AWS answers with these errors in turn, and then accepts. */
async function restart(...errors: { code: string }[]) {
  const { clock } = await simulation();
  let asked = 0;
  const call = () => {
    const error = errors[asked++];
    return error === undefined ? Promise.resolve({ output: {}, requestId: undefined }) : Promise.reject(new AwsError({ ...BUSY, ...error }));
  };
  const step = await stepOf('rds-read-replica.restart', PARAMS, { clock, effects: { aws: { call } } as never });
  return { ...step, asked: () => asked };
}

describe('a change of a DB instance that AWS refuses for what is under way', () => {
  it('is asked for again until AWS takes it', async () => {
    const step = await restart(BUSY, { code: 'InvalidDBInstanceStateFault' });
    await step.act();
    expect(step.asked()).toBe(3);
    expect(step.recorded).toEqual({ [`refused.${SEOUL}.shop-orders`]: null });
  });

  it('is left to the next look after some times, with the words of AWS', async () => {
    const step = await restart(...Array.from({ length: 9 }, () => BUSY));
    await expect(step.act()).rejects.toMatchObject(NOT_YET);
    expect(step.asked()).toBe(5);
    expect(step.recorded).toEqual({ [`refused.${SEOUL}.shop-orders`]: { words: new AwsError(BUSY).message, times: 5, since: expect.any(Number) as number, last: expect.any(Number) as number } });
  });

  it('is shown while AWS refuses it, and ends with the words of AWS when it does not pass', async () => {
    const { clock } = await simulation();
    const member = { DBInstanceIdentifier: 'shop-orders', DBInstanceStatus: 'available', ReadReplicaSourceDBInstanceIdentifier: PARAMS.writer, DBParameterGroups: [{ DBParameterGroupName: 'g', ParameterApplyStatus: 'pending-reboot' }] };
    const call = ({ operation }: { operation: string }) => (operation === 'RebootDBInstance' ? Promise.reject(new AwsError(BUSY)) : Promise.resolve({ output: { DBInstances: [member] }, requestId: undefined }));
    const step = await stepOf('rds-read-replica.restart', PARAMS, { clock, effects: { aws: { call } } as never });
    const because = `the parameters of shop-orders wait for a reboot, and AWS refuses to reboot it: ${new AwsError(BUSY).message}`;
    await expect(step.act()).rejects.toMatchObject(NOT_YET);
    expect(await step.observe()).toEqual({ state: 'absent', because });
    let seen = await step.observe();
    while (seen.state === 'absent') {
      await expect(step.act()).rejects.toMatchObject(NOT_YET);
      seen = await step.observe();
    }
    expect(seen).toMatchObject({ state: 'impossible', because: expect.stringMatching(/in-progress management operation\. \(\d+ times\)$/) as string });
    expect(await step.observe()).toEqual({ state: 'absent', because: 'the parameters of shop-orders wait for a reboot' });
  });

  it('is left to the next look where what was under way has given it another name', async () => {
    const step = await restart(BUSY, { code: 'DBInstanceNotFound' });
    await expect(step.act()).resolves.toBeUndefined();
  });

  it.each(['AccessDenied', 'DBInstanceNotFound'])('is an error where AWS says %s', async (code) => {
    await expect((await restart({ code })).act()).rejects.toMatchObject({ code });
  });
});

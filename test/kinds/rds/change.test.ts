import { describe, expect, it } from 'vitest';
import { AwsError } from '../../../src/aws/errors.ts';
import { SEOUL, simulation } from '../../engine/simulated.ts';
import { stepOf } from '../context.ts';

const BUSY = { service: 'rds', operation: 'RebootDBInstance', region: SEOUL, code: 'InvalidDBInstanceState', httpStatus: 400, message: 'Instance cannot currently reboot due to an in-progress management operation.' } as const;
const PARAMS = { name: 'orders', region: SEOUL, id: 'shop-orders', writer: 'arn:aws:rds:ap-northeast-1:000000000000:db:shop-orders-tokyo' };

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
    expect(step.recorded).toEqual({ [`refused.${SEOUL}.shop-orders`]: '' });
  });

  it('is left to the next look after some times, with the words of AWS', async () => {
    const step = await restart(...Array.from({ length: 9 }, () => BUSY));
    await step.act();
    expect(step.asked()).toBe(5);
    expect(step.recorded).toEqual({ [`refused.${SEOUL}.shop-orders`]: expect.stringContaining('in-progress management operation') as string });
  });

  it('is left to the next look where what was under way has given it another name', async () => {
    const step = await restart(BUSY, { code: 'DBInstanceNotFound' });
    await expect(step.act()).resolves.toBeUndefined();
  });

  it.each(['AccessDenied', 'DBInstanceNotFound'])('is an error where AWS says %s', async (code) => {
    await expect((await restart({ code })).act()).rejects.toMatchObject({ code });
  });
});

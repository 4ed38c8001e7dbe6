import { describe, expect, it } from 'vitest';
import { DrError } from '../../src/base/errors.ts';
import { confirm, confirmationText, type ConfirmIo } from '../../src/cli/confirm.ts';
import { plan } from './fixture.ts';

const request = { plan: plan(), expected: { p50: 360, p95: 900 }, acceptances: { approvedBy: [] }, given: undefined };

function io(tty: boolean, answer = ''): ConfirmIo & { written: string } {
  return {
    tty,
    written: '',
    write(text) {
      this.written += text;
    },
    ask(question) {
      this.written += question;
      return Promise.resolve(answer);
    },
  };
}

async function refusal(promise: Promise<unknown>): Promise<DrError> {
  const error = await promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(DrError);
  return error as DrError;
}

describe('a confirmation', () => {
  it('shows what is going to happen', () => {
    expect(confirmationText(request)).toMatchInlineSnapshot(`
      "verb       failover
      runbook    shop (runbooks/shop.yaml)
      account    111122223333
      from       Seoul (ap-northeast-2)
      to         Tokyo (ap-northeast-1)
      expected   about 6m, 15m in a slow case, on AWS
      data loss  up to 1m of writes (RPO); the RPO gate refuses more, and refuses what it cannot measure
      Cannot be taken back:
        Promote shop-orders-tokyo [data.orders.promote]"
    `);
  });

  it('says which loss was accepted', () => {
    expect(confirmationText({ ...request, acceptances: { approvedBy: [], dataLossSeconds: 90 } })).toContain('up to 1m 30s of writes, accepted');
    expect(confirmationText({ ...request, acceptances: { approvedBy: [], dataLossSeconds: 'unknown' } })).toContain('cannot be bounded');
  });

  it('is the name of the runbook, typed', async () => {
    const person = io(true, ' shop ');
    await expect(confirm(request, person)).resolves.toBe('typed');
    expect(person.written).toContain('Tokyo (ap-northeast-1)');
  });

  it.each(['', 'y', 'yes', 'SHOP', 'shop2'])('declines %o', async (answer) => {
    const error = await refusal(confirm(request, io(true, answer)));
    expect(error).toMatchObject({ exit: 'declined', code: 'NOT_CONFIRMED', exitCode: 5 });
  });

  it('is refused without a terminal, and says how to give it', async () => {
    const error = await refusal(confirm(request, io(false, 'shop')));
    expect(error).toMatchObject({ exit: 'declined', code: 'CONFIRMATION_NEEDED' });
    expect(error.next).toEqual(['dr failover --region ap-northeast-1 --runbook shop --confirm shop']);
  });

  it('can be a flag, which must be exact and is not asked again', async () => {
    await expect(confirm({ ...request, given: 'shop' }, io(false))).resolves.toBe('flag');
    const person = io(true, 'shop');
    expect(await refusal(confirm({ ...request, given: 'ship' }, person))).toMatchObject({ code: 'CONFIRMATION_MISMATCH' });
    expect(person.written).toBe('');
  });
});

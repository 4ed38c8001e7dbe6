import { describe, expect, it } from 'vitest';
import { DrError } from '../../src/base/errors.ts';
import { askImpact, confirm, confirmationText, type ConfirmIo } from '../../src/cli/confirm.ts';
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
      data loss  up to 1m of writes (the RPO); a loss that is larger, or cannot be measured, is refused
      Irreversible:
        Promote shop-orders-tokyo [data.orders.promote]"
    `);
  });

  it('says which loss was accepted', () => {
    expect(confirmationText({ ...request, acceptances: { approvedBy: [], dataLossSeconds: 90 } })).toContain('up to 1m 30s of writes, accepted');
    expect(confirmationText({ ...request, acceptances: { approvedBy: [], dataLossSeconds: 'unknown' } })).toContain('cannot be bounded');
  });

  it('says what would refuse the run above everything else, before anything is typed', async () => {
    const refusal = { rule: 'approval', observed: '0 of 1 approvals', threshold: '1 of alice', consequence: 'nothing begins', override: '--approved-by alice' };
    const look = () => Promise.resolve({ refusals: [{ step: 'assess.approval', title: 'Approval', refusal }], notEvaluated: [], warnings: [] });
    const person = io(true, 'shop');
    await confirm({ ...request, look }, person);
    const at = (text: string) => person.written.indexOf(text);
    expect(at('--approved-by alice')).toBeGreaterThan(0);
    expect(at('This failover: would be refused now: approval.')).toBeGreaterThan(at('--approved-by alice'));
    expect(at('Irreversible:')).toBeGreaterThan(at('This failover:'));
    const failed = io(true, 'shop');
    await expect(confirm({ ...request, look: () => Promise.reject(new Error('no network')) }, failed)).resolves.toBe('typed');
    expect(failed.written).toContain('could not be checked: no network');
  });

  it('looks at nothing where nobody is asked', async () => {
    const look = () => Promise.reject(new Error('looked'));
    await expect(confirm({ ...request, look, given: 'shop' }, io(true))).resolves.toBe('flag');
  });

  it('is the name of the runbook, typed', async () => {
    const person = io(true, ' shop ');
    await expect(confirm(request, person)).resolves.toBe('typed');
    expect(person.written).toContain('Tokyo (ap-northeast-1)');
  });

  it.each(['', 'y', 'yes', 'SHOP', 'shop2'])('declines %o', async (answer) => {
    const error = await refusal(confirm(request, io(true, answer)));
    expect(error).toMatchObject({ exit: 'declined', code: 'NOT_CONFIRMED' });
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

describe('when users began to suffer', () => {
  const now = Date.UTC(2026, 10, 20, 3, 14, 5);
  const asked = (answer: string, tty = true) => askImpact(io(tty, answer), () => now);

  it.each([
    ['2026-11-20T03:04:05Z', now - 600_000],
    [' 10m ', now - 600_000],
    ['', undefined],
    ['unknown', undefined],
    ['a while ago', undefined],
    ['2026-11-20T03:20:00Z', undefined],
  ])('%o', async (answer, at) => {
    expect(await asked(answer)).toBe(at);
  });

  it('is not asked without a terminal', async () => {
    expect(await asked('10m', false)).toBeUndefined();
  });
});

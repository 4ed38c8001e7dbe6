import { describe, expect, it } from 'vitest';
import { AwsError } from '../../src/aws/errors.ts';
import { LIMITS } from '../../src/base/limits.ts';
import { deleteTwin, isTwinName, mayNotDelete, notOurTwin, runOfTwin, type Suspect, twinAccepted, twinName, twinTags } from '../../src/kinds/twins.ts';
import type { StepContext } from '../../src/model/step.ts';
import { VirtualClock } from '../../src/simulator/virtual-clock.ts';

const RUN = '20261120T101500Z-shop-drill-1a2b3c';
const NAME = 'dr-drill-1a2b3c-shop';
const RESOURCE = `rds:ap-northeast-1:${NAME}`;
const ours: Suspect = { name: NAME, resource: RESOURCE, tags: [{ Key: 'Name', Value: 'x' }, { Key: 'dr:drill', Value: RUN }] };

function contextOf(clock: VirtualClock, facts: Record<string, number> = {}, intends = true): StepContext {
  return { effects: { clock }, run: { id: RUN }, intends: (resource: string) => intends && resource === RESOURCE, fact: (name: string) => facts[name], wait: (_cause: string, ms: number) => clock.sleep(ms) } as unknown as StepContext;
}

describe('a twin', () => {
  it.each<[string, Suspect, boolean, string | undefined]>([
    ['proves its name, its tag and the intent', ours, true, undefined],
    ['is none by another name', { ...ours, name: 'shop-orders' }, true, 'shop-orders is no name of a twin'],
    ['is none without the tag', { ...ours, tags: undefined }, true, `${NAME} carries no tag dr:drill`],
    ['is none with the tag of another run', { ...ours, tags: [{ Key: 'dr:drill', Value: 'other' }] }, true, `${NAME} is a twin of the run other`],
    ['is none that the journal did not mean to make', ours, false, `the journal of ${RUN} does not say that it made ${NAME}`],
    ['is none under the name of another resource', { ...ours, resource: `${RESOURCE}-2` }, true, `the journal of ${RUN} does not say that it made ${NAME}`],
  ])('%s', (_what, suspect, intends, why) => {
    expect(notOurTwin(contextOf(new VirtualClock(), {}, intends), suspect)).toBe(why);
  });
});

describe('the deletion of a twin', () => {
  /** It shows so long after the start, if it does, and is gone so long after it was asked to go. `busy`: so often AWS is at work on it. */
  async function deletion({ showsAfter = 0, goneAfter = 30_000, busy = 0, suspect = ours, acceptedAgo }: { showsAfter?: number; goneAfter?: number; busy?: number; suspect?: Suspect; acceptedAgo?: number }) {
    const clock = new VirtualClock(1_000_000);
    const began = clock.now();
    const asked: number[] = [];
    let goneAt = Number.POSITIVE_INFINITY;
    const facts = acceptedAgo === undefined ? {} : { [`twin.accepted.${RESOURCE}`]: began - acceptedAgo };
    const work = deleteTwin<Suspect>(contextOf(clock, facts), RESOURCE, {
      find: () => Promise.resolve(clock.now() - began >= showsAfter && clock.now() < goneAt ? suspect : undefined),
      suspect: (found) => found,
      isGoing: () => goneAt !== Number.POSITIVE_INFINITY,
      ask: () => {
        asked.push(clock.now() - began);
        if (asked.length <= busy) return Promise.resolve(false);
        goneAt = clock.now() + goneAfter;
        return Promise.resolve(true);
      },
    });
    const error = await clock.run(() => work.then(() => undefined, (thrown: unknown) => (thrown as Error).message));
    return { asked, took: clock.now() - began, error, goneAt: goneAt - began };
  }

  it('ends when it is gone, and asks once', async () => {
    const { asked, took, goneAt, error } = await deletion({});
    expect([asked, error]).toEqual([[0], undefined]);
    expect(took).toBeGreaterThanOrEqual(goneAt);
    expect(took).toBeLessThanOrEqual(goneAt + LIMITS.pollMaxMs);
  });

  it('waits for one that does not show yet: its request was accepted, or may have been', async () => {
    for (const acceptedAgo of [undefined, 10_000]) {
      const late = await deletion({ showsAfter: 60_000, ...(acceptedAgo === undefined ? {} : { acceptedAgo }) });
      expect(late.asked).toHaveLength(1);
      expect(late.took).toBeGreaterThanOrEqual(late.goneAt);
    }
  });

  it('ends without it once it must have shown', async () => {
    const never = { showsAfter: Number.POSITIVE_INFINITY };
    const { took, asked } = await deletion(never);
    expect(asked).toEqual([]);
    expect(took).toBeGreaterThanOrEqual(LIMITS.settleMs);
    expect(took).toBeLessThanOrEqual(LIMITS.settleMs + LIMITS.pollMaxMs);
    expect((await deletion({ ...never, acceptedAgo: LIMITS.settleMs })).took).toBe(0);
  });

  it('asks again while AWS is at work on it', async () => {
    const { asked, took, goneAt } = await deletion({ busy: 3 });
    expect(asked).toHaveLength(4);
    expect(took).toBeGreaterThanOrEqual(goneAt);
  });

  it('does not count what was there as gone because one answer lacks it: nothing had asked it to go yet', async () => {
    const clock = new VirtualClock(1_000_000);
    let looks = 0;
    const causes = new Set<string>();
    const ctx = { ...contextOf(clock), wait: (cause: string, ms: number) => (causes.add(cause), clock.sleep(ms)) } as unknown as StepContext;
    await clock.run(() => deleteTwin<Suspect>(ctx, RESOURCE, { find: () => Promise.resolve((looks += 1) === 1 ? ours : undefined), suspect: (found) => found, isGoing: () => false, ask: () => Promise.resolve(false) }));
    expect(clock.now() - 1_000_000).toBeGreaterThanOrEqual(LIMITS.settleMs);
    expect([...causes]).toEqual(['aws']);
  });

  it('leaves what is not ours', async () => {
    const { asked, error } = await deletion({ suspect: { ...ours, tags: [] } });
    expect([asked, error]).toEqual([[], `${NAME} carries no tag dr:drill: it is left as it is`]);
  });
});

describe('the name of a twin', () => {
  const name = (of: string, max: number) => twinName({ drill: { mark: '1a2b3c', startedAt: 0 } as never }, of, max);

  it('is that of its original behind the mark of the drill, cut to what AWS takes, and one for each original', () => {
    expect(name('shop-orders', 63)).toBe('dr-drill-1a2b3c-shop-orders');
    expect(name('shop-orders', 27)).toBe('dr-drill-1a2b3c-shop-orders');
    const cut = name('shop-orders', 26);
    expect(cut).toMatch(/^dr-drill-1a2b3c-sho-[0-9a-f]{6}$/);
    expect(name('shop-ordert', 26)).not.toBe(cut);
  });

  it('has no two hyphens in a row where it is cut', () => {
    expect(name('s-.orders.of.the.shop', 26)).toMatch(/^dr-drill-1a2b3c-s-[0-9a-f]{6}$/);
  });

  it('is known by its beginning, as AWS folds it', () => {
    expect(['dr-drill-x', 'DR-Drill-x', 'dr-drill', 'my-dr-drill-x'].map(isTwinName)).toEqual([true, true, false, false]);
  });
});

describe('the tags of a twin', () => {
  const STARTED = Date.UTC(2026, 10, 20, 10, 15, 0);
  const tagsOf = (run: string, keepTwinsMs?: number, also?: Parameters<typeof twinTags>[1]) =>
    twinTags({ run: { id: run }, runbook: 'shop', effects: { clock: new VirtualClock(0) }, acceptances: { keepTwinsMs } } as unknown as StepContext, also);
  const at = (ms: number) => new Date(ms).toISOString();

  it('say whose it is, and when it is left over: a day after the run began, and after as long as a person keeps it', () => {
    const day = 86_400_000;
    const expires = (tags: ReturnType<typeof tagsOf>) => new Date(tags.find(({ Key }) => Key === 'dr:drill-expires')?.Value ?? '').getTime();
    expect(tagsOf(RUN).map(({ Key, Value }) => [Key, Key === 'dr:drill-expires' ? '' : Value])).toEqual([['dr:drill', RUN], ['dr:runbook', 'shop'], ['dr:drill-expires', '']]);
    expect([expires(tagsOf(RUN)), expires(tagsOf(RUN, 5000)), expires(tagsOf('no run id'))].map(at)).toEqual([STARTED + day, STARTED + day + 5000, day].map(at));
  });

  it('keep those of its original, but no tag of AWS, none without a key, and none of a twin', () => {
    const also = [{ Key: 'team', Value: 'shop' }, { Key: 'aws:cloudformation:stack-name', Value: 'x' }, { Value: 'x' }, { Key: 'dr:drill', Value: 'other' }, { Key: 'empty' }];
    expect(tagsOf(RUN, 0, also).slice(0, -3)).toEqual([{ Key: 'team', Value: 'shop' }, { Key: 'empty', Value: '' }]);
    expect(runOfTwin(tagsOf(RUN, 0, also))).toBe(RUN);
  });
});

describe('what a drill may not delete', () => {
  const ask = (error?: Error, preview?: true) => mayNotDelete({ preview } as unknown as StepContext, () => (error === undefined ? Promise.resolve() : Promise.reject(error)), { twin: 'a twin', right: 'rds:DeleteDBInstance on ' });
  const denied = new AwsError({ service: 'rds', operation: 'DeleteDBInstance', region: 'ap-northeast-1', code: 'AccessDenied', message: 'not you', httpStatus: 403 });

  it('is not made: the right that is missing is named', async () => {
    expect(await ask(denied)).toEqual({
      rule: 'drill-rights',
      observed: denied.message,
      threshold: 'the right to delete what a drill makes',
      consequence: 'a twin would be made, and stay',
      override: 'none: allow rds:DeleteDBInstance on dr-drill-*; dr plan --verb drill --iam shows the whole policy',
    });
    expect(await ask()).toBeUndefined();
  });

  it('is not asked for in a preview, and any other answer is an error', async () => {
    expect(await ask(denied, true)).toBeUndefined();
    const silent = new AwsError({ service: 'rds', operation: 'DeleteDBInstance', region: 'ap-northeast-1', code: 'NoAnswer', message: 'x' });
    await expect(ask(silent)).rejects.toBe(silent);
    const bug = new Error('bug');
    await expect(ask(bug)).rejects.toBe(bug);
  });
});

it('when AWS accepted the request for a twin is a fact of the run', () => {
  const recorded: unknown[] = [];
  twinAccepted({ effects: { clock: new VirtualClock(77) }, record: (...one: unknown[]) => void recorded.push(one) } as unknown as StepContext, RESOURCE);
  expect(recorded).toEqual([[`twin.accepted.${RESOURCE}`, 77]]);
});

import { describe, expect, it } from 'vitest';
import { LIMITS } from '../../src/base/limits.ts';
import { deleteTwin, notOurTwin, type Suspect } from '../../src/kinds/twins.ts';
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

  it('leaves what is not ours', async () => {
    const { asked, error } = await deletion({ suspect: { ...ours, tags: [] } });
    expect([asked, error]).toEqual([[], `${NAME} carries no tag dr:drill: it is left as it is`]);
  });
});

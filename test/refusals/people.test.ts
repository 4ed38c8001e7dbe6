import { describe, expect, it } from 'vitest';
import type { Json } from '../../src/base/json.ts';
import { VirtualClock } from '../../src/simulator/virtual-clock.ts';
import type { PastMove } from '../../src/effects/effects.ts';
import { SEOUL, simulation, TOKYO } from '../engine/simulated.ts';
import { gateOf, NOW, person, signed } from '../approvals/signers.ts';
import { type Asked, saidBy, saidByRun } from './said.ts';

describe('approvals', () => {
  const names = ['ann', 'ben', 'cho'].map((name) => ({ name, keys: [] }));
  const asked = (approvedBy: string[], more: Json = {}) => saidBy('run.approval', { from: names, quorum: 2, ...(more as object) }, { acceptances: { approvedBy } });

  it('nobody has approved', async () => {
    expect(await asked([])).toMatchInlineSnapshot(`
      "rule         approval
      observed     0 of 2 approvals (just now)
      threshold    approval by 2 of ann, ben, cho
      consequence  the point of no return is not crossed without them
      override     --approved-by ann"
    `);
  });

  it('one of two', async () => {
    expect(await asked(['ann', 'ann'])).toMatchInlineSnapshot(`
      "rule         approval
      observed     1 of 2 approvals (just now)
      threshold    approval by 2 of ann, ben, cho
      consequence  the point of no return is not crossed without them
      override     --approved-by ben"
    `);
  });

  it('people who are not on the list', async () => {
    expect(await asked(['ben', 'mallory', 'Cho'])).toMatchInlineSnapshot(`
      "rule         approval
      observed     1 of 2 approvals; not on the list: mallory, Cho (just now)
      threshold    approval by 2 of ann, ben, cho
      consequence  the point of no return is not crossed without them
      override     --approved-by ann"
    `);
  });

  it('all that there are, and still too few', async () => {
    expect(await asked(['ann', 'ben', 'cho'], { quorum: 4 })).toMatchInlineSnapshot(`
      "rule         approval
      observed     3 of 4 approvals (just now)
      threshold    approval by 4 of ann, ben, cho
      consequence  the point of no return is not crossed without them
      override     --approved-by NAME"
    `);
  });

  it('before a phase that is not the line', async () => {
    expect(await asked([], { line: false })).toMatchInlineSnapshot(`
      "rule         approval
      observed     0 of 2 approvals (just now)
      threshold    approval by 2 of ann, ben, cho
      consequence  what comes after is not begun without them
      override     --approved-by ann"
    `);
  });

  it('of a whole run, before anything is changed', async () => {
    expect(await saidByRun(await simulation(), TOKYO, { approvedBy: [] })).toMatchInlineSnapshot(`
      "assess.approval
      rule         approval
      observed     0 of 1 approvals (just now)
      threshold    approval by 1 of incident-commander@example.com, shop-lead@example.com
      consequence  the point of no return is not crossed without them
      override     --approved-by incident-commander@example.com"
    `);
  });

  const [ann, ben] = [person('ann'), person('ben')];
  const rejecting = (what: 'check' | 'observe', files: string[]) =>
    saidBy('run.approval', { gate: 'assess.approval', from: gateOf([ann, ben]).from, quorum: 2 } as unknown as Json, {
      what,
      clock: new VirtualClock(NOW),
      effects: { approvals: { files: () => Promise.resolve(files) } },
    });

  it('a signed no', async () => {
    expect(await rejecting('check', [signed(ann, { decision: 'reject' })])).toMatchInlineSnapshot(`
      "rule         approval
      observed     rejected by ann at 2026-11-20T10:19:00.000Z (just now)
      threshold    approval by 2 of ann, ben
      consequence  the point of no return is not crossed without them
      override     none: they may decide again (dr approve 20261120T101500Z-shop-failover-1a2b3c), then: dr resume 20261120T101500Z-shop-failover-1a2b3c"
    `);
  });

  it('two of them, when its turn comes', async () => {
    expect(await rejecting('observe', [signed(ann, { decision: 'reject' }), signed(ben, { decision: 'reject', signed: NOW - 1000 })])).toMatchInlineSnapshot(`
      "rule         approval
      observed     rejected by ann at 2026-11-20T10:19:00.000Z; rejected by ben at 2026-11-20T10:19:59.000Z (just now)
      threshold    approval by 2 of ann, ben
      consequence  the point of no return is not crossed without them
      override     none: they may decide again (dr approve 20261120T101500Z-shop-failover-1a2b3c), then: dr resume 20261120T101500Z-shop-failover-1a2b3c"
    `);
  });
});

describe('the flap guard', () => {
  const clock = new VirtualClock();
  const move: PastMove = { run: 'R1', verb: 'failover', source: TOKYO, target: SEOUL, at: clock.now() - 600_000, by: 'kim@ops-1', complete: true, changed: [] };
  const asked = (moves: (() => Promise<PastMove[]>) | undefined, more: Asked = {}) =>
    saidBy('run.flap-guard', { windowMs: 3_600_000 }, { clock, effects: { history: moves === undefined ? undefined : { moves, madeBy: () => Promise.resolve(undefined) } }, ...more });

  it('it moved a while ago', async () => {
    expect(await asked(() => Promise.resolve([move]))).toMatchInlineSnapshot(`
      "rule         flap-guard
      observed     R1 moved shop from ap-northeast-1 to ap-northeast-2, by kim@ops-1 (10m ago)
      threshold    no move within 1h: again from 2026-11-20T10:50:00.000Z
      consequence  going back and forth makes an outage worse: each move may lose data and stop writes
      override     --acknowledge-flap NAME --reason "why it has to move again so soon""
    `);
  });

  it('it was left half-way in the other direction', async () => {
    expect(await asked(() => Promise.resolve([{ ...move, complete: false }]), { what: 'observe' })).toMatchInlineSnapshot(`
      "rule         flap-guard
      observed     R1 moved shop from ap-northeast-1 to ap-northeast-2, by kim@ops-1 (10m ago)
      threshold    no move within 1h: again from 2026-11-20T10:50:00.000Z
      consequence  going back and forth makes an outage worse: each move may lose data and stop writes
      override     --acknowledge-flap NAME --reason "why it has to move again so soon""
    `);
  });

  it('other runs cannot be read', async () => {
    expect(await asked(() => Promise.reject(new Error('EACCES: permission denied')))).toMatchInlineSnapshot(`
      "rule         flap-guard
      observed     the runs of the last 1h cannot be read: EACCES: permission denied (just now)
      threshold    no move within 1h, as far as every run can be read
      consequence  going back and forth makes an outage worse: each move may lose data and stop writes
      override     --acknowledge-flap NAME --reason "why it has to move again so soon""
    `);
  });

  it('nothing is known of other runs', async () => {
    expect(await asked(undefined)).toMatchInlineSnapshot(`
      "rule         flap-guard
      observed     the runs of the last 1h cannot be read: nothing is known of other runs (just now)
      threshold    no move within 1h, as far as every run can be read
      consequence  going back and forth makes an outage worse: each move may lose data and stop writes
      override     --acknowledge-flap NAME --reason "why it has to move again so soon""
    `);
  });
});

const signals = { users: { vantage: 'users' }, api: { vantage: 'source-api' }, link: { vantage: 'replication' }, checkers: { vantage: 'health-checkers' } };

/** Signals as earlier steps have recorded them: `users: down`, … */
function facts(says: Partial<Record<keyof typeof signals, string>>, more: Record<string, Json> = {}): Record<string, Json> {
  const seen = Object.entries(says).map(([name, word]) => [`signal.${name}`, { ...signals[name as keyof typeof signals], says: word, because: `${name} was asked` }]);
  return { ...(Object.fromEntries(seen) as Record<string, Json>), ...more };
}

describe('a failover of a source that is not down', () => {
  const asked = (says: Parameters<typeof facts>[0]) => saidBy('run.judge-source', { region: SEOUL, signals: Object.keys(signals) }, { what: 'observe', facts: facts(says) });

  it('nothing was seen of it', async () => {
    expect(await asked({})).toMatchInlineSnapshot(`
      "rule         source-down
      observed     0 of at least 2 independent signals say down. no signal was seen (just now)
      threshold    two independent signals that the source region is down
      consequence  a failover away from ap-northeast-2 while it works splits the data: both sides may take writes
      override     --attest-source-down NAME --reason "who has seen it, and how""
    `);
  });

  it('one signal alone', async () => {
    expect(await asked({ users: 'up', api: 'down', link: 'unknown' })).toMatchInlineSnapshot(`
      "rule         source-down
      observed     1 of at least 2 independent signals say down. users: up (users was asked); source-api: down (api was asked); replication: unknown (link was asked) (just now)
      threshold    two independent signals that the source region is down
      consequence  a failover away from ap-northeast-2 while it works splits the data: both sides may take writes
      override     --attest-source-down NAME --reason "who has seen it, and how""
    `);
  });

  it('only this machine sees it down', async () => {
    expect(await asked({ users: 'down', api: 'down', link: 'up', checkers: 'unknown' })).toMatchInlineSnapshot(`
      "rule         source-down
      observed     only this machine sees it down, and its own network may be the trouble: what others see changes within three minutes (dr resume). users: down (users was asked); source-api: down (api was asked); replication: up (link was asked); health-checkers: unknown (checkers was asked) (just now)
      threshold    two independent signals that the source region is down
      consequence  a failover away from ap-northeast-2 while it works splits the data: both sides may take writes
      override     --attest-source-down NAME --reason "who has seen it, and how""
    `);
  });

  it('users are served, and checkers reach it', async () => {
    expect(await asked({ users: 'up', api: 'down', link: 'down', checkers: 'up' })).toMatchInlineSnapshot(`
      "rule         source-down
      observed     Route 53's checkers reach it: where it was lost a moment ago, they see it within a minute (dr resume). users: up (users was asked); source-api: down (api was asked); replication: down (link was asked); health-checkers: up (checkers was asked) (just now)
      threshold    two independent signals that the source region is down
      consequence  a failover away from ap-northeast-2 while it works splits the data: both sides may take writes
      override     --attest-source-down NAME --reason "who has seen it, and how""
    `);
  });

  it('all is well, in a whole run', async () => {
    expect(await saidByRun(await simulation())).toMatchInlineSnapshot(`
      "assess.source
      rule         source-down
      observed     0 of at least 2 independent signals say down. users: up (home-page: status 200 from 127.0.0.2 in 5 ms); source-api: up (shop-orders is available); replication: up (shop-orders-tokyo is replicating, lag 1.0 s, 0.2 s ago); health-checkers: up (8 of 8 checkers reach it) (just now)
      threshold    two independent signals that the source region is down
      consequence  a failover away from ap-northeast-2 while it works splits the data: both sides may take writes
      override     --attest-source-down NAME --reason "who has seen it, and how""
    `);
  });
});

describe('a switchover of a source that is not healthy', () => {
  const asked = (says: Parameters<typeof facts>[0], more: Record<string, Json> = {}) =>
    saidBy('run.source-healthy', { region: SEOUL, signals: Object.keys(signals) }, { what: 'observe', facts: facts(says, more) });

  it('something was not looked at', async () => {
    expect(await asked({ users: 'up', api: 'up', link: 'up' })).toMatchInlineSnapshot(`
      "rule         source-healthy
      observed     checkers: not seen (just now)
      threshold    every signal of the source is up, and its replicas follow
      consequence  a switchover needs both sides: without ap-northeast-2 it could neither bring the last writes over nor roll back
      override     none: wait until it is healthy, or, when ap-northeast-2 is lost: dr failover --region ap-northeast-1"
    `);
  });

  it('its own API gives no clear answer', async () => {
    expect(await asked({ users: 'up', api: 'unknown', link: 'up', checkers: 'unknown' })).toMatchInlineSnapshot(`
      "rule         source-healthy
      observed     api: unknown (api was asked) (just now)
      threshold    every signal of the source is up, and its replicas follow
      consequence  a switchover needs both sides: without ap-northeast-2 it could neither bring the last writes over nor roll back
      override     none: wait until it is healthy, or, when ap-northeast-2 is lost: dr failover --region ap-northeast-1"
    `);
  });

  it('users get errors', async () => {
    expect(await asked({ users: 'down', api: 'up', link: 'up', checkers: 'down' })).toMatchInlineSnapshot(`
      "rule         source-healthy
      observed     users: down (users was asked); checkers: down (checkers was asked) (just now)
      threshold    every signal of the source is up, and its replicas follow
      consequence  a switchover needs both sides: without ap-northeast-2 it could neither bring the last writes over nor roll back
      override     none: wait until it is healthy, or, when ap-northeast-2 is lost: dr failover --region ap-northeast-1"
    `);
  });

  it('its replica does not follow, and writes were stopped by this run', async () => {
    expect(await asked({ users: 'down', api: 'up', link: 'down', checkers: 'down' }, { 'writes.stopped': true })).toMatchInlineSnapshot(`
      "rule         source-healthy
      observed     link: down (link was asked) (just now)
      threshold    every signal of the source is up, and its replicas follow
      consequence  a switchover needs both sides: without ap-northeast-2 it could neither bring the last writes over nor roll back
      override     none: wait until it is healthy, or, when ap-northeast-2 is lost: dr failover --region ap-northeast-1"
    `);
  });
});

import { describe, expect, it } from 'vitest';
import type { FleetPlan, FleetResult } from '../../src/app/fleet/fleet.ts';
import { worst } from '../../src/app/fleet/outcome.ts';
import { DrError } from '../../src/base/errors.ts';
import { type ConfirmIo } from '../../src/cli/confirm.ts';
import { confirmFleet, fleetJson, fleetPlanText, fleetText } from '../../src/cli/fleet-view.ts';
import { FleetLines, fleetTable } from '../../src/cli/presenters/fleet.ts';
import { plain } from '../../src/cli/style.ts';
import { failedStory, plan } from './fixture.ts';

const member = (name: string, more: object = {}) =>
  ({ name, needs: [], follows: [], loaded: {}, state: 'planned', plan: plan({ runbook: { name, sha256: '', path: '' } }), identity: '', planned: { from: 0, to: 0, waits: [] }, ...more }) as never;

const PLAN: FleetPlan = {
  region: 'ap-northeast-1',
  members: [
    member('blog', { state: 'there', because: 'blog is active in ap-northeast-1 already.' }),
    member('identity'),
    member('shop', { needs: ['identity'] }),
    member('torn', { state: 'failed', error: new DrError({ code: 'X', exit: 'refused', title: 'There is no DB instance.' }) }),
  ],
  notes: ['archive has no region ap-northeast-1'],
};

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

const accepted = { approvedBy: [] };
const refused = (work: Promise<unknown>) =>
  work.then(() => 'not refused', (error: unknown) => (error instanceof DrError ? [error.code, error.exit, error.message, error.next] : error));

describe('the plan of many', () => {
  it('is a table in the order in which they run', () => {
    expect(fleetPlanText(PLAN, plain)).toMatchInlineSnapshot(`
      "failover of 2 of 4 applications to Tokyo (ap-northeast-1)
        RUNBOOK   FROM            STEPS  P50 / P95  NO RETURN  ORDER
        blog                                                   skipped: blog is active in ap-northeast-1 already.
        identity  ap-northeast-2  5      6m / 11m   1
        shop      ap-northeast-2  5      6m / 11m   1          after identity
        torn                                                   cannot be planned: There is no DB instance.
      Irreversible:
        identity: Promote shop-orders-tokyo
        shop: Promote shop-orders-tokyo
      Note: archive has no region ap-northeast-1.
      Expected: about 12m (p50), 22m (p95) on AWS, all together."
    `);
  });
});

describe('one confirmation for all', () => {
  it('is the number of applications that are moved, and the region', async () => {
    const person = io(true, ' 2@ap-northeast-1 ');
    expect(await confirmFleet(PLAN, accepted, undefined, person, plain)).toBe('typed');
    expect(person.written).toContain('Type the number of applications and the region (2@ap-northeast-1) to continue');
    expect(await confirmFleet(PLAN, accepted, '2@ap-northeast-1', io(false), plain)).toBe('flag');
  });

  it.each(['', 'y', 'all', '4@ap-northeast-1', '2@ap-northeast-2', '2'])('declines %o', async (answer) => {
    const next = ['dr failover --region ap-northeast-1 --confirm 2@ap-northeast-1'];
    expect(await refused(confirmFleet(PLAN, accepted, undefined, io(true, answer), plain))).toEqual(['NOT_CONFIRMED', 'declined', `"${answer}" is not "2@ap-northeast-1". Nothing was done.`, next]);
    expect(await refused(confirmFleet(PLAN, accepted, answer, io(true), plain))).toEqual(['CONFIRMATION_MISMATCH', 'declined', `--confirm says "${answer}", but this is 2@ap-northeast-1. Nothing was done.`, next]);
  });

  it('cannot be asked for without a terminal', async () => {
    expect(await refused(confirmFleet(PLAN, accepted, undefined, io(false, '2@ap-northeast-1'), plain))).toContain('CONFIRMATION_NEEDED');
  });
});

describe('the end of many', () => {
  const state = failedStory().run;
  const result: FleetResult = {
    id: 'fleet-1',
    region: 'ap-northeast-1',
    notes: [],
    exit: 'failed',
    outcomes: [
      { name: 'blog', standing: 'active already', because: 'blog is active there.', exit: 'ok' },
      { name: 'shop', standing: 'ran', because: 'failed', exit: 'failed', result: { state, exit: 'failed', summary: [] } },
      { name: 'web', standing: 'held back', because: 'it depends on shop, which did not succeed', exit: 'failed' },
    ],
  };

  it('says of each how it stands, and how to continue', () => {
    expect(fleetText(result, plain)).toMatchInlineSnapshot(`
      "   RUNBOOK  STANDS          TOOK  RUN
      ✔  blog     active already        blog is active there.
      ✖  shop     failed          10 s  20261120T101500Z-shop-failover-1a2b3c
      ✖  web      held back             it depends on shop, which did not succeed
      1 of 3 are active in Tokyo (ap-northeast-1).
      To continue: dr resume --all"
    `);
  });

  it('is one document', () => {
    expect(fleetJson(result)).toMatchObject({
      fleet: 'fleet-1',
      runbooks: [
        { runbook: 'blog', standing: 'active already', exit: 'ok' },
        { runbook: 'shop', exit: 'failed', run: { run: state.run, standing: 'failed' }, resume: `dr resume ${state.run}` },
        { runbook: 'web', standing: 'held back' },
      ],
    });
  });

  it('has the worst exit of all', () => {
    expect([worst([]), worst(['ok', 'objectiveMissed']), worst(['refused', 'failed', 'ok']), worst(['bug', 'failed'])]).toEqual(['ok', 'objectiveMissed', 'failed', 'bug']);
  });
});

describe('many runs while they happen', () => {
  it('are lines with the name of the application', () => {
    let text = '';
    const lines = new FleetLines({ write: (part: string) => (text += part) } as never);
    failedStory((record, state) => lines.onRecord(record, state));
    const written = text.trim().split('\n');
    expect(written.length).toBeGreaterThan(4);
    expect(written.filter((line) => line.startsWith('2026')).every((line) => line.slice(27).startsWith('shop: '))).toBe(true);
  });

  it('are a table, those that need an eye first, cut to the terminal', () => {
    const { run: state } = failedStory();
    const running = { ...state, plan: plan({ runbook: { name: 'a-runs', sha256: '', path: '' } }), outcome: undefined, endedAt: undefined } as never;
    const table = fleetTable([running, state], state.lastAt, 1, plain);
    expect(table[0]).toMatch(/^✖ {2}shop/);
    expect(table.slice(1)).toEqual(['… and 1 more', '1 failed · 1 running']);
  });
});

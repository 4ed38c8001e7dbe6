import { describe, expect, it } from 'vitest';
import type { FleetPlan, FleetResult } from '../../src/app/fleet/fleet.ts';
import { worst } from '../../src/app/fleet/outcome.ts';
import { DrError } from '../../src/base/errors.ts';
import { type ConfirmIo } from '../../src/cli/confirm.ts';
import { fleetPreviewText, refusedCount, sayProgress } from '../../src/cli/fleet-preview.ts';
import { confirmFleet, fleetJson, fleetPlanText, fleetText } from '../../src/cli/fleet-view.ts';
import { FleetLines, fleetTable } from '../../src/cli/presenters/fleet.ts';
import { plain } from '../../src/cli/text.ts';
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
      "failover of 2 of 4 applications from Seoul (ap-northeast-2) to Tokyo (ap-northeast-1)
        RUNBOOK   STEPS  P50 / P95  IRREVERSIBLE; ORDER
        blog                        skipped: blog is active in ap-northeast-1 already.
        identity  5      6m / 11m   Promote shop-orders-tokyo
        shop      5      6m / 11m   Promote shop-orders-tokyo; after identity
        torn                        cannot be planned: There is no DB instance.
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

describe('what would refuse many', () => {
  const obstacle = (name: string, observed: string) => ({
    step: 'data.orders.gate', title: 'Data loss of orders against the RPO',
    refusal: { rule: 'rpo-gate', observed, threshold: 'at most 5m', consequence: `${name} may lose more`, override: '--accept-data-loss 600' },
  });
  const seen = (...refusals: object[]) => ({ refusals, notEvaluated: [], warnings: [] }) as never;
  const many = (names: readonly string[]): FleetPlan => ({ ...PLAN, members: names.map((name) => member(name)) });

  it('is said once of all that the same rule refuses: what is the same once, what each observed by its name', () => {
    const plan = many(['a', 'b', 'c', 'd']);
    const previews = new Map([['a', seen(obstacle('a', '7m'))], ['b', seen(obstacle('b', '9m'))], ['c', seen()], ['d', 'no answer']]);
    expect(fleetPreviewText(plan, previews, 80, plain)).toMatchInlineSnapshot(`
      "Would they be refused now?
        2 applications, each: would be refused now: rpo-gate
          Data loss of orders against the RPO [data.orders.gate]
            rule         rpo-gate
            observed     by each, below (just now)
            threshold    at most 5m
            consequence  not the same for all:
              dr plan --region ap-northeast-1 --runbook NAME
            override     --accept-data-loss 600
              a  7m
              b  9m
          They are: a, b
        c: nothing would refuse it now
        d: could not be checked: no answer"
    `);
    expect(refusedCount(plan, previews)).toBe('Would be refused now: 2 of 4, for what stands above.');
    expect(refusedCount(plan, new Map([['c', seen()]]))).toBe('');
  });

  it('is read at a glance for 300: no line an application', () => {
    const names = Array.from({ length: 300 }, (_, n) => `app-${n}`);
    const text = fleetPreviewText(many(names), new Map(names.map((name) => [name, seen(obstacle('it', '7m'))])), 80, plain);
    expect(text).toMatchInlineSnapshot(`
      "Would they be refused now?
        all 300 applications, each: would be refused now: rpo-gate
          Data loss of orders against the RPO [data.orders.gate]
            rule         rpo-gate
            observed     7m (just now)
            threshold    at most 5m
            consequence  it may lose more
            override     --accept-data-loss 600"
    `);
  });

  it('one that another run holds is said alone', () => {
    const held = (run: string) => ({ step: 'lock', title: 'Another run holds it.', held: [run] });
    const text = fleetPreviewText(many(['a', 'b']), new Map([['a', seen(held('run-1'))], ['b', seen(held('run-2'))]]), 80, plain);
    expect(text).toMatch(/a: would be refused now: another run holds it\n {4}Another run holds it\.\n {6}run-1\n {2}b: /);
  });

  it('says how far it is every five seconds, and not at the end', () => {
    const said: string[] = [];
    let now = 0;
    const progress = sayProgress((line) => said.push(line), () => now);
    for (const [at, done] of [[1_000, 10], [6_000, 40], [7_000, 50], [12_000, 90], [20_000, 100]] as const) {
      now = at;
      progress(done < 60 ? 'planned' : 'checked', done, 100);
    }
    expect(said).toEqual(['Planned 40 of 100.', 'Checked 90 of 100 for what would refuse them now.']);
  });

  it('stands above the question, and its count right before it', async () => {
    const person = io(true, '2@ap-northeast-1');
    await confirmFleet(many(['a', 'b']), accepted, undefined, person, plain, () => Promise.resolve(new Map([['a', seen(obstacle('a', '7m'))], ['b', seen()]])));
    expect(person.written).toMatch(/Would they be refused now\?[^]*failover of 2[^]*Would be refused now: 1 of 2, for what stands above\.\nType the number/);
  });
});

describe('the plan of many at a narrow terminal', () => {
  it('has two lines an application, and none is wider', () => {
    const text = fleetPlanText(PLAN, plain, 60);
    expect(Math.max(...text.split('\n').map((line) => line.length))).toBeLessThanOrEqual(60);
    expect(text).toMatchInlineSnapshot(`
      "failover of 2 of 4 applications from Seoul
        (ap-northeast-2) to Tokyo (ap-northeast-1)
        blog
          skipped: blog is active in ap-northeast-1 already.
        identity: from ap-northeast-2, 5 steps, 6m / 11m
          irreversible: Promote shop-orders-tokyo
        shop: from ap-northeast-2, 5 steps, 6m / 11m
          irreversible: Promote shop-orders-tokyo; after identity
        torn
          cannot be planned: There is no DB instance.
      Note: archive has no region ap-northeast-1.
      Expected: about 12m (p50), 22m (p95) on AWS, all together."
    `);
  });
});

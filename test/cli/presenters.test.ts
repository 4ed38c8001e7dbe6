import { Writable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { JsonlPresenter, PlainPresenter } from '../../src/cli/presenters/plain.ts';
import { canRedraw, choosePresenter } from '../../src/cli/presenters/choose.ts';
import { budgetLine } from '../../src/cli/presenters/sentences.ts';
import { TreePresenter } from '../../src/cli/presenters/tree.ts';
import type { RunEvent } from '../../src/journal/events.ts';
import { failedStory, plan, started, Story, T0 } from './fixture.ts';

class Screen extends Writable {
  text = '';
  isTTY = true;
  columns = 100;
  rows = 40;

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.text += chunk.toString();
    done();
  }

  get tty(): NodeJS.WriteStream {
    return this as unknown as NodeJS.WriteStream;
  }
}

describe('plain lines', () => {
  it('tells a run in one line an event, with the time in UTC', () => {
    const screen = new Screen();
    const presenter = new PlainPresenter(screen);
    failedStory((record, state) => presenter.onRecord(record, state));
    expect(screen.text).toMatchInlineSnapshot(`
      "2026-11-20T10:15:00.000Z   run 20261120T101500Z-shop-failover-1a2b3c: failover of shop, Seoul (ap-northeast-2) → Tokyo (ap-northeast-1), 5 steps
      2026-11-20T10:15:01.000Z ! probe home-page: down, ECONNREFUSED
      2026-11-20T10:15:02.000Z + all 5 checks passed
      2026-11-20T10:15:03.000Z   assess.source: Assess Seoul
      2026-11-20T10:15:04.000Z + assess.source: done in 1.0 s: two signals agree that Seoul is down
      2026-11-20T10:15:05.000Z   data.orders.gate: RPO gate of orders
      2026-11-20T10:15:06.000Z + data.orders.gate: passed: lag 0.8 s is below 1m
      2026-11-20T10:15:07.000Z   data.orders.promote: Promote shop-orders-tokyo
      2026-11-20T10:15:08.000Z   data.orders.promote: requesting: it is a replica
      2026-11-20T10:15:09.000Z ! data.orders.promote: failed: the instance is not available
                                 dr resume
      2026-11-20T10:15:10.000Z ! run 20261120T101500Z-shop-failover-1a2b3c failed
      "
    `);
  });

  it('shows every part of a refusal', () => {
    const screen = new Screen();
    const presenter = new PlainPresenter(screen);
    new Story((record, state) => presenter.onRecord(record, state)).add(started()).add({
      type: 'step.refused',
      step: 'data.orders.gate',
      because: 'too much lag',
      refusal: {
        rule: 'rpo-gate',
        observed: 'lag 95 s',
        ageMs: 12_000,
        threshold: 'RPO 60 s',
        consequence: 'up to 95 s of orders are lost',
        override: '--accept-data-loss 95s --reason "..."',
      },
    });
    for (const part of ['rpo-gate', 'lag 95 s (12 s ago)', 'RPO 60 s', 'up to 95 s of orders', '--accept-data-loss 95s']) {
      expect(screen.text).toContain(part);
    }
  });
});

describe('a long wait in a log', () => {
  it('gets a line from time to time: what for, how long of at most, and what was last recorded', () => {
    const screen = new Screen();
    const presenter = new PlainPresenter(screen);
    const story = new Story((record, state) => presenter.onRecord(record, state)).add(started()).add({ type: 'step.started', step: 'data.orders.promote' });
    const begun = story.run.lastAt;
    story.add({ type: 'step.intent', step: 'data.orders.promote', attempt: 1, because: 'a replica' }).add({ type: 'step.acted', step: 'data.orders.promote', attempt: 1, calls: [] });
    screen.text = '';
    presenter.beat(begun + 20_000);
    expect(screen.text).toBe('');
    presenter.beat(begun + 40_000);
    expect(screen.text.slice(25)).toBe('  data.orders.promote: Promote shop-orders-tokyo: waiting 40 s of at most 1m; last: the request was accepted, result not yet known\n');
    void presenter.close();
  });
});

describe('the RTO budget', () => {
  it('counts from impact when a probe saw it, else from the declaration', () => {
    const story = new Story().add(started());
    expect(budgetLine(story.run, T0 + 10_000)).toBe('RTO 15m: 10 s since it was confirmed, 14m 50s left · home-page no sample yet');
    const well = new Story().add(started()).add({ type: 'probe.changed', probe: 'home-page', up: true, sampledAt: T0, status: 200, address: '10.0.0.1' } as never);
    expect(budgetLine(well.run, T0 + 10_000)).toMatch(/^RTO 15m: 10 s since it was confirmed \(probes see no impact\), 14m 50s left · home-page up for /);
    story.add({ type: 'probe.changed', probe: 'home-page', up: false, status: 503, sampledAt: T0 + 1000 });
    expect(budgetLine(story.run, T0 + 21_000)).toBe('RTO 15m: at least 20 s since impact, at most 14m 40s left (name when it began: --impact-at) · home-page DOWN for 20 s');
    expect(budgetLine(story.run, T0 + 1_000_000)).toContain('exceeded by at least 1m 39s');
    story.add({ type: 'probe.changed', probe: 'home-page', up: true, status: 200, sampledAt: T0 + 5000 });
    expect(budgetLine(story.run, T0 + 25_000)).toBe('RTO 15m: probes good again at least 4.0 s after impact (name when it began: --impact-at) · home-page up for 20 s');
  });

  it('is exact where a good sample came before the first bad one', () => {
    const story = new Story().add(started()).add({ type: 'probe.changed', probe: 'home-page', up: true, status: 200, sampledAt: T0 + 500 });
    story.add({ type: 'probe.changed', probe: 'home-page', up: false, status: 503, sampledAt: T0 + 1000 });
    expect(budgetLine(story.run, T0 + 21_000)).toBe('RTO 15m: 20 s since impact, 14m 40s left · home-page DOWN for 20 s');
  });

  it('counts from the first impact after a resume, and says when a probe was last seen where nobody watches', () => {
    const story = new Story().add(started()).add({ type: 'probe.changed', probe: 'home-page', up: false, status: 503, sampledAt: T0 + 1000 });
    story.add({ type: 'run.resumed', operator: story.run.operator, acceptances: { approvedBy: [] } });
    story.add({ type: 'probe.changed', probe: 'home-page', up: false, status: 503, sampledAt: T0 + 60_000 });
    expect(budgetLine(story.run, T0 + 61_000)).toContain('at least 1m since impact');
    expect(budgetLine(story.run, T0 + 61_000)).toContain('home-page DOWN for 1m');
    expect(budgetLine(story.run, T0 + 600_000, false)).toMatch(/home-page DOWN when last seen, at 10:15:0\d UTC$/);
  });

  it('has no RTO in a reprotect: nobody is moved', () => {
    const story = new Story().add({ ...started(), plan: plan({ verb: 'reprotect' }) } as RunEvent);
    expect(budgetLine(story.run, T0 + 10_000)).toBe('home-page no sample yet');
  });
});

describe('jsonl', () => {
  it('writes each record as it is, one a line', () => {
    const screen = new Screen();
    const presenter = new JsonlPresenter(screen);
    const story = failedStory((record) => presenter.onRecord(record));
    const lines = screen.text.trimEnd().split('\n');
    expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual(story.records);
  });
});

describe('the choice', () => {
  it('is a log where the cursor cannot be moved: TERM=dumb, a pipe', () => {
    expect([canRedraw({ isTTY: true }, { TERM: 'xterm' }), canRedraw({ isTTY: true }, { TERM: 'dumb' }), canRedraw({}, { TERM: 'xterm' })]).toEqual([true, false, false]);
  });

  it.each([
    [{ tty: true, json: false, output: 'text' }, 'TreePresenter'],
    [{ tty: false, json: false, output: 'text' }, 'PlainPresenter'],
    [{ tty: true, json: false, output: 'jsonl' }, 'JsonlPresenter'],
    [{ tty: true, json: true, output: 'text' }, 'PlainPresenter'],
  ] as const)('%o gives %s', async (choice, name) => {
    expect((await choosePresenter(choice)).constructor.name).toBe(name);
  });
});

describe('the task tree', () => {
  it('shows what runs while it runs, and every step at the end', async () => {
    const screen = new Screen();
    const presenter = new TreePresenter(screen.tty);
    const story = new Story((record, state) => presenter.onRecord(record, state)).add(started());
    story.add({ type: 'step.started', step: 'assess.source' });
    await drawn(screen, 'Assess Seoul');
    expect(screen.text).not.toContain('Flip shop.example.com');
    story.add({ type: 'step.done', step: 'assess.source', already: false, because: 'two signals agree' });
    story.add({ type: 'step.started', step: 'data.orders.gate' });
    await drawn(screen, 'RPO gate of orders');
    story.add({ type: 'run.interrupted', signal: 'SIGINT' });
    presenter.message('a last word');
    const live = screen.text.length;
    await presenter.close();
    const end = screen.text.slice(live);
    for (const title of ['Assess Seoul', 'two signals agree', 'RPO gate', 'Promote shop-orders-tokyo', 'Flip shop.example.com', 'a last word']) {
      expect(end).toContain(title);
    }
    expect(end).toContain('\u001b[?25h');
  });

  it('loses no line of a plan taller than the terminal', async () => {
    const screen = new Screen();
    screen.rows = 5;
    const presenter = new TreePresenter(screen.tty);
    const story = failedStory((record, state) => presenter.onRecord(record, state));
    const live = screen.text.length;
    await presenter.close();
    for (const step of story.run.plan.steps) expect(screen.text.slice(live)).toContain(step.title);
    expect(screen.text.slice(live)).toContain('RDS refused');
  });

  it('leaves signals to the command', async () => {
    const before = process.listenerCount('SIGINT');
    const presenter = new TreePresenter(new Screen().tty);
    new Story((record, state) => presenter.onRecord(record, state)).add(started());
    expect(process.listenerCount('SIGINT')).toBe(before);
    await presenter.close();
  });
});

/** Until the screen shows it: listr2 draws on its own timer. */
async function drawn(screen: Screen, text: string): Promise<void> {
  for (let i = 0; i < 200 && !screen.text.includes(text); i++) await new Promise((resolve) => setTimeout(resolve, 10));
  expect(screen.text).toContain(text);
}

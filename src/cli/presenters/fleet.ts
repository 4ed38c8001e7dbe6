import { stripVTControlCharacters } from 'node:util';
import { iso } from '../../base/clock.ts';
import { formatDuration } from '../../base/duration.ts';
import type { JournalRecord } from '../../journal/events.ts';
import type { RunState } from '../../journal/state.ts';
import { standing } from '../run-view.ts';
import { columns, indent, type Painter, painterFor, safe, width } from '../text.ts';
import type { Presenter } from './presenter.ts';
import { budgetLine, sentence, type Tone } from './sentences.ts';

const MARK: Record<Tone, string> = { info: ' ', good: '+', bad: '!', warn: '?' };

/** Many runs for a log: one line an event, with the name of the application. */
export class FleetLines implements Presenter {
  readonly #out: NodeJS.WritableStream;

  constructor(out: NodeJS.WritableStream) {
    this.#out = out;
  }

  onRecord(record: JournalRecord, state: RunState): void {
    const said = sentence(record, state);
    if (said === undefined) return;
    const [first = '', ...rest] = safe(said.text).split('\n');
    const head = `${iso(record.at)} ${MARK[said.tone]} ${state.plan.runbook.name}: `;
    this.#out.write(`${head}${first}\n${rest.length > 0 ? `${indent(rest.join('\n'), head.length)}\n` : ''}`);
  }

  message(text: string): void {
    this.#out.write(`${iso(Date.now())}   ${safe(text)}\n`);
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

const REDRAW_MS = 250;

/** Many runs on a terminal: a table that is drawn over itself, those that need an eye first. */
export class FleetTable implements Presenter {
  readonly #out: NodeJS.WriteStream;
  readonly #paint: Painter;
  readonly #runs = new Map<string, RunState>();
  #drawn = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(out: NodeJS.WriteStream) {
    this.#out = out;
    this.#paint = painterFor(out);
  }

  onRecord(record: JournalRecord, state: RunState): void {
    this.#runs.set(state.plan.runbook.name, state);
    const said = sentence(record, state);
    if (said?.tone === 'bad' && record.type !== 'probe.changed') this.message(`${state.plan.runbook.name}: ${said.text}`);
    this.#timer ??= setInterval(() => this.#draw(), REDRAW_MS).unref();
  }

  message(text: string): void {
    this.#clear();
    this.#out.write(`${safe(text)}\n`);
    this.#draw();
  }

  close(): Promise<void> {
    clearInterval(this.#timer);
    this.#clear();
    return Promise.resolve();
  }

  #clear(): void {
    if (this.#drawn > 0) this.#out.write(`\u001b[${this.#drawn}A\u001b[0J`);
    this.#drawn = 0;
  }

  #draw(): void {
    this.#clear();
    const lines = fleetTable([...this.#runs.values()], Date.now(), Math.max(3, (this.#out.rows || 24) - 4), this.#paint).map(safe);
    const cut = lines.map((line) => (width(line) > (this.#out.columns || 80) ? stripVTControlCharacters(line).slice(0, (this.#out.columns || 80) - 1) : line));
    this.#out.write(`${cut.join('\n')}\n`);
    this.#drawn = cut.length;
  }
}

const ORDER = ['failed', 'refused', 'interrupted', 'unfinished', 'aborted', 'succeeded'];

/** One line a run, at most `rows` of them, and one line that counts them all. */
export function fleetTable(runs: readonly RunState[], now: number, rows: number, paint: Painter): string[] {
  const sorted = [...runs].sort((a, b) => ORDER.indexOf(standing(a)) - ORDER.indexOf(standing(b)) || a.plan.runbook.name.localeCompare(b.plan.runbook.name));
  const shown = sorted.slice(0, rows).map((state) => {
    const steps = [...state.steps.values()];
    const done = steps.filter((step) => step.state === 'done').length;
    const active = steps.find((step) => step.state === 'acting' || step.state === 'verifying') ?? steps.find((step) => step.state === 'observing');
    const stands = standing(state);
    const end = state.endedAt ?? now;
    return [
      stands === 'succeeded' ? paint('green', '✔') : stands === 'unfinished' ? paint('cyan', '…') : paint('red', '✖'),
      state.plan.runbook.name,
      `${done}/${steps.length}`,
      formatDuration(Math.max(0, end - state.startedAt)),
      stands === 'unfinished' ? (active?.id ?? (state.checksGreen ? 'between steps' : 'checks')) : stands,
      stands === 'unfinished' ? budgetLine(state, now) : '',
    ];
  });
  const counts = ORDER.map((word) => [word, runs.filter((state) => standing(state) === word).length] as const).filter(([, n]) => n > 0);
  const rest = sorted.length > rows ? [`… and ${sorted.length - rows} more`] : [];
  return [...columns(shown), ...rest, counts.map(([word, n]) => `${n} ${word === 'unfinished' ? 'running' : word}`).join(' · ')];
}

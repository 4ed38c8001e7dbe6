import type { Presenter } from './presenter.ts';

interface PresenterChoice {
  /** stderr is a terminal. */
  tty: boolean;
  json: boolean;
  output: 'text' | 'jsonl';
  fleet?: boolean;
}

/** A terminal that cannot move its cursor is a log. */
export function canRedraw(stream: { isTTY?: boolean }, env: NodeJS.ProcessEnv): boolean {
  return stream.isTTY === true && env.TERM !== 'dumb';
}

/** `--output jsonl` streams on stdout. Progress goes to stderr: a terminal gets the tree; a log, and anyone who asks for `--json`, gets lines. */
export async function choosePresenter(choice: PresenterChoice): Promise<Presenter> {
  if (choice.output === 'jsonl') {
    const { JsonlPresenter } = await import('./plain.ts');
    return new JsonlPresenter(process.stdout);
  }
  if (choice.fleet === true) {
    const { FleetLines, FleetTable } = await import('./fleet.ts');
    return choice.tty && !choice.json ? new FleetTable(process.stderr) : new FleetLines(process.stderr);
  }
  if (choice.tty && !choice.json) {
    const { TreePresenter } = await import('./tree.ts');
    return new TreePresenter(process.stderr);
  }
  const { PlainPresenter } = await import('./plain.ts');
  return new PlainPresenter(process.stderr);
}

import type { Presenter } from './presenter.ts';

export interface PresenterChoice {
  /** stderr is a terminal. */
  tty: boolean;
  json: boolean;
  output: 'text' | 'jsonl';
  /** Many runs at once. */
  fleet?: boolean;
}

/** `--json` is silent until the end, `--output jsonl` streams on stdout; a terminal gets the tree, a log gets lines. */
export async function choosePresenter(choice: PresenterChoice): Promise<Presenter> {
  if (choice.output === 'jsonl') {
    const { JsonlPresenter } = await import('./jsonl.ts');
    return new JsonlPresenter(process.stdout);
  }
  if (choice.json) return SILENT;
  if (choice.fleet === true) {
    const { FleetLines, FleetTable } = await import('./fleet.ts');
    return choice.tty ? new FleetTable(process.stderr) : new FleetLines(process.stderr);
  }
  if (choice.tty) {
    const { TreePresenter } = await import('./tree.ts');
    return new TreePresenter(process.stderr);
  }
  const { PlainPresenter } = await import('./plain.ts');
  return new PlainPresenter(process.stderr);
}

const SILENT: Presenter = {
  onRecord: () => undefined,
  message: () => undefined,
  close: () => Promise.resolve(),
};

import { writeSync } from 'node:fs';
import { EXIT } from '../base/exit-codes.ts';
import { errorEnvelope, schemaOf, toJsonText } from './envelope.ts';

/** One Ctrl-C can arrive twice: the terminal sends it to every process of the group, and npm sends it on once more. Within this time it counts as the same. */
const SAME_KEYPRESS_MS = 500;

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

interface Drain {
  /** Aborted at the first signal; the reason is an Error whose message is the signal's name. */
  signal: AbortSignal;
  /** From now on signals do what they did before. */
  dispose(): void;
}

/** First signal: `onFirst` is called and the run drains. A later one: leave at once, with the exit code of an interrupted run. `json`: stdout gets its document even so. */
export function drainOnSignals(onFirst: (signal: string) => void, lastWords: () => string, json = false): Drain {
  const controller = new AbortController();
  let firstAt: number | undefined;
  const onSignal = (signal: NodeJS.Signals): void => {
    if (firstAt === undefined) {
      firstAt = performance.now();
      onFirst(signal);
      controller.abort(new Error(signal));
      return;
    }
    if (performance.now() - firstAt < SAME_KEYPRESS_MS) return;
    // Straight to the file descriptor: the tree may hold process.stderr.
    try {
      writeSync(2, `\n${lastWords()}\n`);
      if (json) writeSync(1, `${toJsonText(errorEnvelope(schemaOf(undefined), { code: 'INTERRUPTED', exit: 'interrupted', title: lastWords(), next: [] }, []))}\n`);
    } catch {
      // Nobody is there to read them.
    }
    process.exit(EXIT.interrupted);
  };
  for (const name of SIGNALS) process.on(name, onSignal);
  return {
    signal: controller.signal,
    dispose: () => {
      for (const name of SIGNALS) process.off(name, onSignal);
    },
  };
}

import { spawn, spawnSync } from 'node:child_process';
import { BIN } from '../commands/run-dr.ts';
import type { Stage } from './stage.ts';

/** Whether this machine has the `script` that makes a terminal for a command. */
export const hasTerminal = (spawnSync('script', ['--version'], { encoding: 'utf8' }).stdout as string | null)?.includes('util-linux') === true;

/** A command with a terminal of its own, which gives the command's exit code as its own. */
export function inTerminal(command: readonly string[]): string[] {
  const line = command.map((word) => `'${word}'`).join(' ');
  return ['script', '-qec', `stty rows 50 cols 120; exec ${line}`, '/dev/null'];
}

/** What was written to a terminal, without what moves its cursor. */
export function asShown(text: string): string {
  return text.replaceAll(/\u001b\[[0-9;?]*[A-Za-z]/g, '').replaceAll('\r', '');
}

/** Runs `dr` at a terminal, says that it is not known when users began to suffer, and types one line when it is asked for the name. */
export function typing(on: Stage, args: readonly string[], answer: string): Promise<{ code: number | null; shown: string }> {
  return answering(on, args, [['[unknown]: ', ''], ['to continue: ', answer]]);
}

/** Runs `dr` at a terminal, and types each line once its question has been asked after the one before. */
export async function answering(on: Pick<Stage, 'env' | 'folder'>, args: readonly string[], answers: readonly (readonly [question: string, line: string])[]): Promise<{ code: number | null; shown: string }> {
  const [program = '', ...rest] = inTerminal([process.execPath, BIN, ...args]);
  const env = { PATH: process.env.PATH ?? '', TERM: 'xterm-256color', ...on.env };
  const child = spawn(program, rest, { cwd: on.folder, env, stdio: ['pipe', 'pipe', 'inherit'] });
  let text = '';
  let answered = 0;
  let seen = 0;
  child.stdout.setEncoding('utf8').on('data', (more: string) => {
    text += more;
    const [question, reply] = answers[answered] ?? [undefined, ''];
    const at = question === undefined ? -1 : text.indexOf(question, seen);
    if (question === undefined || at < 0) return;
    answered += 1;
    seen = at + question.length;
    child.stdin.write(`${reply}\n`);
  });
  const code = await new Promise<number | null>((resolve, reject) => child.once('error', reject).once('close', resolve));
  return { code, shown: asShown(text) };
}

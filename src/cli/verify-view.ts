import type { RunVerdict } from '../app/verify/run.ts';
import type { Verification } from '../app/verify/verify.ts';
import type { Painter } from './text.ts';

/** What was checked, what is wrong, and what is worth knowing. */
export function verificationText({ place, ok, pack, runs }: Verification, paint: Painter): string {
  const word = ok ? paint('green', 'Verified.') : paint('red', 'NOT verified.');
  return [...(pack === undefined ? [] : [partText(`Pack of ${pack.from} to ${pack.to}`, pack, paint)]), ...runs.map((run) => partText(`${run.run} (${run.outcome})`, run, paint)), `${word} ${place}`].join('\n\n');
}

function partText(title: string, { ok, right, bad, notes }: Pick<RunVerdict, 'ok' | 'right' | 'bad' | 'notes'>, paint: Painter): string {
  const place = ({ file, record }: RunVerdict['bad'][number]): string => (record === undefined ? file : `${file}, record ${record}`);
  return [
    `${paint('bold', title)}: ${ok ? 'verified' : 'not verified'}`,
    ...bad.map((one) => paint('red', `  ✖ ${place(one)}: ${one.why}`)),
    ...right.map((line) => `  ✔ ${line}`),
    ...notes.map((line) => paint('yellow', `  ! ${line}`)),
  ].join('\n');
}

import { expect, it } from 'vitest';
import { AwsError } from '../../src/aws/errors.ts';
import { PlainPresenter } from '../../src/cli/presenters/plain.ts';
import { FleetLines } from '../../src/cli/presenters/fleet.ts';
import { TreePresenter } from '../../src/cli/presenters/tree.ts';
import { renderError, shownError } from '../../src/cli/shown-error.ts';
import { plain, safe } from '../../src/cli/text.ts';

const EVIL = 'evil \u001b[2J\u001b]0;pwned\u0007\u009b1A\u202e\r\nError: forged';
const RAW = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e]/;

/** What is written to a stream. */
function capture() {
  const written: string[] = [];
  return { written, stream: { write: (text: string) => written.push(text) } as unknown as NodeJS.WriteStream };
}

it('leaves our colours, newlines and tabs, and shows all other controls as codes', () => {
  expect(safe('\u001b[1m\u001b[31mred\u001b[39m\u001b[22m\n\tend')).toBe('\u001b[1m\u001b[31mred\u001b[39m\u001b[22m\n\tend');
  expect(safe('\u001b[8mhidden\u001b[30;40m')).toBe('\\u001b[8mhidden\\u001b[30;40m');
});

it('what AWS says reaches no terminal raw: neither as an error nor as a message', () => {
  const error = new AwsError({ service: 'rds', operation: 'X', region: 'r', code: 'Bad', message: EVIL });
  const shown = renderError(shownError(error, { debug: false }), plain);
  expect(shown).not.toMatch(RAW);
  expect(shown).not.toMatch(/^Error: forged/m);
  for (const Presenter of [PlainPresenter, FleetLines, TreePresenter]) {
    const { written, stream } = capture();
    new Presenter(stream).message(EVIL);
    expect(written.join('')).toContain('\\u001b[2J');
    expect(written.join('')).not.toMatch(RAW);
  }
});

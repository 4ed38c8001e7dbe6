import { longestForm, redacted } from '../../effects/redact.ts';

/* What the counterpart of a custom step said goes into the journal: bounded, printable, and without the secrets that it was given. */

/** Characters that are kept: enough for a message, too few for a dump. */
const KEPT = 2_000;

/**
 * The text as it may be kept; `secrets` are the values of the environment that the step was given, by name. `keep`: which end matters.
 * `cut`: something is missing there already, so that a secret may stand there in part.
 */
export function said(
  text: string,
  secrets: Readonly<Record<string, string>>,
  options: { keep: 'head' | 'tail'; cutAtStart?: boolean; cutAtEnd?: boolean },
): string {
  const list = Object.entries(secrets).map(([name, value]) => ({ name, value }));
  const longest = longestForm(list);
  const from = options.cutAtStart === true ? longest : 0;
  const to = options.cutAtEnd === true ? Math.max(from, text.length - longest) : text.length;
  const clean = redacted(text.slice(from, to), list).trim();
  if (clean.length <= KEPT) return clean;
  return options.keep === 'head' ? `${clean.slice(0, KEPT)}…` : `…${clean.slice(-KEPT)}`;
}

/*
 * What an own step's counterpart said goes into the journal: bounded, printable, and without the secrets that it was given.
 */

/** Characters that are kept: enough for a message, too few for a dump. */
const KEPT = 2_000;

/** Forms in which a value may come back. */
function formsOf(secret: string): string[] {
  const base64 = Buffer.from(secret).toString('base64');
  return [secret, encodeURIComponent(secret), JSON.stringify(secret).slice(1, -1), base64, base64.replace(/=+$/, ''), Buffer.from(secret).toString('hex')];
}

/** Takes out every value of the environment that the step was given, by name. */
export function withoutSecrets(text: string, secrets: Readonly<Record<string, string>>): string {
  const forms = Object.entries(secrets)
    .filter(([, value]) => value !== '')
    .flatMap(([name, value]) => formsOf(value).map((form) => ({ name, form })))
    // A value may be part of another one: the longest goes first.
    .sort((a, b) => b.form.length - a.form.length);
  return forms.reduce((rest, { name, form }) => rest.replaceAll(form, `[${name}]`), text);
}

/** Control characters could repaint a terminal. */
const UNSAFE = /\u001b\[[0-9;?]*[ -/]*[@-~]|[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g;

/**
 * The text as it may be kept. `keep`: which end matters. `cut`: something is missing at its start already, so that a
 * secret may stand there in part.
 */
export function said(
  text: string,
  secrets: Readonly<Record<string, string>>,
  options: { keep: 'head' | 'tail'; cutAtStart?: boolean; cutAtEnd?: boolean },
): string {
  const longest = Math.max(0, ...Object.values(secrets).flatMap(formsOf).map((form) => form.length));
  const from = options.cutAtStart === true ? longest : 0;
  const to = options.cutAtEnd === true ? Math.max(from, text.length - longest) : text.length;
  const clean = withoutSecrets(text.slice(from, to), secrets).replace(UNSAFE, '').trim();
  if (clean.length <= KEPT) return clean;
  return options.keep === 'head' ? `${clean.slice(0, KEPT)}…` : `…${clean.slice(-KEPT)}`;
}

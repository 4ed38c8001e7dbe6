/** What a text gives away. */
interface Secret {
  offset: number;
  length: number;
  /** e.g. `an AWS access key id`; never the secret itself. */
  what: string;
}

const SHAPES: readonly { what: string; pattern: RegExp; accept?: (match: string) => boolean }[] = [
  { what: 'an AWS access key id', pattern: /\b(?:AKIA|ASIA)[A-Z0-9]{16}\b/g },
  {
    what: 'an AWS secret access key',
    pattern: /(?<![A-Za-z0-9/+=])[A-Za-z0-9/+]{40}(?![A-Za-z0-9/+=])/g,
    // Forty characters alone are also a Git commit or a long path: a key mixes cases and digits.
    accept: (text) => /[A-Z]/.test(text) && /[a-z]/.test(text) && /\d/.test(text),
  },
  { what: 'a password in a URL', pattern: /\b[a-z][a-z0-9+.-]{0,31}:\/\/[^\s/?#@"']{0,256}@/gi },
  { what: 'a Slack webhook', pattern: /hooks\.slack\.com\/(?:services|workflows|triggers)\/[\w/]+/gi },
  { what: 'a Slack token', pattern: /\bxox[abeoprs]-[\w-]{8,}/g },
  { what: 'a GitHub token', pattern: /\b(?:gh[oprsu]_\w{20,}|github_pat_\w{20,})/g },
  { what: 'a private key', pattern: /-----BEGIN [A-Z ]{0,32}PRIVATE KEY-----/g },
];

/** Everything in `text` that looks like a secret, comments included: a runbook lives in Git. */
export function findSecrets(text: string): Secret[] {
  const found: Secret[] = [];
  for (const { what, pattern, accept } of SHAPES) {
    for (const match of text.matchAll(pattern)) {
      if (accept === undefined || accept(match[0])) found.push({ offset: match.index, length: match[0].length, what });
    }
  }
  return found;
}

const SHOWN = 60;
// Control characters, bidirectional overrides and line separators could repaint a terminal.
const UNSAFE = /[\u0000-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]|\p{Cs}/gu;

/** Text of a runbook made safe for a terminal and at most `max` characters long, without secrets. */
export function printable(text: string, max: number): string {
  let safe = text.slice(0, 4 * max);
  for (const { offset, length, what } of findSecrets(safe).sort((a, b) => b.offset - a.offset)) {
    safe = `${safe.slice(0, offset)}<${what}, not shown>${safe.slice(offset + length)}`;
  }
  if (safe.length > max) safe = `${safe.slice(0, max)}…`;
  return safe.replace(UNSAFE, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** A name or value of a runbook for a message. */
export function quote(text: string): string {
  return `"${printable(text, SHOWN)}"`;
}

/** What was found, in the words of a message. */
export function describe(value: unknown): string {
  if (value === null || value === undefined) return 'nothing';
  if (typeof value === 'string') return value === '' ? 'an empty text' : quote(value);
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : 'a list';
  if (typeof value === 'object') return Object.keys(value).length === 0 ? 'an empty map' : 'a map';
  return typeof value === 'number' || typeof value === 'boolean' || typeof value === 'bigint' ? String(value) : typeof value;
}

/*
 * What comes back from outside is cleaned first and masked then: a character that nobody sees could split a secret, which is whole again
 * once that character is gone.
 */

/** A value that must not be kept, and the word that stands in its place. */
interface Secret {
  name: string;
  value: string;
}

/** Terminal sequences: OSC, DCS, APC, PM and SOS with their text, CSI, and the two-byte ones. ECMA-48, https://ecma-international.org/publications-and-standards/standards/ecma-48/ */
const SEQUENCES = /(?:\u001b[\]PX^_]|[\u0090\u0098\u009d-\u009f])[^\u0007\u001b\u009c]*(?:\u0007|\u001b\\|\u009c)?|(?:\u001b\[|\u009b)[0-?]*[ -/]*[@-~]?|\u001b[ -/]*[0-~]?/g;

/** Controls but for tab and newline, what reorders text, and what has no width. */
const INVISIBLE = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u034f\u115f\u1160\u17b4\u17b5\u2028\u2029\u3164\ufe00-\ufe0f\uffa0]|\p{Cf}|\p{Cs}/gu;

/** The text without what could repaint a terminal, reorder what is read, or hide in a word. */
export function cleaned(text: string): string {
  return text.replace(SEQUENCES, '').replace(INVISIBLE, '');
}

/** The cleaned text, with every secret replaced by `[name]`, in whatever form it came back. */
export function redacted(text: string, secrets: readonly Secret[]): string {
  return secrets
    .flatMap(({ name, value }) => partsOf(value).map((part) => ({ name, value: part })))
    .filter(({ value }) => value !== '')
    // A value may be part of another one: the longest goes first.
    .toSorted((a, b) => b.value.length - a.value.length)
    .flatMap(({ name, value }) => patternsOf(cleaned(value)).map((pattern) => ({ name, pattern })))
    .reduce((rest, { name, pattern }) => rest.replace(pattern, () => `[${name}]`), cleaned(text));
}

/** Longest escape of one byte: the backslashes, `u`, and four digits. */
const ESCAPE = 13;

/** Characters that the longest form of a value may have: where a text is cut, that much of it may be a part of one. */
export function longestForm(secrets: readonly Secret[]): number {
  return Math.max(0, ...secrets.map(({ value }) => Buffer.byteLength(value) * ESCAPE));
}

/** The value, and what of it is a secret by itself: programs print one line of a key, one field of a JSON, the password of an address. */
function partsOf(value: string): string[] {
  const lines = value.split('\n').map((line) => line.trim());
  const short = [...textsIn(value), ...passwordOf(value)].filter((part) => part.length >= SHORTEST);
  return [...new Set([value.trim(), ...short, ...lines.filter((line) => line.length >= REVERSIBLE)])];
}

function textsIn(value: string): string[] {
  const texts: string[] = [];
  try {
    JSON.parse(value, (_key, item: unknown) => (typeof item === 'string' ? void texts.push(item) : item));
  } catch {
    // It is not JSON.
  }
  return texts;
}

function passwordOf(value: string): string[] {
  const password = /^[a-z][a-z0-9+.-]*:\/\/[^/?#\s]*?:([^/?#\s]*)@/i.exec(value.trim())?.[1] ?? '';
  try {
    return [password, decodeURIComponent(password)];
  } catch {
    return [password];
  }
}

/** Shorter ones would take ordinary words apart: they are masked where they stand alone. */
const SHORTEST = 4;
/** Shorter ones are words when they are read backwards. */
const REVERSIBLE = 8;
/** Longer ones, e.g. keys, are masked piece by piece, so that a part of one is masked, too. */
const PIECE = 64;

/** In upper or lower case alike. */
function patternsOf(value: string): RegExp[] {
  const characters = Array.from(value);
  if (characters.length === 0) return [];
  if (characters.length < SHORTEST) return [new RegExp(`(?<![\\p{L}\\p{N}])${escape(value)}(?![\\p{L}\\p{N}])`, 'giu')];
  const pieces: string[] = [];
  for (let from = 0; from < characters.length; from += PIECE) pieces.push(characters.slice(from, from + PIECE).join(''));
  const last = pieces.at(-1) ?? '';
  // A short rest would be found in ordinary words.
  if (pieces.length > 1 && last.length < PIECE / 2) pieces.splice(-2, 2, `${pieces.at(-2) ?? ''}${last}`);
  const backwards = characters.length < REVERSIBLE ? [] : pieces.map((piece) => escape(Array.from(piece).reverse().join('')));
  return [...pieces.flatMap((piece) => [characterForms(piece), hexForm(piece), ...base64Forms(piece)]), ...backwards].map((source) => new RegExp(source, 'giu'));
}

/** JSON in JSON in JSON escapes its escapes. Bounded, so that no text is slow to search. */
const SLASHES = '\\\\{1,8}';
/** Lines may be wrapped anywhere. */
const WRAP = '\\s{0,3}';
/** In base64, where a backslash is nothing else, also where the end of a line is written as in JSON. */
const WRAP_OF_BASE64 = `(?:\\s|${SLASHES}[nr]){0,3}`;

const NAMED: Readonly<Record<string, string>> = {
  '&': 'amp', '<': 'lt', '>': 'gt', '"': 'quot', "'": 'apos', '/': 'sol', '+': 'plus', '=': 'equals', ':': 'colon', '!': 'excl', '#': 'num', '$': 'dollar',
  '%': 'percnt', '(': 'lpar', ')': 'rpar', '*': 'ast', ',': 'comma', '.': 'period', ';': 'semi', '?': 'quest', '@': 'commat', '_': 'lowbar', '\\': 'bsol',
};

/** Each character as itself, or escaped as URLs (also twice), JSON, shells and HTML do: all of them, or some. */
function characterForms(text: string): string {
  // Of a run of backslashes nobody knows how many are escapes of others.
  return Array.from(text.replace(/\\+/g, '\\'), characterForm).join(WRAP);
}

function characterForm(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  const units = Array.from({ length: character.length }, (_, i) => character.charCodeAt(i));
  const forms = [
    character === '\\' ? '\\\\{1,32}' : `(?:${SLASHES})?${escape(character)}`,
    [...Buffer.from(character)].map((byte) => `%(?:25)*${hex(byte, 2)}`).join(''),
    units.map((unit) => `${SLASHES}u\\{?0*${hex(unit)}\\}?`).join(''),
    `&#0*${code};`,
    `&#x0*${hex(code)};`,
  ];
  if (code < 256) forms.push(`${SLASHES}x${hex(code, 2)}`, `=${hex(code, 2)}`);
  const name = NAMED[character];
  if (name !== undefined) forms.push(`&${name};`);
  if (/\s/.test(character)) forms.push('\\s', '\\+');
  if (character === '\n') forms.push(`${SLASHES}n`);
  if (character === '\t') forms.push(`${SLASHES}t`);
  // As `set -x` of a shell shows it.
  if (character === "'") forms.push(`'${SLASHES}''`, `'"'"'`);
  return `(?:${forms.join('|')})`;
}

function hexForm(text: string): string {
  return [...Buffer.from(text)].map((byte) => hex(byte, 2)).join('[\\s:]{0,2}');
}

/** The characters that are the same whatever stands before and behind, for each of the three places where a value may begin; and their neighbours. */
function base64Forms(text: string): string[] {
  const bytes = Buffer.from(text);
  return [0, 1, 2].map((before) => {
    const encoded = Buffer.concat([Buffer.alloc(before), bytes]).toString('base64');
    const core = encoded.slice(Math.ceil((before * 8) / 6), Math.floor(((before + bytes.length) * 8) / 6));
    const source = Array.from(core, (c) => (c === '+' ? `(?:[+-]|${characterForm('+')})` : c === '/' ? `(?:[/_]|${characterForm('/')})` : c)).join(WRAP_OF_BASE64);
    return `${before === 0 ? '' : '[A-Za-z0-9+/_-]?'}${source}(?:[A-Za-z0-9+/_-]?(?:=|%3D){0,2})?`;
  });
}

function hex(value: number, digits = 1): string {
  return value.toString(16).padStart(digits, '0');
}

/** As it stands, in a regular expression with the flag `u`. */
function escape(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
}

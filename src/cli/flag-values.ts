import * as Args from '@oclif/core/args';
import * as Flags from '@oclif/core/flags';
import { parseDuration } from '../base/duration.ts';
import { DrError } from '../base/errors.ts';
import { nearestRegion, REGION_SHAPE } from '../base/regions.ts';

/*
 * What a flag may hold, other than words: read once, before the command begins. A value that cannot be read is refused with what is
 * expected and with one that works.
 */

interface ValueType<T> {
  /** e.g. `a day`. */
  expected: string;
  /** One that is accepted. */
  example: string;
  /** Undefined: not a value of this sort. */
  read(text: string): T | undefined;
  near?(text: string): string | undefined;
}

/** `what` is the flag with its dashes, the variable or the argument. */
export function badValue(what: string, text: string, { expected, example, near }: Pick<ValueType<unknown>, 'expected' | 'example' | 'near'>): DrError {
  const meant = near?.(text);
  const typed = what.startsWith('-') ? `${what} ${quoted(meant ?? example)}` : (meant ?? example);
  return new DrError({ code: 'BAD_VALUE', exit: 'usage', title: `${what} ${text === '' ? '""' : text}: ${expected} is expected.`, next: [meant === undefined ? `for example: ${typed}` : `did you mean ${typed}?`] });
}

const quoted = (text: string): string => (/[\s<>|&;*?$]/.test(text) ? `"${text}"` : text);

/** How oclif reads it. */
const readAs =
  <T>(type: ValueType<T>) =>
  (text: string, _context: unknown, { name }: { name: string }): Promise<T> => {
    const value = type.read(text);
    return value === undefined ? Promise.reject(badValue(`--${name}`, text, type)) : Promise.resolve(value);
  };

/** From so many milliseconds up to so many, and how that is said. */
interface Range {
  ms: number;
  mostMs?: number;
  shown: string;
}

/** Milliseconds. */
function durationType(example: string, range?: Range): ValueType<number> {
  return {
    expected: `a number with its unit (s, m, h or d)${range === undefined ? '' : `, ${range.shown}`}`,
    example,
    read: (text) => {
      const ms = parseDuration(text);
      return ms === undefined || ms < (range?.ms ?? 1) || ms > (range?.mostMs ?? Number.POSITIVE_INFINITY) ? undefined : ms;
    },
  };
}

/** As it was typed; none is one, too. */
function durationTextType(example: string): ValueType<string> {
  return { ...durationType(example), read: (text) => (parseDuration(text) === undefined ? undefined : text) };
}

const LOSS: ValueType<number | 'unknown'> = {
  expected: 'a number with its unit (s, m, h or d), or the word unknown,',
  example: '90s',
  read: (text) => (text === 'unknown' ? text : parseDuration(text)),
};

const DAY: ValueType<string> = {
  expected: 'a day of the calendar (YYYY-MM-DD)',
  example: '2026-12-24',
  read: (text) => {
    const at = /^\d{4}-\d\d-\d\d$/.test(text) ? Date.parse(`${text}T00:00:00Z`) : Number.NaN;
    return !Number.isNaN(at) && new Date(at).toISOString().startsWith(text) ? text : undefined;
  },
};

const PAST_TIME: ValueType<number> = {
  expected: 'a past time with its zone',
  example: '2026-11-20T03:04:05Z',
  read: (text) => parsePastTime(text, Date.now()),
};

const REGION: ValueType<string> = {
  expected: 'an AWS region',
  example: 'ap-northeast-1',
  read: (text) => (REGION_SHAPE.test(text) ? text : undefined),
  near: nearestRegion,
};

const REGION_LIST: ValueType<string[]> = {
  expected: 'a list of AWS regions, with commas,',
  example: 'ap-northeast-2,ap-northeast-1',
  read: (text) => {
    const regions = text.split(',').map((one) => one.trim()).filter((one) => one !== '');
    return regions.length > 0 && regions.every((one) => REGION_SHAPE.test(one)) ? regions : undefined;
  },
  near: (text) => {
    const regions = text.split(',').map((one) => one.trim()).map((one) => REGION.read(one) ?? nearestRegion(one));
    return regions.every((one) => one !== undefined) ? regions.join(',') : undefined;
  },
};

const ACCOUNT: ValueType<string> = { expected: 'the id of an AWS account (twelve digits)', example: '123456789012', read: (text) => (/^\d{12}$/.test(text) ? text : undefined) };

function countType(least: number, most: number, example: string): ValueType<number> {
  return {
    expected: most === Number.MAX_SAFE_INTEGER ? `a whole number, ${least} or more,` : `a whole number from ${least} to ${most}`,
    example,
    read: (text) => {
      const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
      return value >= least && value <= most ? value : undefined;
    },
  };
}

/** Milliseconds of an ISO 8601 time with a zone that is not after `now`; undefined for anything else. */
export function parsePastTime(text: string, now: number): number | undefined {
  const at = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)$/.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(at) || at > now ? undefined : at;
}

/** A region that did not come by a flag. @throws DrError `usage` */
export function regionFrom(what: string, text: string): string {
  const region = REGION.read(text);
  if (region === undefined) throw badValue(what, text, REGION);
  return region;
}

interface Words {
  description: string;
  helpValue?: string;
  exclusive?: string[];
}

/** Milliseconds. */
export function durationFlag(example: string, words: Words, range?: Range) {
  return Flags.custom<number>({ parse: readAs(durationType(example, range)) })({ helpValue: 'DURATION', ...words });
}

/** The same, where there is always one. */
export function durationFlagOr(otherwise: string, words: Words, range?: Range) {
  return Flags.custom<number>({ parse: readAs(durationType(otherwise, range)), defaultHelp: () => Promise.resolve(otherwise) })({ helpValue: 'DURATION', ...words, default: parseDuration(otherwise) ?? 0 });
}

/** A duration as it was typed. */
export function durationTextFlag(example: string, words: Words) {
  return Flags.string({ parse: readAs(durationTextType(example)), helpValue: 'DURATION', ...words });
}

/** Milliseconds, or `unknown`. */
export function lossFlag(words: Words) {
  return Flags.custom<number | 'unknown'>({ parse: readAs(LOSS) })({ helpValue: 'DURATION', ...words });
}

/** A day, as it was typed. */
export function dayFlag(words: Words) {
  return Flags.string({ parse: readAs(DAY), helpValue: 'YYYY-MM-DD', ...words, required: true });
}

/** Milliseconds since the epoch. */
export function pastTimeFlag(words: Words) {
  return Flags.custom<number>({ parse: readAs(PAST_TIME) })({ helpValue: 'TIME', ...words });
}

export function regionFlag(words: Words) {
  return Flags.string({ parse: readAs(REGION), helpValue: 'REGION', ...words });
}

/** Given once for each region. */
export function regionEachFlag(words: Words) {
  return Flags.string({ parse: readAs(REGION), helpValue: 'REGION', ...words, multiple: true, multipleNonGreedy: true });
}

export function regionsFlag(words: Words) {
  return Flags.custom<readonly string[]>({ parse: readAs(REGION_LIST) })({ helpValue: 'REGION,REGION', ...words });
}

export function accountFlag(words: Words) {
  return Flags.string({ parse: readAs(ACCOUNT), helpValue: 'ID', ...words });
}

/** A file, in the form that its name ends with. */
export function fileFlag(endings: readonly [string, ...string[]], words: Words) {
  const type: ValueType<string> = { expected: `a file that ends with ${endings.join(', ')}`, example: `out${endings[0]}`, read: (text) => (endings.some((end) => text.endsWith(end) && text.length > end.length) ? text : undefined) };
  return Flags.string({ parse: readAs(type), helpValue: 'FILE', ...words });
}

export function countFlag(limits: { most?: number; example: string }, words: Words) {
  return Flags.custom<number>({ parse: readAs(countType(1, limits.most ?? Number.MAX_SAFE_INTEGER, limits.example)) })({ helpValue: 'N', ...words });
}

/** The same, where there is always one. */
export function countFlagOr(otherwise: number, most: number, words: Words) {
  return Flags.custom<number>({ parse: readAs(countType(1, most, String(otherwise))) })({ helpValue: 'N', ...words, default: otherwise });
}

export function regionArg(words: { description: string }) {
  return Args.string({ parse: (text) => Promise.resolve(text).then((one) => regionFrom('REGION', one)), ...words, required: true });
}

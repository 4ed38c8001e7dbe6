import { formatDuration, parseDuration } from '../../base/duration.ts';
import { DrError } from '../../base/errors.ts';
import type { Summary } from './statistics.ts';

/** What `--assert` says, e.g. `rto.p95 < 15m` or `recovered >= 99%`. */
export interface Assertion {
  text: string;
  holds: boolean;
  because: string;
}

const TIMES = ['rto', 'rpo', 'trueLoss'] as const;
const PERCENTILES = ['p50', 'p95', 'p99', 'max'] as const;
const SHARES = { recovered: (s: Summary) => s.recovered.share, 'rto.met': (s: Summary) => s.rto.met.share, 'rpo.met': (s: Summary) => s.rpo.met?.share ?? 1 } as const;
const COMPARE: Readonly<Record<string, (a: number, b: number) => boolean>> = { '<': (a, b) => a < b, '<=': (a, b) => a <= b, '>': (a, b) => a > b, '>=': (a, b) => a >= b };

function wrong(text: string): DrError {
  return new DrError({
    code: 'ASSERTION_WRONG',
    exit: 'usage',
    title: `--assert "${text}" cannot be understood.`,
    detail: `A name, a comparison and a limit: ${TIMES.flatMap((time) => PERCENTILES.map((p) => `${time}.${p}`)).join(', ')} with a duration; ${Object.keys(SHARES).join(', ')} with a share in percent.`,
    next: ['--assert "rto.p95 < 15m"', '--assert "recovered >= 99%"'],
  });
}

interface Parsed {
  text: string;
  judge(summary: Summary): { holds: boolean; because: string };
}

/** @throws DrError `usage`, before anything is rehearsed */
export function parseAssertion(text: string): Parsed {
  const [, name = '', operator = '', limit = ''] = /^\s*([\w.]+)\s*(<=|>=|<|>)\s*(\S+)\s*$/.exec(text) ?? [];
  const compare = COMPARE[operator];
  if (compare === undefined) throw wrong(text);
  if (Object.hasOwn(SHARES, name)) {
    const [, percent] = /^(\d+(?:\.\d+)?)%$/.exec(limit) ?? [];
    if (percent === undefined) throw wrong(text);
    return { text, judge: (summary) => {
      const share = SHARES[name as keyof typeof SHARES](summary);
      return { holds: compare(share, Number(percent) / 100), because: `${name} is ${(100 * share).toFixed(1)} %` };
    } };
  }
  const [time, which] = name.split('.');
  const ms = parseDuration(limit);
  const known = TIMES.find((one) => one === time);
  const percentile = PERCENTILES.find((one) => one === which);
  if (known === undefined || percentile === undefined || ms === undefined) throw wrong(text);
  return { text, judge: (summary) => {
    const value = summary[known][percentile];
    // What did not recover has taken longer than any limit.
    return { holds: compare(value ?? Number.POSITIVE_INFINITY, ms), because: value === null ? `${name} is unknown: too many rehearsals did not recover, or were not measured` : `${name} is ${formatDuration(value)}` };
  } };
}

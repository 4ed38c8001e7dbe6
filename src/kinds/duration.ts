import * as z from 'zod';
import { parseDuration } from '../base/duration.ts';

const DURATION_WANTED = 'expected a duration with its unit, e.g. 30s or 15m';

/** A duration with its unit, as milliseconds. `range` says in words what `min` and `max` are. */
export function durationField(limits: { min: number; max: number; range: string }) {
  return z
    .string(DURATION_WANTED)
    .regex(/^(\d+(\.\d+)?(ms|s|m|h|d))+$/, { error: DURATION_WANTED, abort: true })
    .transform((text, ctx) => {
      const ms = parseDuration(text);
      if (ms !== undefined && ms >= limits.min && ms <= limits.max) return ms;
      ctx.issues.push({ code: 'custom', message: `expected ${limits.range}`, input: text });
      return z.NEVER;
    });
}

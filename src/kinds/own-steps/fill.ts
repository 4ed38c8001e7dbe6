import * as z from 'zod';
import type { Json } from '../../base/json.ts';
import type { PlanContext } from '../../model/kind.ts';

/** What `{…}` may stand for. Everything else in braces stays as it is, JSON for example. */
export type FillContext = Pick<PlanContext, 'source' | 'target' | 'runbook' | 'verb'>;

/** Puts source, target, runbook and verb into a text. The values are names, so that they are safe in a URL or a statement. */
export function fill(text: string, ctx: FillContext): string {
  return text.replace(/\{(source|target|runbook|verb)\}/g, (_all, name: keyof FillContext) => ctx[name]);
}

/** The same for every text in a JSON value; keys stay. */
export function fillJson(value: Json, ctx: FillContext): Json {
  if (typeof value === 'string') return fill(value, ctx);
  if (Array.isArray(value)) return (value as readonly Json[]).map((item) => fillJson(item, ctx));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, fillJson(item ?? null, ctx)]));
}

/** JSON as a runbook writes it. */
export const jsonValue: z.ZodType<Json> = z.json();

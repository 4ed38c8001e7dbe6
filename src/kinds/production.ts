import * as z from 'zod';
import { AwsError } from '../aws/errors.ts';
import { DrError, messageOf } from '../base/errors.ts';
import { canonicalJson, type Json } from '../base/json.ts';
import { fact } from '../model/fact.ts';
import type { StepDraft } from '../model/kind.ts';
import type { Permission, StepContext, StepKind } from '../model/step.ts';
import { noCheck, stepKind } from './common.ts';

/* Production's configuration before a drill makes anything and after all of it is deleted: it acts first and is undone last. Any difference fails the drill. */

/** Code of a drill that does not find production as it was. Known to `journal/state.ts`: nothing is left behind by it. */
const CHANGED = 'PRODUCTION_CHANGED';

/** What was seen, part by part; null: it could not be seen. By the id of the resource. */
const seenFact = fact('production', z.record(z.string(), z.custom<Json>((value) => value !== undefined)));

/** Parts of production that gave no answer when the drill began, so that nobody can compare them. */
export function notCompared(state: Parameters<typeof seenFact.all>[0]): string[] {
  return seenFact.all(state).flatMap(({ value }) => Object.keys(value).filter((name) => value[name] === null));
}

/** Parts of production by name; null: it gives no answer. */
type Parts = Readonly<Record<string, () => Promise<Json>>>;

async function look(parts: Parts): Promise<Record<string, Json>> {
  return Object.fromEntries(await Promise.all(Object.entries(parts).map(async ([name, see]) => [name, await see()] as const)));
}

/** A region that gives no answer may be lost: then what is there cannot be compared, and no drill is refused for it. */
function silent(error: unknown): null {
  if (error instanceof AwsError && error.unreachable) return null;
  throw error;
}

function difference(name: string, was: Json, is: Json): string[] {
  return canonicalJson(was) === canonicalJson(is) ? [] : [`${name}: ${inWords(was, is)}`];
}

function inWords(was: Json, is: Json): string {
  if (!isRecord(was) || !isRecord(is)) return `was ${canonicalJson(was)}, is ${canonicalJson(is)}`;
  const fields = [...new Set([...Object.keys(was), ...Object.keys(is)])].filter((field) => canonicalJson(was[field] ?? null) !== canonicalJson(is[field] ?? null));
  return fields.map((field) => `${field} was ${canonicalJson(was[field] ?? null)}, is ${canonicalJson(is[field] ?? null)}`).join('; ');
}

function isRecord(value: Json): value is Record<string, Json> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The step of a kind that sees its own part of production. `key` names it in the journal. */
export function productionKind<P extends { key: string }>(params: z.ZodType<P>, partsOf: (ctx: StepContext, p: P) => Parts): StepKind {
  return stepKind<P>({
    params,
    check: noCheck,
    observe: (ctx, p) => Promise.resolve(seenFact.has(ctx, p.key) ? { state: 'reached', because: 'its state is recorded' } : { state: 'absent', because: 'its state is not recorded yet' }),
    act: async (ctx, p) => {
      const parts = Object.fromEntries(Object.entries(partsOf(ctx, p)).map(([name, see]) => [name, () => see().catch(silent)]));
      seenFact.record(ctx, p.key, await look(parts));
    },
    undo: async (ctx, p) => {
      const before = seenFact.read(ctx, p.key);
      // Cut short before anything was made.
      if (before === undefined) return;
      const known = Object.fromEntries(Object.entries(partsOf(ctx, p)).filter(([name]) => (before[name] ?? null) !== null));
      const now = await look(known).catch((error: unknown) => {
        throw changed(`it could not be seen again: ${messageOf(error)}`);
      });
      const unseen = Object.keys(known).filter((name) => now[name] === null);
      if (unseen.length > 0) throw changed(`${unseen.join(' and ')} gave no answer again`);
      const found = Object.entries(now).flatMap(([name, is]) => difference(name, before[name] ?? null, is));
      if (found.length > 0) throw changed(found.join('; '));
    },
  });
}

function changed(what: string): DrError {
  return new DrError({ code: CHANGED, exit: 'failed', title: `Production is not as it was before the drill: ${what}`, next: ['find out who changed it: the drill itself works on its own twins only'] });
}

export function productionStep(what: string, params: StepDraft['params'], permissions: readonly Permission[]): StepDraft {
  return {
    step: 'production',
    phase: 'assess',
    reversibility: 'compensable',
    title: `Record the state of ${what}, to compare it at the end`,
    params,
    controlPlanes: [],
    permissions,
    estimate: { p50: 1, p95: 5, basis: 'reads only' },
    limitMs: 120_000,
    changes: [],
  };
}

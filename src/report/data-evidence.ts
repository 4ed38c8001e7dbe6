import * as z from 'zod';
import { iso } from '../base/clock.ts';
import type { Json } from '../base/json.ts';
import { changeOf } from '../journal/requests.ts';
import type { RunState } from '../journal/state.ts';
import { readSignal, SOURCE_VERDICT } from '../model/signals.ts';
import { linePositionFact, linePositionSchema } from '../kinds/databases/line-position.ts';
import { fenceOf } from '../kinds/databases/verdict.ts';
import type { RpoBound } from '../measure/rpo.ts';
import { isoOrNull } from './clock-evidence.ts';
import type { Evidence } from './evidence-schema.ts';
import { traitsOf } from '../model/verb.ts';

type Database = Evidence['databases'][number];

/** An `RpoBound` after its way through JSON, where undefined is absent or null. */
const time = z.number().nullish();
const RpoFact = z.object({
  method: z.string(),
  boundMs: time,
  lagMs: time,
  sampledAt: time,
  ageMs: time,
  outageAt: time,
  because: z.string(),
}) satisfies z.ZodType<Partial<Record<keyof RpoBound, unknown>>>;

/** RPO, fence and canary of every database that the plan or a fact names. Nothing recorded is "not measured". */
export function databaseEvidence(state: RunState): Database[] {
  return databaseNames(state).map((name) => ({
    name,
    ...promotionOf(state, name),
    rpo: rpoOf(state.facts.get(`rpo.${name}`)),
    position: positionIn(state.facts.get(linePositionFact(name))),
    fence: fenceIn(state, name),
    canary: canaryOf(state.facts.get(`canary.${name}`)),
  }));
}

const ProtectedFact = z.object({ id: z.string(), lagMs: z.number(), sampledAt: z.number() });
const StandbyFact = z.object({ kept: z.string().nullable() });

/** Standbys that the run rebuilds, of the facts `standby.<database>.<region>` and `protected.<database>.<region>`. */
export function standbyEvidence(state: RunState): Evidence['standbys'] {
  const keys = new Set([...state.facts.keys()].flatMap((name) => /^(?:standby|protected)\.(.+\..+)$/.exec(name)?.[1] ?? []));
  return [...keys].sort().map((key) => {
    const [, database = '', region = ''] = /^(.+)\.([^.]+)$/.exec(key) ?? [];
    const there = ProtectedFact.safeParse(state.facts.get(`protected.${key}`)).data;
    const before = StandbyFact.safeParse(state.facts.get(`standby.${key}`)).data;
    return {
      database,
      region,
      id: there?.id ?? '',
      kept: before?.kept ?? null,
      lagMs: there?.lagMs ?? null,
      sampledAt: isoOrNull(there?.sampledAt),
    };
  });
}

/** Ids of steps of a resource are `<section>.<resource>.<step>`. */
function resourceOf(stepId: string): string | undefined {
  return /^[^.]+\.(.+)\.[^.]+$/.exec(stepId)?.[1];
}

/** Of a reprotect none: nothing is promoted, and nothing can be lost. */
function databaseNames(state: RunState): string[] {
  if (!traitsOf(state.plan.verb).movesUsers) return [];
  const names = new Set<string>();
  for (const step of state.plan.steps) {
    const name = step.phase === 'data' ? resourceOf(step.id) : undefined;
    if (name !== undefined) names.add(name);
  }
  for (const fact of state.facts.keys()) {
    const name = /^(?:rpo|fence|canary)\.(.+)$/.exec(fact)?.[1];
    if (name !== undefined) names.add(name);
  }
  return [...names];
}

/** A promotion that was requested counts as one, until its end is seen. */
function promotionOf(state: RunState, name: string): Pick<Database, 'promotion' | 'promoted' | 'requestedAt'> {
  const steps = state.plan.steps.filter((s) => s.phase === 'data' && !s.optional && resourceOf(s.id) === name);
  const crossing = steps.filter((step) => step.reversibility === 'point-of-no-return');
  const runs = (crossing.length > 0 ? crossing : steps).map((step) => state.steps.get(step.id));
  if (runs.length > 0 && runs.every((run) => run?.reachedAt !== undefined)) return { promotion: 'promoted', promoted: true, requestedAt: null };
  const open = runs.filter((run) => changeOf(run) === 'requested');
  if (open.length === 0) return { promotion: 'not-requested', promoted: false, requestedAt: null };
  return { promotion: 'requested', promoted: null, requestedAt: isoOrNull(open[0]?.intendedAt) };
}

function rpoOf(fact: Json | undefined): Database['rpo'] {
  const parsed = RpoFact.safeParse(fact);
  if (!parsed.success) {
    const because = fact === undefined ? 'no bound was recorded' : 'the recorded bound cannot be read';
    return { boundMs: null, method: 'none', lagMs: null, sampledAt: null, ageMs: null, outageAt: null, because };
  }
  const { method, boundMs, lagMs, sampledAt, ageMs, outageAt, because } = parsed.data;
  return {
    boundMs: boundMs ?? null,
    method,
    lagMs: lagMs ?? null,
    sampledAt: isoOrNull(sampledAt ?? undefined),
    ageMs: ageMs ?? null,
    outageAt: isoOrNull(outageAt ?? undefined),
    because,
  };
}

function positionIn(fact: Json | undefined): Database['position'] {
  const known = linePositionSchema.safeParse(fact).data;
  const because = known?.because ?? (fact === undefined ? 'no position was recorded' : 'the recorded position cannot be read');
  const { by = 'not known', at, lsn = null, replayedAt, lagMs = null, sampledAt } = known ?? {};
  return { by, at: isoOrNull(at), lsn, replayedAt: isoOrNull(replayedAt), lagMs, sampledAt: isoOrNull(sampledAt), because };
}

/** Why the source counted as down: the verdict and every signal it rests on. */
export function assessmentEvidence(state: RunState): Evidence['assessment'] {
  const judged = z.object({ verdict: z.string(), because: z.string() }).safeParse(state.facts.get(SOURCE_VERDICT)).data;
  const signals = [...state.facts].flatMap(([name, fact]) => {
    const signal = name.startsWith('signal.') ? readSignal(fact) : undefined;
    return signal === undefined ? [] : [{ name: name.slice('signal.'.length), vantage: signal.vantage, says: signal.says, because: signal.because }];
  });
  return { verdict: judged?.verdict ?? null, because: judged?.because ?? 'no verdict on the source was recorded', signals };
}

const Explained = z.object({ because: z.string().optional() });

function fenceIn({ facts }: RunState, name: string): Database['fence'] {
  const found = fenceOf({ fact: (fact) => facts.get(fact) }, name);
  if (found === undefined) return { verdict: null, because: 'no fence verdict was recorded', details: [], returnedAt: null };
  const { verdict, because, returnedAt, ...more } = found;
  return { verdict, because, details: details(more, []), returnedAt: isoOrNull(returnedAt) };
}

const CanaryFact = z.object({
  verified: z.boolean().optional(),
  written: z.string().optional(),
  read: z.string().optional(),
  token: z.string().optional(),
});

/** The fact is recorded once what was read back is what was written; one that says otherwise is believed. */
function canaryOf(fact: Json | undefined): Database['canary'] {
  if (fact === undefined) return { verified: null, because: 'no canary write was recorded', details: [] };
  if (typeof fact === 'boolean') return { verified: fact, because: '', details: [] };
  const { verified, written, token, read } = CanaryFact.safeParse(fact).data ?? {};
  const wrote = written ?? token;
  const compared = wrote === undefined || read === undefined ? undefined : wrote === read;
  return {
    verified: verified ?? compared ?? (wrote === undefined ? null : true),
    because: explanation(fact) || (wrote === undefined ? '' : 'a row was written, committed and read back'),
    details: details(fact, ['verified', 'because']),
  };
}

function explanation(fact: Json): string {
  return Explained.safeParse(fact).data?.because ?? '';
}

/** Every other field of a fact as `name: value`, so that nothing recorded is left out. */
function details(fact: Json, shown: readonly string[]): string[] {
  if (fact === null || typeof fact !== 'object') return [];
  const lines: string[] = [];
  for (const [key, value] of Object.entries(fact as Record<string, Json | undefined>)) {
    if (value === undefined || shown.includes(key)) continue;
    lines.push(...detail(key, value));
  }
  return lines;
}

function detail(key: string, value: Json): string[] {
  if (Array.isArray(value)) return value.map((item: Json) => `${key}: ${sayJson(item)}`);
  return [`${key}: ${key === 'at' && typeof value === 'number' ? iso(value) : sayJson(value)}`];
}

function sayJson(value: Json): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

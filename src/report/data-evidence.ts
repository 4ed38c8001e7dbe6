import { iso } from '../base/clock.ts';
import type { Json } from '../base/json.ts';
import { changeOf } from '../journal/requests.ts';
import type { RunState } from '../journal/state.ts';
import { canaryFact, keptFact, protectedFact, regionOfKey, rpoFact } from '../kinds/databases/facts.ts';
import { linePositionFact } from '../kinds/databases/line-position.ts';
import { standbyFact } from '../kinds/databases/standby.ts';
import { fencedIn, fenceOf } from '../kinds/databases/verdict.ts';
import { signalFact, sourceVerdictFact } from '../model/signals.ts';
import { isoOrNull } from './clock-evidence.ts';
import type { Evidence } from './evidence-schema.ts';
import { traitsOf } from '../model/verb.ts';
import { resourceOf } from '../model/step-id.ts';

type Database = Evidence['databases'][number];

/** RPO, fence and canary of every database that the plan or a fact names. Nothing recorded is "not measured". */
export function databaseEvidence(state: RunState): Database[] {
  return databaseNames(state).map((name) => ({
    name,
    ...promotionOf(state, name),
    rpo: rpoOf(state, name),
    position: positionIn(state, name),
    fence: fenceIn(state, name),
    canary: canaryOf(state, name),
  }));
}

/** Standbys that the run rebuilds, and old instances that it keeps, by database and region. */
export function standbyEvidence(state: RunState): Evidence['standbys'] {
  const keys = new Set([standbyFact, keptFact, protectedFact].flatMap((fact) => fact.keys(state)));
  return [...keys].sort().map((key) => {
    const there = protectedFact.read(state, key);
    return {
      ...regionOfKey(key),
      by: there?.by ?? (keptFact.has(state, key) ? 'backups' : 'replica'),
      id: there?.id ?? '',
      kept: keptFact.read(state, key) ?? standbyFact.read(state, key)?.kept ?? null,
      lagMs: there?.lagMs ?? null,
      sampledAt: isoOrNull(there?.sampledAt),
    };
  });
}

/** Of a reprotect none: nothing is promoted, and nothing can be lost. */
function databaseNames(state: RunState): string[] {
  if (traitsOf(state.plan.verb).rebuilds) return [];
  const names = new Set<string>();
  for (const step of state.plan.steps) {
    const name = step.phase === 'data' ? resourceOf(step) : undefined;
    if (name !== undefined) names.add(name);
  }
  for (const name of [...rpoFact.keys(state), ...fencedIn(state), ...canaryFact.keys(state)]) names.add(name);
  return [...names];
}

/** A promotion that was requested counts as one, until its end is seen. */
function promotionOf(state: RunState, name: string): Pick<Database, 'promotion' | 'promoted' | 'requestedAt'> {
  const steps = state.plan.steps.filter((s) => s.phase === 'data' && !s.optional && resourceOf(s) === name);
  const crossing = steps.filter((step) => step.reversibility === 'point-of-no-return');
  const runs = (crossing.length > 0 ? crossing : steps).map((step) => state.steps.get(step.id));
  if (runs.length > 0 && runs.every((run) => run?.reachedAt !== undefined)) return { promotion: 'promoted', promoted: true, requestedAt: null };
  const open = runs.filter((run) => changeOf(run) === 'requested');
  if (open.length === 0) return { promotion: 'not-requested', promoted: false, requestedAt: null };
  return { promotion: 'requested', promoted: null, requestedAt: isoOrNull(open[0]?.intendedAt) };
}

function rpoOf(state: RunState, name: string): Database['rpo'] {
  const bound = rpoFact.read(state, name);
  if (bound === undefined) {
    const because = rpoFact.has(state, name) ? 'the recorded bound cannot be read' : 'no bound was recorded';
    return { boundMs: null, method: 'none', lagMs: null, sampledAt: null, ageMs: null, outageAt: null, because };
  }
  const { method, boundMs, lagMs, sampledAt, ageMs, outageAt, because } = bound;
  return {
    boundMs: boundMs ?? null,
    method,
    lagMs: lagMs ?? null,
    sampledAt: isoOrNull(sampledAt),
    ageMs: ageMs ?? null,
    outageAt: isoOrNull(outageAt),
    because,
  };
}

function positionIn(state: RunState, name: string): Database['position'] {
  const known = linePositionFact.read(state, name);
  const because = known?.because ?? (linePositionFact.has(state, name) ? 'the recorded position cannot be read' : 'no position was recorded');
  const { by = 'not known', at, lsn = null, replayedAt, lagMs = null, sampledAt } = known ?? {};
  return { by, at: isoOrNull(at), lsn, replayedAt: isoOrNull(replayedAt), lagMs, sampledAt: isoOrNull(sampledAt), because };
}

/** Why the source counted as down: the verdict and every signal it rests on. */
export function assessmentEvidence(state: RunState): Evidence['assessment'] {
  const judged = sourceVerdictFact.read(state);
  const signals = signalFact.all(state).map(({ key: name, value: { vantage, says, because } }) => ({ name, vantage, says, because }));
  return { verdict: judged?.verdict ?? null, because: judged?.because ?? 'no verdict on the source was recorded', signals };
}

function fenceIn(state: RunState, name: string): Database['fence'] {
  const found = fenceOf(state, name);
  if (found === undefined) return { verdict: null, because: 'no fence verdict was recorded', details: [], returnedAt: null };
  const { verdict, because, returnedAt, ...more } = found;
  return { verdict, because, details: details(more, []), returnedAt: isoOrNull(returnedAt) };
}

/** The fact is recorded once what was read back is what was written; one that says otherwise is believed. */
function canaryOf(state: RunState, name: string): Database['canary'] {
  const row = canaryFact.read(state, name);
  if (row === undefined) return { verified: null, because: canaryFact.has(state, name) ? '' : 'no canary write was recorded', details: [] };
  if (typeof row === 'boolean') return { verified: row, because: '', details: [] };
  const { verified, written, token, read, because } = row;
  const wrote = written ?? token;
  const compared = wrote === undefined || read === undefined ? undefined : wrote === read;
  return {
    verified: verified ?? compared ?? (wrote === undefined ? null : true),
    because: because ?? (wrote === undefined ? '' : 'a row was written, committed and read back'),
    details: details(row, ['verified', 'because']),
  };
}

/** Every other field of a fact as `name: value`, so that nothing recorded is left out. */
function details(fact: Readonly<Record<string, unknown>>, shown: readonly string[]): string[] {
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

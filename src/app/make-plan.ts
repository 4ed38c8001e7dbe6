import { plural } from '../base/plural.ts';
import { traitsOf, verbFlag } from '../model/verb.ts';
import { readFile } from 'node:fs/promises';
import { canonicalJson } from '../base/json.ts';
import { DrError, messageOf } from '../base/errors.ts';
import type { Effects } from '../effects/effects.ts';
import { compilePlan, planHash } from '../plan/compile.ts';
import { type Plan, PLAN_SCHEMA } from '../model/plan.ts';
import { findRunbook, findRunbooks } from '../runbook/find.ts';
import { loadRunbook } from '../runbook/load.ts';
import type { LoadedRunbook } from '../runbook/runbook.ts';
import { type Direction, observe, type Observed } from './observe.ts';

export interface PlanRequest extends Direction {
  /** Name or path; default: the only runbook of the folder that names the region. */
  runbook?: string;
  runbooks: string;
  effects?: Effects;
}

export interface MadePlan {
  plan: Plan;
  loaded: LoadedRunbook;
  observed: Observed;
}

/** Makes a plan from a runbook and from what AWS says now. Changes nothing. */
export async function planFor(effects: Effects, loaded: LoadedRunbook, direction: Direction): Promise<MadePlan> {
  const observed = await observe(effects, loaded, direction);
  const plan = compilePlan({
    loaded,
    verb: direction.verb,
    source: observed.source,
    target: observed.target,
    ...(observed.rebuild === undefined ? {} : { rebuild: observed.rebuild, standby: direction.standby }),
    account: observed.account,
    drillMark: direction.drillMark,
    now: effects.clock.now(),
    resources: observed.resources,
  });
  refuseForGood(plan);
  return { plan, loaded, observed };
}

/** A drill takes back all that it does: a custom step of the runbook that cannot be taken back is none of a drill. @throws DrError */
function refuseForGood({ verb, steps, runbook }: Plan): void {
  const lasting = traitsOf(verb).drills ? steps.filter(({ origin, reversibility }) => origin === 'custom' && reversibility === 'point-of-no-return') : [];
  if (lasting.length === 0) return;
  throw new DrError({
    code: 'DRILL_NOT_REVERSIBLE',
    exit: 'refused',
    title: `${plural(lasting.length, 'step')} of the runbook would run in this drill, and cannot be taken back. Nothing was done.`,
    detail: lasting.map(({ id, title }) => `${id}: ${title}`).join('\n'),
    next: [
      `give it an undo in ${runbook.path}, or say \`changes: nothing\``,
      `take ${verb} out of its \`verbs\`    the drill then skips it, and says so`,
    ],
  });
}

/** The runbook that was named, or the only one of the folder. An empty choice never means all. */
export async function chooseRunbook(request: { runbook?: string; runbooks: string }): Promise<LoadedRunbook> {
  if (request.runbook !== undefined) return loadRunbook(await findRunbook(request.runbooks, request.runbook));
  const paths = await findRunbooks(request.runbooks);
  const only = paths[0];
  if (only !== undefined && paths.length === 1) return loadRunbook(only);
  throw new DrError({
    code: paths.length === 0 ? 'RUNBOOK_NOT_FOUND' : 'RUNBOOK_AMBIGUOUS',
    exit: paths.length === 0 ? 'runbook' : 'usage',
    title: paths.length === 0 ? `There is no runbook in ${request.runbooks}.` : `There are ${paths.length} runbooks in ${request.runbooks}: which one?`,
    ...(paths.length === 0 ? {} : { detail: paths.join('\n') }),
    next: [paths.length === 0 ? 'name the folder: --runbooks DIR' : '--runbook NAME    one of those above'],
  });
}

/** A plan that `dr plan --out` wrote. @throws DrError when the file is not one, or was changed. */
export async function readPlan(path: string): Promise<Plan> {
  const bad = (detail: string): DrError =>
    new DrError({
      code: 'PLAN_INVALID',
      exit: 'usage',
      title: `${path} is not a plan that can be run.`,
      detail,
      next: ['make it again: dr plan --region REGION --out FILE'],
    });
  let plan: Plan;
  try {
    plan = JSON.parse(await readFile(path, 'utf8')) as Plan;
  } catch (error) {
    throw bad(messageOf(error));
  }
  if ((plan as { schema?: unknown } | null)?.schema !== PLAN_SCHEMA) throw bad(`It is not of the schema ${PLAN_SCHEMA}.`);
  if (planHash(plan) !== plan.hash) throw bad('It was changed after it was made: its hash does not match.');
  return plan;
}

/** Anyone who can write a plan can also hash it: all of it must be what its runbook gives now, but when it was made. */
function refuseEdited(saved: Plan, now: Plan): void {
  const parts = ({ hash: _hash, madeAt: _madeAt, ...rest }: Plan): Map<string, string> => new Map(Object.entries(rest).map(([name, value]) => [name, canonicalJson(value)]));
  const [before, after] = [parts(saved), parts(now)];
  const edited = [...new Set([...before.keys(), ...after.keys()])].filter((name) => before.get(name) !== after.get(name));
  if (edited.length === 0) return;
  const known = new Map(now.steps.map((step) => [step.id, canonicalJson(step)]));
  const missing = [...known.keys()].filter((id) => saved.steps.every((step) => step.id !== id));
  const other = saved.steps.filter((step) => known.get(step.id) !== canonicalJson(step)).map(({ id }) => id);
  const words = [missing.length > 0 ? `without ${missing.slice(0, 5).join(', ')}` : '', other.length > 0 ? `changed: ${other.slice(0, 5).join(', ')}` : ''].filter((part) => part !== '');
  throw new DrError({
    code: 'PLAN_EDITED',
    exit: 'refused',
    title: 'The plan is not the one that its runbook gives.',
    detail: `It was edited, or made by another version of dr (${[...words, ...edited.filter((name) => name !== 'steps').map((name) => `other ${name}`)].join('; ')}).`,
    next: [`dr plan${verbFlag(saved.verb)} --region ${saved.target} --out FILE    makes a new one`],
  });
}

/** @throws DrError when what a saved plan was made from is no longer so. */
export function refuseStale(saved: Plan, now: Plan): void {
  if (saved.fingerprint === now.fingerprint) return refuseEdited(saved, now);
  const reason =
    saved.runbook.sha256 === now.runbook.sha256
      ? 'The state of its resources is another than when it was made.'
      : `The runbook ${now.runbook.path} was changed.`;
  throw new DrError({
    code: 'PLAN_STALE',
    exit: 'refused',
    title: 'The plan is stale.',
    detail: `${reason} It was made at ${saved.madeAt}.`,
    next: [`dr plan${verbFlag(saved.verb)} --region ${saved.target} --out FILE    makes a new one`],
  });
}

import { CLOCK_MAY_BE_OFF_MS } from '../../src/aws/aws-time.ts';
import { fenceOf } from '../../src/kinds/databases/verdict.ts';
import { sameRef } from '../../src/simulator/database-driver.ts';
import { isWriter } from '../../src/simulator/db-instance.ts';
import type { Acceptances } from '../../src/model/step.ts';
import type { RunState } from '../../src/journal/state.ts';
import type { Eyes } from './eyes.ts';
import { answersAge, LOOKS_LOST, TOOK_AGAIN } from './looks-lost.ts';
import { bystanderOf } from './shapes.ts';
import type { Stage } from './stage.ts';

/*
 * What must be so when a run says that it has succeeded, or that it was rolled back.
 */

interface End {
  stage: Stage;
  eyes: Eyes;
  state: RunState;
  /** A region that it needs was lost after the last look at it, and is not back. */
  justLost: boolean;
  /** The source was lost, and lived again. */
  returned: boolean;
  /** It lives, and looked like a region that is lost when it was judged. */
  looksLost: boolean;
  /** How long everybody at work could see the source and change it when a guard gave up, milliseconds. */
  openFor: number;
  /** The largest loss that somebody accepted, seconds. */
  accepted: Acceptances['dataLossSeconds'];
  /** How long the regions have been well, milliseconds. */
  wellFor: number;
}

/** From the last look to the record of the end: the watch looks every five seconds, and a bucket that is gone takes its time to say so. */
export const LAST_LOOK_MS = 15_000;

/** Health checkers need so long to see that a region is back. */
const SEEN_MS = 5 * 60_000;

/** Route 53 draws lots: so often it is asked. */
const DRAWS = 20;

export function judgeSuccess(end: End): void {
  const { plan } = end.state;
  const { stage, eyes, state } = end;
  if (end.justLost) return stage.history.gap('a region was lost between the last look at it and the end of the run');
  if (plan.verb === 'reprotect') return protectedAgain(end);
  const { target, source } = plan;
  const { shape } = stage.scenario;
  for (const database of stage.databases) {
    const ref = eyes.ref(database, target);
    const row = stage.world.state.databases.row(ref);
    // The first backup after it may continue for hours: it takes writes meanwhile.
    if (row === undefined || !isWriter(row, stage.clock.now())) broken(end, `${ref.id} is not a writer of its own`);
    if (!eyes.takesWrites(database, target)) broken(end, `${ref.id} takes no writes`);
    lossAccepted(end, database);
    oneWriter(end, database);
    if (shape.canary && shape.strategy !== 'active-active' && state.facts.get(`canary.${database}`) === undefined) broken(end, `without a row written to ${database} and read back`);
  }
  const answers = eyes.answers(DRAWS);
  if (!answers.has(target)) broken(end, `the name does not answer with ${target}`);
  if (answers.has(source) && shape.strategy === 'active-active' && shape.switch === 'health-check' && end.wellFor < SEEN_MS) {
    stage.history.gap('a region came back moments before users were led to it by health checks: until the checkers see it all are out, and Route 53 leads some to the other one');
  } else if (answers.has(source)) broken(end, `the name leads users to ${source}`);
  const bystander = bystanderOf(shape, plan);
  if (bystander !== undefined && answers.has(bystander)) broken(end, `the name leads users to ${bystander}, which nobody chose`);
  if (eyes.status(target) !== 200) {
    // What its own probe has seen it must not call a success.
    const seen = [...state.probes.values()].some(({ changes }) => changes.at(-1)?.up === false);
    if (!seen && troubledJustNow(end)) stage.history.gap('servers of a region failed between the last look at them and the end of the run');
    else broken(end, `${target} does not serve users`);
  }
  if (shape.compute === 'group') capacity(end);
}

/** What a runbook of the simulation calls active: its minimum, and what it wants, which a scaling policy may lower to the minimum. */
const ACTIVE = { min: 2, desired: 3 };

/** What began to fail right before success, or since AWS's answers are from, nobody has seen. */
function troubledJustNow({ stage, state }: End): boolean {
  const { target } = state.plan;
  const at = stage.clock.now() - stage.zero;
  const unseenFor = LAST_LOOK_MS + Math.max(answersAge(stage, 'elbv2', target), answersAge(stage, 'autoscaling', target));
  return stage.chapter.happenings.some((h) => h.what === 'group-trouble' && at - h.at < unseenFor && h.at <= at);
}

/** Users have the capacity that the runbook asks for. */
function capacity(end: End): void {
  const { stage, state } = end;
  const { target } = state.plan;
  const now = stage.clock.now();
  const group = stage.world.state.groups.get(target, 'shop-api');
  if (group === undefined) return broken(end, `there is no group in ${target}`);
  const has = stage.world.state.groups.healthyCount(group, now);
  // Of a region that is lost users do not wait for more than the minimum, as the journal says then.
  const fewer = state.facts.get(`fewer.${target}.shop-api`) === true;
  const needs = Math.max(ACTIVE.min, Math.min(fewer ? ACTIVE.min : ACTIVE.desired, group.desired));
  if (has < needs && !troubledJustNow(end)) broken(end, `${has} of ${needs} instances serve in ${target}`);
}

/** What users were given is safe, and is not there, is within the RPO or was accepted by a person: the ledger shows it, no matter who made the copy a writer. */
export function larger(a: Acceptances['dataLossSeconds'], b: Acceptances['dataLossSeconds']): Acceptances['dataLossSeconds'] {
  if (a === 'unknown' || b === 'unknown') return 'unknown';
  return a === undefined ? b : Math.max(a, b ?? 0);
}

/** It rests on the word of somebody who said that the source is down and had not seen it. */
export function blindly({ words }: Stage, { facts }: RunState, database: string): boolean {
  const fact = facts.get(`fence.${database}`) as { verdict?: string; because?: string } | undefined;
  if (fact?.verdict !== 'attested') return false;
  return words.findLast(({ person }) => fact.because?.includes(`attested by ${person}`) === true)?.seen !== true;
}

function lossAccepted(end: End, database: string): void {
  const { stage, eyes, state, returned, accepted } = end;
  const { world, scenario, clock } = stage;
  const { plan } = state;
  const asked = Math.min(Number.POSITIVE_INFINITY, ...[...state.steps.values()].flatMap(({ id, requestedAt }) => (id.endsWith('.promote') && requestedAt !== undefined ? [requestedAt] : [])));
  // What this run had asked for already, AWS refuses to somebody else.
  const detached = scenario.detachedMs !== undefined || stage.chapter.happenings.some((h) => h.what === 'promoted' && stage.zero + h.at < asked);
  // What an old writer takes that lives is another invariant's; what a machine saw that was cut off is a known gap.
  const judged = detached || (!returned && !world.isAlive(plan.source) && scenario.cutOff === undefined);
  if (plan.verb === 'switchover') return nothingLost(end, database);
  if (plan.verb !== 'failover' || !judged || accepted === 'unknown' || scenario.shape.strategy === 'active-active') return;
  const lost = world.state.databases.lossOf(eyes.ref(database, plan.target), clock.now())?.ms ?? 0;
  const off = Object.values(scenario.skew).some((ms) => ms !== 0) ? CLOCK_MAY_BE_OFF_MS : 0;
  // Somebody's word that was wrong: what is taken after it is a known gap.
  const since = blindly(stage, state, database) ? clock.now() - (fenceOf(state, database)?.at ?? clock.now()) : 0;
  const allowed = Math.max(plan.objectives.rpoMs, (accepted ?? 0) * 1000) + off + since;
  if (lost > allowed && returned) stage.history.gap(TOOK_AGAIN);
  else if (lost > allowed && (detached || !blindly(stage, state, database))) stage.history.violate(5, `success, and ${lost} ms of acknowledged writes to ${database} are lost; RPO ${plan.objectives.rpoMs} ms, accepted ${String(accepted)}`);
}

/** A planned move loses nothing, no matter who has made the copy a writer. */
function nothingLost({ stage, eyes, state: { plan } }: End, database: string): void {
  if (stage.scenario.shape.strategy === 'active-active') return;
  const lost = stage.world.state.databases.lossOf(eyes.ref(database, plan.target), stage.clock.now())?.ms ?? 0;
  if (lost > 0) stage.history.violate(5, `success of a switchover, and ${lost} ms of acknowledged writes to ${database} are lost`);
}

/** A guard looks every few seconds. */
const GUARDED_MS = 60_000;

/** Success with an old writer that still writes rests on a person's word, or on a region that was lost and is back: while nothing can see or close it. */
function oneWriter({ stage, eyes, state, returned, looksLost, openFor }: End, database: string): void {
  const { plan } = state;
  if (stage.scenario.shape.strategy === 'active-active' || !eyes.takesWrites(database, plan.source)) return;
  if (stage.scenario.shape.fence && openFor > GUARDED_MS) stage.history.violate(1, `success, and the old writer of ${database} takes writes, which could be seen for ${Math.round(openFor / 1000)} s`);
  if (returned) return;
  const verdict = (state.facts.get(`fence.${database}`) as { verdict?: string } | undefined)?.verdict;
  if (looksLost && verdict === 'source-down') stage.history.gap(LOOKS_LOST);
  else if (!blindly(stage, state, database)) stage.history.violate(1, `success (${verdict ?? 'no verdict'}), and the old writer of ${database} takes writes`);
}

function protectedAgain(end: End): void {
  const { stage, eyes, state } = end;
  const { target, source } = state.plan;
  const { databases, backups } = stage.world.state;
  const now = stage.clock.now();
  for (const database of stage.databases) {
    const active = eyes.ref(database, target);
    const waiting = eyes.ref(database, source);
    if (!eyes.takesWrites(database, target)) broken(end, `${active.id} takes no writes`);
    if (stage.scenario.shape.strategy === 'active-active') {
      if (!eyes.takesWrites(database, source)) broken(end, `${waiting.id} takes no writes`);
    } else if (stage.scenario.shape.strategy === 'backup-restore') {
      const kept = backups.in(source).some((backup) => sameRef(backup.source, active) && backups.latestTime(backup, now) !== undefined);
      if (!kept) broken(end, `no backups of ${active.id} arrive in ${source}`);
    } else {
      const row = databases.row(waiting);
      if (!sameRef(row?.source, active) || row?.creation !== undefined) broken(end, `${waiting.id} is no replica of ${active.id}`);
      if (databases.lagNow(waiting, now) === undefined) broken(end, `${waiting.id} does not follow ${active.id}`);
    }
  }
  // What a health check says of a region that has just come back is not the tool's.
  if (stage.scenario.shape.strategy === 'active-active' && end.wellFor > SEEN_MS && !eyes.answers(3 * DRAWS).has(source)) broken(end, `the name leads nobody to ${source}`);
  // Nothing is moved by it: where the active region was lost meanwhile, its health check leads users back.
  if (end.wellFor > SEEN_MS && !eyes.answers(DRAWS).has(target)) broken(end, `the name does not answer with ${target}`);
}

/** Nobody is led by a change that was only accepted: by the record of it, the name answers as it is to. */
export function judgeSettled({ scenario: { shape }, world, history }: Stage, eyes: Eyes, { plan }: RunState, step: string): void {
  // Where several regions answer, one that comes back is seen by the checkers later than by anybody.
  if (plan.verb === 'reprotect' || shape.strategy === 'active-active' || !world.isAlive(plan.target)) return;
  if (eyes.answers().has(plan.source)) history.violate(14, `${step} is done, and the name still leads users to ${plan.source}`);
}

/** What was rolled back is as it was: the old writer writes, the new one was never promoted. `partly`: an earlier run has left writes stopped, and said so. */
export function judgeLedBack({ stage, eyes, state }: End, crossed: ReadonlyMap<string, number>, partly: boolean): void {
  const { source, target, verb } = state.plan;
  for (const database of crossed.keys()) stage.history.violate(21, `rolled back, and ${database} was promoted`);
  if (verb === 'reprotect' || !stage.world.isAlive(source)) return;
  for (const database of stage.databases) {
    if (!partly && !eyes.takesWrites(database, source)) stage.history.violate(21, `rolled back, and ${eyes.ref(database, source).id} takes no writes`);
  }
  if (eyes.status(source) === 200 && stage.world.isAlive(target) && eyes.answers().size === 0) stage.history.violate(10, 'rolled back, and the name answers nobody');
}

function broken({ stage, state }: End, why: string): void {
  stage.history.violate(15, `success of a ${state.plan.verb}, and ${why}`);
}

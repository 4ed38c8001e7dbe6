import { CLOCK_MAY_BE_OFF_MS } from '../../src/aws/aws-time.ts';
import type { RunState } from '../../src/journal/state.ts';
import { signalFact, sourceVerdictFact } from '../../src/model/signals.ts';
import type { Eyes } from './eyes.ts';
import { LOOKS_LOST, TOOK_AGAIN } from './looks-lost.ts';
import { BOSS, LEAD } from './scenario.ts';
import type { Stage } from './stage.ts';
import { blindly } from './watch-end.ts';

/*
 * What a step over the line rests on: asked at the moment of its call.
 */

/** The source counts as healthy all the time when nothing was wrong with it for so long. */
const HEALTHY_MS = 15 * 60_000;

/** A decision that it rests on is older than that. */
const OLD_MS = 5 * 60_000;

export const TWO_TROUBLES = 'a machine was cut off from the source while replication stood still for another reason: together they look like a region that is lost';

export interface Crossing {
  stage: Stage;
  eyes: Eyes;
  database: string;
  state: RunState;
  /** When the source was last seen to be wrong in any way. */
  sourceBadAt: number;
  /** The source was lost, and lives again. */
  returned: boolean;
  /** Since when the source is dead, if it is. */
  deadSince: number | undefined;
  /** Its machine is cut off from a source that lives, and replication stands still for another reason. */
  twoTroubles: boolean;
  /** A source that lives looked like a region that is lost when it was judged. */
  looksLost: boolean;
  /** The machine at work stood still right before: a request that is on its way cannot be taken back. */
  stoodStill: boolean;
  /** Who attested that the source is down, in any start of this chapter. */
  attestedBy: ReadonlySet<string>;
  /** True time at which a step was last done. */
  doneAt(step: string): number | undefined;
}

export function judgeCrossing(c: Crossing): void {
  approval(c);
  fence(c);
  loss(c);
  if (c.state.plan.verb === 'failover') {
    young(c);
    if (c.stage.clock.now() - c.sourceBadAt > HEALTHY_MS && c.state.acceptances.sourceDown === undefined) {
      broken(c, 7, 'goes over the line although the source was healthy all the time, and nobody attested that it is down');
    }
  }
}

/** Who approves may change their mind; so long before it counted a rejection must have been seen. */
const SEEN_MS = 15_000;

/** What was really decided by those whom the runbook names, and not what the tool made of their files. */
function approval(c: Crossing): void {
  const { stage, state, database } = c;
  const { approval: kind } = stage.scenario.shape;
  if (kind === 'none') return;
  const gate = state.plan.steps.find((step) => step.kind === 'run.approval')?.id ?? '';
  const at = state.steps.get(gate)?.state === 'done' ? c.doneAt(gate) : undefined;
  if (at === undefined) return broken(c, 6, `promotes ${database}, and nobody was asked for approval`);
  if (kind === 'named') {
    if (![BOSS, LEAD].some((name) => state.acceptances.approvedBy.includes(name))) broken(c, 6, `promotes ${database}, approved by nobody who may`);
    return;
  }
  for (const by of [BOSS, LEAD]) {
    const own = stage.made.filter((one) => one.run === state.run && one.by === by && one.signed <= at);
    const good = own.some((yes) => yes.decision === 'approve' && yes.expires > at && !own.some((no) => no.decision === 'reject' && no.kept && no.signed > yes.signed && no.signed < at - SEEN_MS));
    if (!good) broken(c, 6, `promotes ${database} without an approval that ${by} signed for this run, and did not take back`);
  }
}

function fence(c: Crossing): void {
  const { database, state, eyes } = c;
  const fact = state.facts.get(`fence.${database}`) as { verdict?: string; because?: string } | undefined;
  if (fact?.verdict === undefined) return broken(c, 2, `promotes ${database} without a fence verdict`);
  const writes = eyes.takesWrites(database, state.plan.source);
  if ((fact.verdict === 'fenced' || fact.verdict === 'read-only') && writes) broken(c, 1, `promotes ${database}, called ${fact.verdict}, while its old writer takes writes`);
  // The record says by whom, and that person said it when the run was started or resumed: by another one, it may be, whose request the one at
  // work makes again. Then it is a decision like the others, and young.
  const said = [...c.attestedBy].some((person) => person !== '' && fact.because?.includes(`attested by ${person}`) === true);
  if (fact.verdict === 'attested' && !said) broken(c, 2, `promotes ${database} as attested by somebody who did not attest`);
  if (fact.verdict === 'source-down') {
    const judged = sourceVerdictFact.read(state);
    const signals = signalFact.all(state).map(({ value }) => value);
    const down = new Set(signals.filter((s) => s.says === 'down').map((s) => s.vantage));
    // No single trouble explains both: one tells what users get, and one is not seen from the machine at work.
    const independent = (down.has('users') || down.has('health-checkers')) && (down.has('replication') || down.has('health-checkers'));
    if (judged?.verdict !== 'source-down' || !independent) broken(c, 2, `promotes ${database}: source-down by ${down.size} independent signals`);
  }
}

/** What the line rests on was decided a moment ago, not hours ago by somebody else. What must be made first takes its time. */
function young(c: Crossing): void {
  const { database, state, stage } = c;
  const bases = [`databases.${database}.fence`, `databases.${database}.rpoGate`, 'assess.source'];
  const made = c.doneAt(`databases.${database}.restore`) ?? 0;
  for (const id of bases) {
    const at = c.doneAt(id);
    if (at === undefined) continue;
    const age = stage.clock.now() - Math.max(at, made);
    if (age > OLD_MS && c.stoodStill) stage.history.gap('a machine stood still between its last look and its request');
    else if (age > OLD_MS) broken(c, 13, `promotes ${database} on ${id}, which was decided ${Math.round(age / 60_000)} minutes ago`);
  }
  if (c.doneAt('assess.source') === undefined) broken(c, 13, `promotes ${database}, and the source was not judged`);
  if (state.plan.steps.every((step) => step.phase !== 'fence')) broken(c, 2, 'the plan has no fence');
}

function loss(c: Crossing): void {
  const { database, state, stage, eyes } = c;
  const fact = state.facts.get(`rpo.${database}`) as { boundMs?: number | null; outageAt?: number } | undefined;
  if (fact === undefined && state.plan.verb === 'failover') return broken(c, 3, `promotes ${database} without a recorded bound on loss`);
  const bound = state.plan.verb === 'switchover' ? 0 : (fact?.boundMs ?? undefined);
  const accepted = state.acceptances.dataLossSeconds;
  if (bound === undefined) {
    if (accepted !== 'unknown') broken(c, 4, `promotes ${database} with an unknown loss that nobody accepted`);
    return;
  }
  const { rpoMs } = state.plan.objectives;
  if (bound > rpoMs && accepted !== 'unknown' && (accepted === undefined || bound > accepted * 1000)) {
    broken(c, 5, `promotes ${database} with a loss of up to ${bound} ms, RPO ${rpoMs} ms, accepted ${String(accepted)}`);
  }
  const lost = eyes.lossNow(database);
  // Who says falsely that the source is down says too that no more is written there.
  const attestedAt = c.doneAt(`databases.${database}.fence`) ?? 0;
  if (blindly(stage, state, database) && (c.deadSince === undefined || c.deadSince > attestedAt)) return;
  // As far as the clocks of two machines can be compared.
  const off = Object.values(stage.scenario.skew).some((ms) => ms !== 0) ? CLOCK_MAY_BE_OFF_MS : 0;
  if (lost === undefined || lost <= bound + off) return;
  if (c.looksLost) return stage.history.gap(LOOKS_LOST);
  if (c.twoTroubles) return stage.history.gap(TWO_TROUBLES);
  // Loss counts up to the impact that was seen. Nobody saw that the source lived again after it.
  const { cutOff } = stage.scenario;
  if (cutOff !== undefined && c.deadSince !== undefined && c.deadSince > stage.zero + cutOff.at && lost <= bound + off + c.deadSince - (stage.zero + cutOff.at)) {
    stage.history.gap('a machine was cut off from the source before that was lost: loss counts up to what it saw first');
  } else if (diedLater(c, fact?.outageAt, lost - bound - off)) {
    stage.history.gap('the application was gone before its database: loss counts up to what users saw, and nobody saw the database live on');
  } else if (c.returned) stage.history.gap(TOOK_AGAIN);
  else broken(c, 3, `the bound of ${database} is ${bound} ms, and ${lost} ms of acknowledged writes are lost`);
}

/** The application was gone first, and its database with the region, which nobody had seen to live meanwhile: that long it took writes that no look tells of. */
function diedLater({ stage, deadSince }: Crossing, outageAt: number | undefined, moreMs: number): boolean {
  const half = stage.chapter.happenings.some((h) => h.what === 'half-dead' && stage.zero + h.at <= (outageAt ?? 0));
  return half && outageAt !== undefined && deadSince !== undefined && moreMs <= deadSince - outageAt;
}

function broken(c: Crossing, invariant: number, why: string): void {
  c.stage.history.violate(invariant, why);
}

import * as z from 'zod';
import { iso } from '../../base/clock.ts';
import { formatDuration } from '../../base/duration.ts';
import { messageOf } from '../../base/errors.ts';
import { LIMITS } from '../../base/limits.ts';
import { approvers } from '../../approvals/people.ts';
import { type ApprovalGate, type Decision, judge, type Judgement } from '../../approvals/judge.ts';
import { fact } from '../../model/fact.ts';
import { refused, stepKind } from '../common.ts';
import type { Observation, Refusal, StepContext } from '../../model/step.ts';

const params = z.strictObject({
  /** Id of this step: what is signed names it. */
  gate: z.string().default(''),
  /** Names alone are claims. */
  from: approvers,
  quorum: z.int().min(1),
  waitMs: z.int().min(0).default(0),
  /** The point of no return is behind it. */
  line: z.boolean().default(true),
});
type Params = z.infer<typeof params>;

/** The signatures that opened a gate, by the id of its step. Times are ISO 8601. */
export const signedFact = fact('approval', z.array(z.looseObject({ approver: z.string(), signed: z.string(), expires: z.string(), key: z.string(), signature: z.string() })));

const LOOK_MS = 3_000;

/** Decisions that are older than that when the last approval comes are made again. */
const FRESH_MS = LIMITS.checkAgeMs;

const namesOf = (p: Params): string => p.from.map(({ name }) => name).join(', ');
const isSigned = (p: Params): boolean => p.from.every(({ keys }) => keys.length > 0);
const consequence = (p: Params): string => (p.line ? 'the point of no return is not crossed without them' : 'what comes after is not begun without them');

/** Without keys in the runbook, an approval is a name on the command line. */
function decideClaims(ctx: StepContext, p: Params): string | Refusal {
  const given = [...new Set(ctx.acceptances.approvedBy)];
  const names = p.from.map(({ name }) => name);
  const valid = given.filter((name) => names.includes(name));
  if (valid.length >= p.quorum) return `approved by ${valid.join(', ')} (${valid.length === 1 ? 'name' : 'names'} as given, not verified)`;
  const strangers = given.filter((name) => !names.includes(name));
  return {
    rule: 'approval',
    observed: `${valid.length} of ${p.quorum} approvals${strangers.length > 0 ? `; not on the list: ${strangers.join(', ')}` : ''}`,
    threshold: `approval by ${p.quorum} of ${names.join(', ')}`,
    consequence: consequence(p),
    override: `--approved-by ${names.find((name) => !valid.includes(name)) ?? 'NAME'}`,
  };
}

function gateOf(ctx: StepContext, p: Params): ApprovalGate {
  const { id, plan, account, verb, initiator } = ctx.run;
  const subject = { run: id, plan, application: ctx.runbook, account, verb, from: ctx.source, to: ctx.target, gate: p.gate };
  return { subject, from: p.from, quorum: p.quorum, initiator };
}

async function look(ctx: StepContext, p: Params): Promise<Judgement> {
  const files = (await ctx.effects.approvals?.files()) ?? [];
  return judge(files, gateOf(ctx, p), ctx.effects.clock.now());
}

function rejection(p: Params, run: string, rejected: readonly Decision[]): Refusal {
  return {
    rule: 'approval',
    observed: rejected.map(({ approver, signed }) => `rejected by ${approver} at ${iso(signed)}`).join('; '),
    threshold: `approval by ${p.quorum} of ${namesOf(p)}`,
    consequence: consequence(p),
    override: `none: they may decide again (dr approve ${run}), then: dr resume ${run}`,
  };
}

async function waitForSignatures(ctx: StepContext, p: Params): Promise<Observation> {
  const { clock } = ctx.effects;
  const begun = clock.now();
  for (;;) {
    const seen = await look(ctx, p).catch((error: unknown) => messageOf(error));
    if (typeof seen !== 'string') {
      if (seen.rejected.length > 0) return refused(rejection(p, ctx.run.id, seen.rejected));
      if (seen.approved.length >= p.quorum) {
        signedFact.record(ctx, p.gate, seen.approved.map((one) => ({ ...one, signed: iso(one.signed), expires: iso(one.expires) })));
        const because = `approved by ${seen.approved.map(({ approver, key }) => `${approver} (${key})`).join(', ')}: signatures verified`;
        if (p.line && clock.now() - begun > FRESH_MS) {
          return { state: 'paused', because: `${because}; after ${formatDuration(clock.now() - begun)} the run decides again`, decideAgain: true };
        }
        return { state: 'reached', because };
      }
    }
    const left = begun + p.waitMs - clock.now();
    if (left <= 0) return { state: 'paused', because: `${standing(p, seen)} after ${formatDuration(p.waitMs)}. Then: dr approve ${ctx.run.id}, and dr resume ${ctx.run.id}` };
    await ctx.wait('person', Math.min(LOOK_MS, left));
  }
}

function standing(p: Params, seen: Judgement | string): string {
  if (typeof seen === 'string') return `the state does not answer (${seen})`;
  const bad = seen.refused.length === 0 ? '' : `; not counted: ${seen.refused.slice(0, 5).join('; ')}`;
  return `${seen.approved.length} of ${p.quorum} approvals from ${namesOf(p)}${bad}`;
}

/** Nobody continues alone. Where the runbook names keys, only signatures count; where it names none, names are recorded as they were given. */
export default stepKind<Params>({
  params,
  check: async (ctx, p) => {
    if (!isSigned(p)) {
      const decision = decideClaims(ctx, p);
      return typeof decision === 'string' ? { state: 'ok', because: decision } : refused(decision);
    }
    // A state that does not answer is no reason to refuse before anybody is asked.
    const { approved, rejected } = await look(ctx, p).catch(() => ({ approved: [], rejected: [] }));
    if (rejected.length > 0) return refused(rejection(p, ctx.run.id, rejected));
    if (approved.length >= p.quorum) return { state: 'ok', because: `approved by ${approved.map(({ approver }) => approver).join(', ')}` };
    const observed = `will wait at most ${formatDuration(p.waitMs)} for approval by ${p.quorum - approved.length} of ${namesOf(p)}. They run: dr approve ${ctx.run.id}`;
    return { state: 'ok', because: '', warnings: [{ rule: 'approval-waits', observed, wanted: 'approvals that are given', mend: `dr approve ${ctx.run.id}` }] };
  },
  observe: (ctx, p) => {
    if (isSigned(p)) return waitForSignatures(ctx, p);
    const decision = decideClaims(ctx, p);
    return Promise.resolve(typeof decision === 'string' ? ({ state: 'reached', because: decision } as const) : refused(decision));
  },
});

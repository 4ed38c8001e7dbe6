import type { AwsCaller } from '../../src/aws/caller.ts';
import { AwsError } from '../../src/aws/errors.ts';
import type { Json } from '../../src/base/json.ts';
import { signalFact, sourceVerdictFact } from '../../src/model/signals.ts';
import type { StepContext } from '../../src/model/step.ts';
import { ANSWER_BUGS } from './answer-bugs.ts';
import { DRILL_RUN_BUGS } from './drill-run-bugs.ts';
import { type Bug, make, reached, recording, seenAs, spoil, weighsNothing } from './plant.ts';
import { RULE_BUGS } from './rule-bugs.ts';
import { BOSS, LEAD } from './scenario.ts';

/*
 * Defects of what was believed without being looked at: planted from outside, as in bugs.ts.
 */

const MINUTE = 60_000;

/** A context in which somebody said something that nobody said. */
function saying(ctx: StepContext, more: Partial<StepContext['acceptances']>): StepContext {
  return { ...ctx, acceptances: { ...ctx.acceptances, ...more } };
}

/** A reboot that AWS refuses for what is under way counts as accepted. */
function refusedRebootCounts(inner: AwsCaller): AwsCaller {
  const call = (request: Parameters<AwsCaller['call']>[0]) =>
    inner.call(request).catch((error: unknown) => {
      if (request.operation === 'RebootDBInstance' && error instanceof AwsError && error.code === 'InvalidDBInstanceState') return { output: { DBInstance: { ...(request.input as object), DBInstanceStatus: 'rebooting' } }, requestId: undefined };
      throw error;
    });
  return { call: call as AwsCaller['call'] };
}

export const MORE_BUGS: readonly Bug[] = [
  {
    name: 'writer-counts-as-promoted',
    breaks: [5],
    // Anyone who made the copy a writer, and whenever: nothing more is lost.
    step: (name, kind, stage) => {
      if (stage.scenario.detachedMs === undefined) return undefined;
      const blind = { check: () => Promise.resolve({ state: 'ok', because: 'a writer already' } as const), observe: () => Promise.resolve(reached) };
      return spoil('rpoGate', () => blind)(name, kind, stage) ?? spoil('promote', () => blind)(name, kind, stage);
    },
  },
  {
    name: 'users-and-api-are-enough',
    breaks: [2, 1],
    step: spoil('judge-source', (code) => ({
      observe: async (ctx, p) => {
        const seen = (p as { signals: string[] }).signals.map((name) => signalFact.read(ctx, name));
        if (!seen.some((signal) => signal?.vantage === 'users' && signal.says === 'down')) return code.observe(ctx, p);
        sourceVerdictFact.record(ctx, { verdict: 'source-down', because: 'users get nothing' });
        return reached;
      },
    })),
  },
  {
    name: 'adding-counts-as-active',
    breaks: [1],
    // Alone it breaks nothing: AWS refuses the reboot that comes too early, and it is asked for again.
    aws: (inner, stage) =>
      seenAs(refusedRebootCounts(inner), (output, request) => {
        if (request.region !== stage.chapter.source) return output;
        const groups = (one: Record<string, unknown>) => (one['VpcSecurityGroups'] as { Status?: string }[]).filter((group) => group.Status !== 'removing').map((group) => ({ ...group, Status: 'active' }));
        return { ...output, DBInstances: (output.DBInstances ?? []).map((one) => ({ ...one, DBInstanceStatus: 'available', VpcSecurityGroups: groups(one) })) };
      }),
  },
  { name: 'same-term-again', breaks: [8], sameTerm: true },
  { name: 'lock-asked-once', breaks: [8], store: (inner) => ({ ...inner, assertHeld: once(() => inner.assertHeld?.() ?? Promise.resolve()) }) },
  {
    name: 'undo-unrecorded',
    breaks: [25],
    store: (inner) => ({ ...inner, append: (record) => (record.type === 'undo.intent' ? Promise.resolve() : inner.append(record)) }),
  },
  {
    name: 'opens-the-old-writer',
    breaks: [1, 11],
    step: spoil('flip', (code) => ({
      act: async (ctx, p) => {
        for (const id of ['shop-orders-seoul', 'shop-orders-tokyo']) await make(ctx, 'rds', 'ModifyDBInstance', ctx.source, { DBInstanceIdentifier: id, VpcSecurityGroupIds: ['sg-0a10000000000006'] });
        await code.act?.(ctx, p);
      },
    })),
  },
  {
    name: 'one-signature-is-two',
    breaks: [6],
    step: spoil('approval', (code) => ({
      observe: async (ctx, p) => {
        const files = (await ctx.effects.approvals?.files().catch(() => [])) ?? [];
        return [BOSS, LEAD].some((name) => files.some((file) => file.includes(`approver: ${name}`) && file.includes('decision: approve'))) ? reached : code.observe(ctx, p);
      },
    })),
  },
  {
    name: 'old-decisions',
    breaks: [13, 8],
    // Nobody asks how old they are: neither at the last look nor right before the request.
    plan: (plan) => ({ ...plan, steps: plan.steps.map((step) => (step.kind.endsWith('.promote') ? { ...step, reversibility: 'compensable' as const } : step)) }),
    step: spoil('promote', (code) => ({
      actMs: () => 10 * MINUTE,
      act: async (ctx, p) => {
        await ctx.effects.clock.sleep(6 * MINUTE, ctx.signal);
        await code.act?.(ctx, p);
      },
    })),
  },
  { name: 'nothing-is-scaled-out', breaks: [15, 10, 20, 21], step: spoil('scaleOut', () => ({ observe: () => Promise.resolve(reached) })) },
  {
    name: 'traffic-asks-the-source',
    breaks: [11],
    step: spoil('settle', (code) => ({
      observe: async (ctx, p) => {
        await make(ctx, 'autoscaling', 'DescribeAutoScalingGroups', ctx.source, {});
        return code.observe(ctx, p);
      },
    })),
  },
  {
    name: 'loss-in-minutes',
    breaks: [5],
    plan: weighsNothing,
    step: spoil('rpoGate', (code) => ({
      check: (ctx, p) => code.check(inMinutes(ctx), p),
      observe: (ctx, p) => code.observe(inMinutes(ctx), p),
    })),
  },
  {
    name: 'stopped-writes-forgotten',
    breaks: [15, 14],
    step: spoil('open', () => ({ observe: () => Promise.resolve(reached) })),
  },
  {
    name: 'attested-by-nobody',
    breaks: [2],
    step: spoil('fence', (code) => ({ observe: (ctx, p) => code.observe(saying(ctx, { sourceDown: 'nobody' }), p) })),
  },
  { name: 'settled-at-once', breaks: [15, 14], step: spoil('settle', () => ({ observe: () => Promise.resolve(reached) })) },
  { name: 'insync-at-once', breaks: [15, 14], step: (name, kind, stage) => spoil('flip', () => ({ verify: () => Promise.resolve(reached) }))(name, kind, stage) ?? spoil('settle', () => ({ observe: () => Promise.resolve(reached) }))(name, kind, stage) },
  {
    name: 'half-the-bound',
    breaks: [3],
    step: spoil('rpoGate', (code) => ({ observe: (ctx, p) => code.observe(recording(ctx, (_n, v) => halved(v)), p) })),
  },
  ...RULE_BUGS,
  ...ANSWER_BUGS,
  ...DRILL_RUN_BUGS,
];

/*
 * The simulation does not find these, and `--bug all` does not hunt them. `rejections-are-not-read`: who rejects in a drawn world nearly
 * always approves later; test/kinds/common-steps/approval.test.ts and test/approvals/judge.test.ts find it. `no-last-look`: it was found at seed
 * 1740 before people looked at what they attest, and not in 6,000 seeds since; test/engine/end-look.test.ts finds it.
 */
export const UNSEEN: readonly Bug[] = [
  {
    name: 'no-last-look',
    breaks: [15],
    step: (_name, kind) => ({ ...(kind as object), holds: () => Promise.resolve(reached) }) as unknown as typeof kind,
  },
  {
    name: 'rejections-are-not-read',
    breaks: [6],
    step: spoil('approval', (code) => ({
      observe: (ctx, p) => {
        const { approvals } = ctx.effects;
        const files = async (): Promise<readonly string[]> => ((await approvals?.files()) ?? []).filter((file) => !file.includes('decision: reject'));
        return code.observe(approvals === undefined ? ctx : { ...ctx, effects: { ...ctx.effects, approvals: { ...approvals, files } } }, p);
      },
    })),
  },
];

function once(work: () => Promise<void>): () => Promise<void> {
  let first: Promise<void> | undefined;
  return () => (first ??= work());
}

function inMinutes(ctx: StepContext): StepContext {
  const { dataLossSeconds: said } = ctx.acceptances;
  return typeof said === 'number' ? saying(ctx, { dataLossSeconds: said * 60 }) : ctx;
}

function halved(value: Json): Json {
  const { boundMs } = value as { boundMs?: number | null };
  return typeof boundMs === 'number' ? { ...(value as object), boundMs: boundMs / 2 } : value;
}

import type { AwsCaller } from '../../src/aws/caller.ts';
import { signalFact, sourceVerdictFact } from '../../src/model/signals.ts';
import type { StepContext } from '../../src/model/step.ts';
import { MORE_BUGS } from './more-bugs.ts';
import { type Bug, type Code, make, reached, recording, spoil, weighsNothing } from './plant.ts';
import { BOSS, LEAD } from './scenario.ts';
import { bystanderOf } from './shapes.ts';

export type { Bug } from './plant.ts';

/*
 * Defects, planted from outside: what the simulation must find. None of this is in the tool.
 */

/** Finds a verdict where there is none. */
function believesInFences(code: Code): Partial<Code> {
  return { observe: (ctx, p) => code.observe({ ...ctx, fact: (name) => ctx.fact(name) ?? (name.startsWith('fence.') ? { verdict: 'source-down', because: 'believed' } : undefined) }, p) };
}

export const BUGS: readonly Bug[] = [
  {
    name: 'fence-lies',
    breaks: [1],
    step: spoil('fence', () => ({
      observe: (ctx, p) => {
        ctx.record(`fence.${(p as { name: string }).name}`, { verdict: 'fenced', because: 'not looked at' });
        return Promise.resolve(reached);
      },
    })),
  },
  {
    name: 'no-reboot',
    breaks: [1],
    // Closed counts as fenced, and nothing ends the sessions that are there.
    step: spoil('fence', (code) => ({
      observe: async (ctx, p) => {
        const seen = await code.observe(ctx, p);
        if (seen.state !== 'absent' || seen.further !== true) return seen;
        ctx.record(`fence.${(p as { name: string }).name}`, { verdict: 'fenced', because: seen.because });
        return reached;
      },
    })),
  },
  {
    name: 'guard-without-reboot',
    breaks: [1],
    step: spoil('fenceAgain', (code) => ({
      observe: async (ctx, p) => {
        const seen = await code.observe(ctx, p);
        return seen.state === 'absent' && seen.further === true ? reached : seen;
      },
    })),
  },
  { name: 'guard-asleep', breaks: [1], step: spoil('fenceAgain', () => ({ observe: () => Promise.resolve({ state: 'pending', because: 'asleep', waitingFor: 'hold' }) })) },
  {
    name: 'no-fence-verdict',
    breaks: [2],
    // The line asks for it once more: both must be off for it to pass.
    step: (name, kind, stage) =>
      spoil('fence', (code) => ({ observe: (ctx, p) => code.observe(recording(ctx, () => undefined), p) }))(name, kind, stage) ??
      spoil('promote', believesInFences)(name, kind, stage) ??
      spoil('restore', believesInFences)(name, kind, stage),
  },
  {
    name: 'bound-too-small',
    breaks: [3],
    step: spoil('rpoGate', (code) => ({ observe: (ctx, p) => code.observe(recording(ctx, (_n, v) => ({ ...(v as object), boundMs: 0 })), p) })),
  },
  {
    name: 'unknown-lag-is-zero',
    breaks: [4],
    plan: weighsNothing,
    step: spoil('rpoGate', (code) => ({
      check: (ctx, p) => code.check({ ...ctx, acceptances: { ...ctx.acceptances, ...unknownOnly(ctx) } }, p),
      observe: (ctx, p) => code.observe({ ...ctx, acceptances: { ...ctx.acceptances, ...unknownOnly(ctx) } }, p),
    })),
  },
  {
    name: 'rpo-gate-off',
    breaks: [5],
    plan: weighsNothing,
    step: spoil('rpoGate', (code) => ({
      check: () => Promise.resolve({ state: 'ok', because: 'off' }),
      observe: async (ctx, p) => {
        await code.observe(ctx, p);
        return reached;
      },
    })),
  },
  { name: 'nobody-is-asked', breaks: [6], step: spoil('approval', () => ({ check: () => Promise.resolve({ state: 'ok', because: 'off' }), observe: () => Promise.resolve(reached) })) },
  {
    name: 'any-text-is-an-approval',
    breaks: [6],
    step: spoil('approval', (code) => ({
      observe: async (ctx, p) => {
        const files = (await ctx.effects.approvals?.files().catch(() => [])) ?? [];
        const yes = (name: string) => files.some((file) => file.includes(`approver: ${name}`) && file.includes('decision: approve'));
        return [BOSS, LEAD].every(yes) ? reached : code.observe(ctx, p);
      },
    })),
  },
  { name: 'healthy-source-passes', breaks: [7, 2], step: spoil('judge-source', (code) => ({ observe: (ctx, p) => code.observe({ ...ctx, acceptances: { ...ctx.acceptances, sourceDown: 'nobody' } }, p) })) },
  {
    name: 'any-two-signals',
    breaks: [2, 1],
    // Two are two, whatever explains them both.
    step: spoil('judge-source', (code) => ({
      observe: async (ctx, p) => {
        const seen = (p as { signals: string[] }).signals.map((name) => signalFact.read(ctx, name));
        const down = new Set(seen.flatMap((signal) => (signal?.says === 'down' ? [signal.vantage] : [])));
        if (down.size < 2) return code.observe(ctx, p);
        sourceVerdictFact.record(ctx, { verdict: 'source-down', because: 'two are two' });
        return reached;
      },
    })),
  },
  { name: 'no-lock', breaks: [8], noLock: true },
  {
    name: 'deletes-old-primary',
    breaks: [9],
    step: spoil('promote', (code) => ({
      act: async (ctx, p) => {
        await make(ctx, 's3', 'DeleteObject', ctx.target, { Bucket: 'shop-backups', Key: 'orders' });
        await code.act?.(ctx, p);
      },
    })),
  },
  {
    name: 'delete-then-create',
    breaks: [10],
    aws: (inner, stage) => ({
      call: (async (request: Parameters<AwsCaller['call']>[0]) => {
        const batch = (request.input as { ChangeBatch?: { Changes?: { Action?: string }[] } }).ChangeBatch;
        if (request.operation !== 'ChangeResourceRecordSets' || batch?.Changes === undefined) return inner.call(request);
        const part = (action: string) => ({ ...request, input: { ...(request.input as object), ChangeBatch: { Changes: batch.Changes?.filter((c) => (c.Action === 'DELETE') === (action === 'DELETE')) } } }) as typeof request;
        await inner.call(part('DELETE'));
        await stage.clock.sleep(6_000);
        return inner.call(part('CREATE'));
      }) as AwsCaller['call'],
    }),
  },
  {
    name: 'needs-the-source',
    breaks: [11],
    step: spoil('promote', (code) => ({
      observe: async (ctx, p) => {
        await make(ctx, 'rds', 'DescribeDBInstances', ctx.source, {});
        return code.observe(ctx, p);
      },
    })),
  },
  {
    name: 'acts-in-a-check',
    breaks: [13],
    step: spoil('scaleOut', (code) => ({
      check: async (ctx, p) => {
        await code.act?.(ctx, p);
        return code.check(ctx, p);
      },
    })),
  },
  { name: 'traffic-before-data', breaks: [14], plan: (plan) => ({ ...plan, steps: plan.steps.map((step) => (step.phase === 'traffic' ? { ...step, after: step.after.filter((id) => !id.startsWith('databases.') || id.includes('.assess')) } : step)) }) },
  { name: 'trusts-available', breaks: [15, 14], step: spoil('promote', () => ({ verify: () => Promise.resolve(reached) })) },
  { name: 'canary-not-written', breaks: [15], step: spoil('canary', () => ({ observe: () => Promise.resolve(reached) })) },
  {
    name: 'wrong-instance',
    breaks: [18],
    step: spoil('promote', (code) => ({
      act: async (ctx, p) => {
        await make(ctx, 'rds', 'PromoteReadReplica', ctx.target, { DBInstanceIdentifier: 'shop-orders' });
        await code.act?.(ctx, p);
      },
    })),
  },
  {
    name: 'asks-a-third-region',
    breaks: [18],
    step: (name, kind, stage) => (stage.scenario.shape.third !== true ? undefined : spoil('rpoGate', (code) => ({
      observe: async (ctx, p) => {
        await make(ctx, 'rds', 'DescribeDBInstances', bystanderOf(stage.scenario.shape, stage.chapter) ?? '', {});
        return code.observe(ctx, p);
      },
    }))(name, kind, stage)),
  },
  {
    name: 'scales-down-what-serves',
    breaks: [19],
    step: spoil('scaleOut', (code) => ({
      act: async (ctx, p) => {
        await make(ctx, 'autoscaling', 'UpdateAutoScalingGroup', ctx.target, { AutoScalingGroupName: (p as { group: string }).group, MinSize: 0, DesiredCapacity: 0 });
        await code.act?.(ctx, p);
      },
    })),
  },
  {
    name: 'hangs-for-ever',
    breaks: [20],
    store: (inner) => ({ ...inner, append: (record) => (record.type === 'step.acted' ? new Promise<void>(() => undefined) : inner.append(record)) }),
  },
  {
    name: 'resume-forgets',
    breaks: [21],
    step: spoil('promote', (code) => ({
      // Once more after a crash, it does not see that the promotion is under way.
      observe: async (ctx, p) => {
        const seen = await code.observe(ctx, p);
        return ctx.attempt === 1 && seen.state === 'pending' ? { state: 'impossible', because: 'not expected' } : seen;
      },
      verify: (ctx, p) => code.observe(ctx, p),
    })),
  },
  { name: 'flaps', breaks: [23], step: spoil('flap-guard', () => ({ check: () => Promise.resolve({ state: 'ok', because: 'off' }), observe: () => Promise.resolve(reached) })) },
  {
    name: 'record-lost',
    breaks: [25],
    store: (inner) => ({ ...inner, append: (record) => (record.type === 'step.intent' ? Promise.resolve() : inner.append(record)) }),
  },
  {
    name: 'acts-without-intent',
    breaks: [25],
    step: spoil('settle', (code) => ({
      observe: async (ctx, p) => {
        await make(ctx, 'sns', 'Publish', ctx.target, { TopicArn: `arn:aws:sns:${ctx.target}:111122223333:dr`, Message: 'moved' });
        return code.observe(ctx, p);
      },
    })),
  },
  ...MORE_BUGS,
];

/** Passes the gate as if an unknown loss had been accepted, where nothing was. */
function unknownOnly(ctx: StepContext): { dataLossSeconds?: 'unknown' } {
  return ctx.acceptances.dataLossSeconds === undefined ? { dataLossSeconds: 'unknown' } : {};
}

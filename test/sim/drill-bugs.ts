import { findInstances } from '../../src/aws/ec2.ts';
import type { Json } from '../../src/base/json.ts';
import type { AnyStepKind, StepContext, StepKind } from '../../src/model/step.ts';
import { type DrillBug, STANDBY } from './drills.ts';

type Code = StepKind<Json>;

/** A step of that name with some of its parts replaced. */
function spoil(step: string, change: (code: Code) => Partial<Code>): DrillBug['step'] {
  return (name, kind) => {
    if (!name.endsWith(`.${step}`)) return kind;
    const code = kind as unknown as Code;
    return { ...code, ...change(code) } as unknown as AnyStepKind;
  };
}

function call(ctx: StepContext, operation: string, input: unknown): Promise<unknown> {
  const { call: send } = ctx.effects.aws;
  const service = operation.endsWith('Instances') ? 'ec2' : operation.includes('DB') || operation.includes('Replica') ? 'rds' : 'autoscaling';
  return send({ service, region: STANDBY.region, operation, input, signal: ctx.signal } as unknown as Parameters<typeof send>[0]).catch(() => undefined);
}

const idOf = (p: Json): string => (p as { id: string }).id;

/** Whatever has the name of the twin, no matter whose it is. */
async function terminateByName(ctx: StepContext, p: Json): Promise<void> {
  const { region, twin } = p as { region: string; twin: string };
  const found = await findInstances(ctx.effects.aws, region, { Filters: [{ Name: 'tag:Name', Values: [twin] }] }, { signal: ctx.signal });
  const ids = found.map(({ InstanceId = '' }) => InstanceId);
  if (ids.length > 0) await call(ctx, 'TerminateInstances', { InstanceIds: ids });
}

/** What the simulated drills must find. None of this is in the tool. */
export const DRILL_BUGS: readonly DrillBug[] = [
  { name: 'promotes-the-standby', breaks: 26, step: spoil('promote', (code) => ({ act: async (ctx, p) => {
    await call(ctx, 'PromoteReadReplica', { DBInstanceIdentifier: STANDBY.id });
    await code.act?.(ctx, p);
  } })) },
  { name: 'grows-production', breaks: 26, step: spoil('twinGroup', (code) => ({ act: async (ctx, p) => {
    await call(ctx, 'UpdateAutoScalingGroup', { AutoScalingGroupName: (p as { of: string }).of, MinSize: 3, DesiredCapacity: 3, MaxSize: 6 });
    await code.act?.(ctx, p);
  } })) },
  { name: 'undo-of-the-database-forgets', breaks: 27, step: spoil('twin', () => ({ undo: () => Promise.resolve() })) },
  { name: 'undo-of-the-instances-forgets', instances: true, breaks: 27, step: spoil('twinInstances', () => ({ undo: () => Promise.resolve() })) },
  { name: 'undo-of-the-instances-looks-once', instances: true, alone: true, breaks: 27, step: spoil('twinInstances', (code) => ({ undo: (ctx, p) => (ctx.fact(`twin.accepted.ec2:${STANDBY.region}:${(p as { twin: string }).twin}`) === undefined ? Promise.resolve() : (code.undo?.(ctx, p) ?? Promise.resolve())) })) },
  { name: 'terminates-by-name', instances: true, alone: true, breaks: 28, step: spoil('twinInstances', (code) => ({ observe: async (ctx, p) => {
    const seen = await code.observe(ctx, p);
    return seen.state === 'refused' ? { state: 'absent', because: 'a planted defect says so' } : seen;
  }, check: () => Promise.resolve({ state: 'ok', because: 'a planted defect says so' }), undo: terminateByName })) },
  { name: 'starts-the-standby', instances: true, breaks: 26, step: spoil('twinInstances', (code) => ({ act: async (ctx, p) => {
    const { from } = p as { from: { ids?: string[] } };
    if (from.ids !== undefined) await call(ctx, 'StartInstances', { InstanceIds: from.ids });
    await code.act?.(ctx, p);
  } })) },
  { name: 'undo-of-the-record-forgets', breaks: 27, step: spoil('twinRecord', () => ({ undo: () => Promise.resolve() })) },
  // A request whose answer was lost counts as not made.
  { name: 'undo-looks-once', breaks: 27, step: spoil('twinGroup', (code) => ({ undo: (ctx, p) => (ctx.fact(`twin.accepted.autoscaling:${STANDBY.region}:${(p as { group: string }).group}`) === undefined ? Promise.resolve() : (code.undo?.(ctx, p) ?? Promise.resolve())) })) },
  // The twin is made without the tag that says whose it is: nobody may delete it.
  { name: 'no-tag', breaks: 27, step: spoil('twin', (code) => ({ act: (ctx, p) => code.act?.({ ...ctx, run: { ...ctx.run, id: 'another-run' } }, p) ?? Promise.resolve() })) },
  { name: 'deletes-by-name', breaks: 28, step: spoil('twin', (code) => ({ observe: async (ctx, p) => {
    const seen = await code.observe(ctx, p);
    if (seen.state === 'refused') await call(ctx, 'DeleteDBInstance', { DBInstanceIdentifier: idOf(p), SkipFinalSnapshot: true });
    return seen;
  }, check: () => Promise.resolve({ state: 'ok', because: 'a planted defect says so' }) })) },
  { name: 'believes-every-twin', breaks: 28, step: spoil('twin', (code) => ({ observe: async (ctx, p) => {
    const seen = await code.observe(ctx, p);
    return seen.state === 'refused' ? { state: 'absent', because: 'a planted defect says so' } : seen;
  }, check: () => Promise.resolve({ state: 'ok', because: 'a planted defect says so' }), undo: async (ctx, p) => {
    await call(ctx, 'DeleteDBInstance', { DBInstanceIdentifier: idOf(p), SkipFinalSnapshot: true });
  } })) },
];

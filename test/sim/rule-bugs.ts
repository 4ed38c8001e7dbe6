import type { AwsCaller } from '../../src/aws/caller.ts';
import { AwsError } from '../../src/aws/errors.ts';
import type { Json } from '../../src/base/json.ts';
import type { StepContext } from '../../src/model/step.ts';
import { type ApprovalGate, decide } from '../../src/approvals/judge.ts';
import { readFileText } from '../../src/approvals/statement.ts';
import { goneIsFenced, type Bug, reached, seenAs, spoil } from './plant.ts';
import type { Happening, Scenario } from './scenario.ts';

/*
 * Rules taken out, each of which was once missing, and let a run end well with two writers or lost data.
 */

/** In all of them the engine serves. */
const BUSY = new Set(['backing-up', 'modifying', 'storage-optimization', 'maintenance']);

/** A context in which no replica is seen to receive. */
function notReceiving(ctx: StepContext): StepContext {
  return { ...ctx, fact: (name) => (name.startsWith('signal.replication.') ? without(ctx.fact(name)) : ctx.fact(name)) };
}

function without(value: Json | undefined): Json | undefined {
  if (value === undefined || value === null) return value;
  const { receiving: _now, livedAt: _then, ...rest } = value as Record<string, Json>;
  return rest;
}

/** The gate on the source, and the fence, look at a replica that receives: both must be off. */
const replicationIsNoSign: NonNullable<Bug['step']> = (name, kind, stage) => {
  const blind = spoil('judge-source', (code) => ({ observe: (ctx, p) => code.observe(notReceiving(ctx), p) }))(name, kind, stage);
  return blind ?? spoil('fence', (code) => ({ observe: (ctx, p) => code.observe(notReceiving(ctx), p) }))(name, kind, stage);
};

/** A chapter in which the application of the source is gone, and its databases live. */
function halfDead({ chapters }: Scenario, fits: (happening: Extract<Happening, { what: 'half-dead' }>) => boolean): boolean {
  return chapters.some(({ happenings }) => happenings.some((h) => h.what === 'half-dead' && fits(h)));
}

/** What the approval step is given, as far as a defect reads it. */
type Quorum = Pick<ApprovalGate, 'from' | 'quorum'> & { gate: string };

export const RULE_BUGS: readonly Bug[] = [
  {
    // Two keys of one person are two.
    name: 'quorum-counts-keys',
    breaks: [6],
    needs: ({ shape }) => shape.approval === 'signed',
    step: spoil('approval', (code) => ({
      observe: async (ctx, p) => {
        const { from, quorum, gate } = p as unknown as Quorum;
        const { id: run, plan, account, verb, initiator } = ctx.run;
        const subject = { run, plan, application: ctx.runbook, account, verb, from: ctx.source, to: ctx.target, gate };
        const files = (await ctx.effects.approvals?.files().catch(() => [])) ?? [];
        const said = files.map(readFileText).flatMap((file) => (file === undefined ? [] : [decide(file, { subject, from, quorum, initiator }, ctx.effects.clock.now())])).filter((one) => typeof one !== 'string');
        const keys = new Set(said.map(({ key }) => key));
        return keys.size >= quorum && said.every(({ decision }) => decision === 'approve') ? reached : code.observe(ctx, p);
      },
    })),
  },
  {
    // An answer without an instance in it says that there is none.
    name: 'empty-answer-is-gone',
    breaks: [1, 2, 3],
    needs: (scenario) => halfDead(scenario, (h) => h.api === 'empty'),
    step: spoil('fence', goneIsFenced),
    aws: (inner) =>
      seenAs(inner, (output, request) => {
        if (output.DBInstances !== undefined) return output;
        throw new AwsError({ service: 'rds', operation: 'DescribeDBInstances', region: request.region, code: 'DBInstanceNotFound', httpStatus: 404, message: 'DBInstance not found.' });
      }),
  },
  { name: 'receiving-is-no-sign', breaks: [1], needs: (scenario) => halfDead(scenario, (h) => h.silent && h.api === 'hang'), step: replicationIsNoSign },
  {
    name: 'busy-counts-as-stopped',
    breaks: [1],
    needs: (scenario) => !scenario.shape.fence && halfDead(scenario, (h) => h.silent),
    aws: (inner: AwsCaller, stage) =>
      seenAs(inner, (output, request) => {
        if (request.region !== stage.chapter.source) return output;
        return { ...output, DBInstances: (output.DBInstances ?? []).map((one) => (BUSY.has(String(one['DBInstanceStatus'])) ? { ...one, DBInstanceStatus: 'stopped' } : one)) };
      }),
  },
];

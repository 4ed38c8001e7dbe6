import * as z from 'zod';
import { changeRecords, changeStatus } from '../../aws/route53.ts';
import { dnsName, hostedZoneId, recordType, refused, stepKind } from '../common.ts';
import type { Observation, StepContext, Verdict } from '../step.ts';
import type { RecordSet } from '../../aws/route53.ts';
import { checkersOf } from './checkers.ts';
import { findSet, roleOf, setsOf } from './sets.ts';

/*
 * Swaps the roles of the two sets in one atomic batch: both are deleted and made again. A DELETE must match what is
 * there to the letter, so a set that somebody changed meanwhile makes the whole batch fail: a conditional write.
 * https://docs.aws.amazon.com/Route53/latest/APIReference/API_ChangeResourceRecordSets.html
 */

const params = z.strictObject({
  zone: hostedZoneId,
  name: dnsName,
  type: recordType,
  to: z.string(),
  from: z.string(),
});
type Params = z.infer<typeof params>;

/** Fact `<this>.<name>`: id of the change that is waited for. */
const CHANGE = 'route53.change';

function read(ctx: StepContext, p: Params): Promise<RecordSet[]> {
  return setsOf(ctx.effects.aws, { zone: p.zone, record: p }, { signal: ctx.signal });
}

async function check(ctx: StepContext, p: Params): Promise<Verdict> {
  const sets = await read(ctx, p);
  const missing = [p.to, p.from].filter((id) => roleOf(sets, id) === undefined);
  if (missing.length > 0) {
    return refused({
      rule: 'failover-pair',
      observed: `${p.name} ${p.type} has no failover set called ${missing.join(' or ')}; it has: ${sets.map((s) => s.SetIdentifier ?? 'a simple record').join(', ') || 'nothing'}`,
      threshold: 'one PRIMARY and one SECONDARY set, named as in the runbook',
      consequence: 'users could not be moved',
      override: `correct \`sets\` in the runbook, or the records in zone ${p.zone}`,
    });
  }
  const target = findSet(sets, p.to);
  const ttl = target?.TTL ?? 0;
  const health = await checkersOf(ctx, target);
  const warnings = [
    ...(health?.says === 'down'
      ? [`the health check of ${p.to} fails now (${health.because}): after the flip it is answered only once it passes again, interval × threshold later. A shallow check does not have this trap`]
      : []),
    ...(ttl > 60 ? [`TTL of ${p.to} is ${ttl} s: users move only when it is over`] : []),
    ...(findSet(sets, p.from)?.HealthCheckId === undefined && findSet(sets, p.from)?.AliasTarget === undefined
      ? [`set ${p.from} has no health check: as PRIMARY it is always called healthy`]
      : []),
  ];
  return { state: 'ok', because: `${p.to} is ${roleOf(sets, p.to) ?? ''}`, warnings };
}

/** PRIMARY, and INSYNC where the change's id is known. Where it died with a process, the next step looks from outside. */
async function observe(ctx: StepContext, p: Params): Promise<Observation> {
  const sets = await read(ctx, p);
  if (roleOf(sets, p.to) === undefined) return { state: 'impossible', because: `there is no set ${p.to} any more` };
  if (roleOf(sets, p.to) !== 'PRIMARY') return { state: 'absent', because: `${p.to} is ${roleOf(sets, p.to) ?? ''}` };
  const id = ctx.fact(`${CHANGE}.${p.name}`);
  if (typeof id === 'string') {
    const status = await changeStatus(ctx.effects.aws, id, { signal: ctx.signal });
    if (status !== 'INSYNC') return { state: 'pending', because: `change ${id} is ${status}`, waitingFor: 'aws' };
  }
  return { state: 'reached', because: `${p.to} is PRIMARY` };
}

async function act(ctx: StepContext, p: Params): Promise<void> {
  const sets = await read(ctx, p);
  const to = findSet(sets, p.to);
  const from = findSet(sets, p.from);
  if (to === undefined || from === undefined) throw new Error(`the sets ${p.to} and ${p.from} are not both there`);
  const { changeId } = await changeRecords(
    ctx.effects.aws,
    p.zone,
    [
      { Action: 'DELETE', ResourceRecordSet: from },
      { Action: 'DELETE', ResourceRecordSet: to },
      { Action: 'CREATE', ResourceRecordSet: { ...to, Failover: 'PRIMARY' } },
      { Action: 'CREATE', ResourceRecordSet: { ...from, Failover: 'SECONDARY' } },
    ],
    `dr failover of ${ctx.runbook} to ${ctx.target}`,
    { signal: ctx.signal },
  );
  ctx.record(`${CHANGE}.${p.name}`, changeId);
}

export const flipRecord = stepKind<Params>({ params, check, observe, act });

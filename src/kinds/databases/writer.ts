import type * as z from 'zod';
import { dbInstanceState } from '../../aws/states/rds.ts';
import { instanceSchema, refused, stepKind } from '../common.ts';
import { instanceNow, replicates } from './instance.ts';
import type { Observation, StepContext, Verdict } from '../../model/step.ts';

type Params = z.infer<typeof instanceSchema>;

async function observe(ctx: StepContext, p: Params): Promise<Observation> {
  const instance = await instanceNow(ctx, p);
  if (instance === undefined) return { state: 'impossible', because: `there is no ${p.id} in ${p.region}` };
  if (replicates(instance)) return { state: 'impossible', because: `${p.id} in ${p.region} is a replica: it takes no writes` };
  const state = dbInstanceState(instance.DBInstanceStatus);
  if (state.writes === 'yes') return { state: 'reached', because: `${p.id} in ${p.region} takes writes` };
  return { state: 'pending', because: `${p.id} in ${p.region} is ${state.shown}`, waitingFor: 'database' };
}

async function check(ctx: StepContext, p: Params): Promise<Verdict> {
  const seen = await observe(ctx, p);
  if (seen.state !== 'impossible') return { state: 'ok', because: 'because' in seen ? seen.because : '' };
  return refused({
    rule: 'writer',
    observed: seen.because,
    threshold: 'a writable database in each region that stays',
    consequence: 'users would be sent to a region that cannot write',
    override: 'correct `instances` in the runbook; a region with a read replica is a standby: rds-read-replica',
  });
}

/** What was made a writer is one still, in a status in which it takes writes. One look. @throws AwsError */
export async function stillWriter(ctx: StepContext, p: { region: string; id: string }): Promise<Observation> {
  const instance = await instanceNow(ctx, p);
  if (instance === undefined) return { state: 'impossible', because: `${p.id} is not in ${p.region} any more` };
  const state = dbInstanceState(instance.DBInstanceStatus);
  if (replicates(instance)) return { state: 'impossible', because: `${p.id} is a replica` };
  if (state.writes !== 'yes') return { state: 'pending', because: `${p.id} is ${state.shown}`, waitingFor: 'aws' };
  return { state: 'reached', because: `${p.id} is a standalone primary (status ${state.shown})` };
}

/** A region that is to take more users has a database that takes writes. Only watches. */
export const writerReady = stepKind<Params>({ params: instanceSchema, check, observe, holds: stillWriter });

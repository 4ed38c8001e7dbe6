import { findDbInstance } from '../../aws/rds.ts';
import type { Observation, StepContext } from '../step.ts';
import { isWriter } from './instance.ts';
import { PASSING } from './standby.ts';

/** What was made a writer is one still, in a state that is or passes into `available`. One look. @throws AwsError */
export async function stillWriter(ctx: StepContext, p: { region: string; id: string }): Promise<Observation> {
  const instance = await findDbInstance(ctx.effects.aws, p.region, p.id, { signal: ctx.signal });
  if (instance === undefined) return { state: 'impossible', because: `${p.id} is not in ${p.region} any more` };
  const status = instance.DBInstanceStatus ?? 'unknown';
  if (!isWriter(instance)) return { state: 'impossible', because: `${p.id} is a replica` };
  if (!PASSING.has(status)) return { state: 'pending', because: `${p.id} is ${status}`, waitingFor: 'aws' };
  return { state: 'reached', because: `${p.id} is ${status}, and replicates from nobody` };
}

import { findDbInstance } from '../../aws/rds.ts';
import { dbInstanceState } from '../../aws/states/db-instance.ts';
import type { Observation, StepContext } from '../../model/step.ts';
import { replicates } from './instance.ts';

/** What was made a writer is one still, in a status in which it takes writes. One look. @throws AwsError */
export async function stillWriter(ctx: StepContext, p: { region: string; id: string }): Promise<Observation> {
  const instance = await findDbInstance(ctx.effects.aws, p.region, p.id, { signal: ctx.signal });
  if (instance === undefined) return { state: 'impossible', because: `${p.id} is not in ${p.region} any more` };
  const state = dbInstanceState(instance.DBInstanceStatus);
  if (replicates(instance)) return { state: 'impossible', because: `${p.id} is a replica` };
  if (state.writes !== 'yes') return { state: 'pending', because: `${p.id} is ${state.shown}`, waitingFor: 'aws' };
  return { state: 'reached', because: `${p.id} is ${state.shown}, and replicates from nobody` };
}

import { type DbInstance, findDbInstance } from '../../aws/rds.ts';
import { dbInstanceState, servesOrPasses } from '../../aws/states/rds.ts';
import { type About, finder, type Finding } from '../../model/finding.ts';
import type { Sla } from '../../model/kind.ts';
import { rdsSla } from '../slas.ts';
import { type Database, rdsResource } from './instance.ts';
import type { Unfit } from './refusals.ts';
import type { Looking } from '../../model/step.ts';

const GUIDE = 'https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide';

export function aboutSide({ region, id }: Database): About {
  return { resource: rdsResource(region, id), region };
}

/** The active side is not there: the runbook and AWS do not agree. */
export function goneFinding(main: Database): Finding {
  return finder(aboutSide(main)).error('writer-missing', {
    observed: `there is no ${main.id} in ${main.region}`,
    wanted: 'the writer that users have now',
    consequence: 'the runbook names another database than the one in use, or none',
    mend: 'correct `instances` in the runbook',
  });
}

/** The writer serves, and its standby could be made again. `unfit`: why AWS would refuse to. */
export function writerFindings(main: Database, seen: DbInstance, unfit: Unfit | string | undefined): Finding[] {
  const { warning } = finder(aboutSide(main));
  const state = dbInstanceState(seen.DBInstanceStatus);
  const look = `aws rds describe-db-instances --region ${main.region} --db-instance-identifier ${main.id}`;
  if (!servesOrPasses(state)) {
    return [warning('writer-status', { observed: `${main.id} is ${state.shown}`, wanted: 'a status in which it serves', mend: look, page: `${GUIDE}/accessing-monitoring.html` })];
  }
  if (unfit === undefined) return [];
  const { why, mend } = typeof unfit === 'string' ? { why: unfit, mend: look } : unfit;
  return [warning('standby-source', { observed: `${main.id} in ${main.region} is ${why}`, wanted: 'a writer of which AWS makes a standby, and that keeps automated backups', consequence: 'a standby that is lost cannot be made again', mend })];
}

/** As the instance is set now; none where there is no instance. @throws AwsError */
export async function databaseSlas({ effects, signal }: Looking, region: string, id: string): Promise<Sla[]> {
  const seen = await findDbInstance(effects.aws, region, id, { signal });
  return seen === undefined ? [] : [rdsSla(seen.MultiAZ ?? false)];
}

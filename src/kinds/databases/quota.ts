import { AwsError } from '../../aws/errors.ts';
import { rdsQuotas } from '../../aws/rds.ts';
import { LIMITS } from '../../base/limits.ts';
import type { Looking, Refusal, Warning } from '../../model/step.ts';

/*
 * What is left of the account's quotas for the instances that a plan makes: AWS refuses one too many, and says so only then.
 * https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/CHAP_Limits.html
 */

const PAGE = 'https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/CHAP_Limits.html';
const WANTED = 'a quota that leaves room for what the plan makes';

export interface NewInstance {
  region: string;
  id: string;
  /** GiB, where it is known. */
  storageGib?: number | undefined;
  /** Replicas that its source has now, where it becomes another one. */
  siblings?: number | undefined;
}

/** Room for it and for what else the plan makes in its region (`others`: not there yet). Each asks, so that any refuses. No answer is only a warning. */
export async function quotaFor(ctx: Looking, made: NewInstance, others: readonly NewInstance[] = []): Promise<{ refusal?: Refusal; warnings: Warning[] }> {
  const { region, id, siblings } = made;
  const all = [made, ...others];
  const storageGib = all.reduce((sum, one) => sum + (one.storageGib ?? 0), 0);
  const more = others.length === 0 ? '' : `, and this plan makes ${all.length}: ${all.map((one) => one.id).join(', ')}`;
  let quotas: Awaited<ReturnType<typeof rdsQuotas>>;
  try {
    quotas = await rdsQuotas(ctx.effects.aws, region, { signal: ctx.signal, timeoutMs: LIMITS.signalMs, attempts: 2 });
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    const observed = `whether the quotas of RDS in ${region} leave room for ${id} is not known: ${error.message}`;
    return { warnings: [{ rule: 'quota-unknown', observed, wanted: 'an answer to rds:DescribeAccountAttributes', mend: 'allow it: dr iam --verb check prints all that a check needs', page: PAGE }] };
  }
  const instances = quotas.get('DBInstances');
  if (instances !== undefined && instances.used + all.length > instances.max) return { refusal: refusal(made, `${instances.used} of ${instances.max} DB instances are in use in ${region}${more}`, 'DB instances'), warnings: [] };
  const storage = quotas.get('AllocatedStorage');
  if (storage !== undefined && storage.used + storageGib > storage.max) return { refusal: refusal(made, `${storage.used} of ${storage.max} GiB of storage are in use in ${region}, and ${others.length === 0 ? `${id} needs` : `${all.map((one) => one.id).join(', ')} need`} ${storageGib}`, 'Total storage for all DB instances'), warnings: [] };
  const replicas = quotas.get('ReadReplicasPerMaster');
  if (siblings !== undefined && replicas !== undefined && siblings >= replicas.max) return { refusal: refusal(made, `the writer has ${siblings} read replicas, and may have ${replicas.max}`, 'Read replicas per primary'), warnings: [] };
  return { warnings: [] };
}

function refusal({ region, id }: NewInstance, observed: string, quota: string): Refusal {
  return {
    rule: 'quota',
    observed,
    threshold: WANTED,
    consequence: `AWS refuses to make ${id}`,
    override: `none: delete what nobody needs, or ask for more of "${quota}": aws service-quotas list-service-quotas --service-code rds --region ${region} names its code, aws service-quotas request-service-quota-increase asks`,
  };
}

import { recentSamples } from '../../aws/cloudwatch.ts';
import { vcpusOf } from '../../aws/ec2.ts';
import { serviceQuota, type ServiceQuota } from '../../aws/service-quotas.ts';
import { allow } from '../../kinds/common.ts';
import { ifAllowed } from '../../kinds/inspect.ts';
import { knownKind } from '../../kinds/registry.ts';
import { finder, type Finding } from '../../model/finding.ts';
import type { Asking, PathFinding } from './run-findings.ts';

/*
 * Would the account be let start what a failover needs? EC2 counts the vCPUs that run on demand, by family, for all applications of a
 * region together, and refuses a launch above: VcpuLimitExceeded. Everything that the runbook launches is counted together.
 * https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/ec2-on-demand-instances.html#ec2-on-demand-instances-limits
 */

const PAGE = 'https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/ec2-on-demand-instances.html#ec2-on-demand-instances-limits';

/**
 * The quota of each family, by the letters with which the names of its types begin; of any other nothing is said.
 * https://docs.aws.amazon.com/ec2/latest/instancetypes/ec2-instance-quotas.html
 */
const CODES: Readonly<Record<string, string>> = {
  ...Object.fromEntries(['a', 'c', 'd', 'h', 'i', 'm', 'r', 't', 'z'].map((family) => [family, 'L-1216C47A'])),
  f: 'L-74FC7D96',
  g: 'L-DB2E81BA',
  vt: 'L-DB2E81BA',
  p: 'L-417A185B',
  x: 'L-7295265B',
  inf: 'L-1945791B',
  trn: 'L-2C3B7624',
  dl: 'L-6E869C2A',
  u: 'L-43DA4232',
  hpc: 'L-F7808C92',
};

/** EC2 publishes its usage every few minutes. */
const PERIOD_SECONDS = 300;
const WINDOW_MS = 3 * 3_600_000;

/** What `vcpuFindings` asks. */
export const VCPU_LOOKS = allow(['ec2:DescribeInstanceTypes', 'servicequotas:GetServiceQuota', 'cloudwatch:GetMetricData'], ['*']);

export async function vcpuFindings(asking: Asking): Promise<PathFinding[]> {
  const { effects, loaded, target, signal } = asking;
  const paths: string[][] = [];
  const found = await ifAllowed({ resource: `ec2:${target}`, region: target }, async () => {
    const asked = await Promise.all(loaded.runbook.resources.map(async ({ section, name, kind, resource }) => {
      const launches = (await (await knownKind(kind)).launches?.({ effects, signal, target, runbook: loaded.runbook.name }, name, resource)) ?? [];
      if (launches.length > 0) paths.push([section, name]);
      return launches;
    }));
    const launches = asked.flat();
    if (launches.length === 0) return [];
    const vcpus = await vcpusOf(effects.aws, target, launches.flatMap(({ types }) => types), { signal });
    const needs = new Map<string, number>();
    for (const { types, count } of launches) {
      // Of several types the smallest: nobody needs less than that.
      const [least] = types.flatMap((type) => (vcpus.has(type) ? [{ type, each: vcpus.get(type) ?? 0 }] : [])).toSorted((a, b) => a.each - b.each);
      const code = least === undefined ? undefined : CODES[/^[a-z]+/.exec(least.type)?.[0] ?? ''];
      if (least !== undefined && code !== undefined) needs.set(code, (needs.get(code) ?? 0) + count * least.each);
    }
    return (await Promise.all([...needs].map(([code, need]) => quotaFinding(asking, code, need)))).flat();
  });
  return found.map((one) => ({ ...one, path: paths.length === 1 ? (paths[0] ?? []) : [] }));
}

async function quotaFinding(asking: Asking, code: string, need: number): Promise<Finding[]> {
  const { effects, target, signal } = asking;
  const quota = await serviceQuota(effects.aws, target, 'ec2', code, { signal });
  const used = await usedOf(asking, quota);
  const max = quota.Value ?? Number.POSITIVE_INFINITY;
  if ((used ?? 0) + need <= max) return [];
  return [finder({ resource: `ec2:${target}`, region: target }).error('vcpu-quota', {
    observed: `a failover starts ${need} vCPUs in ${target}, ${used === undefined ? 'how many run there is not known' : `${used} run there`}, and "${quota.QuotaName ?? code}" allows ${max}`,
    wanted: 'a quota that leaves room for what a failover starts',
    consequence: 'EC2 refuses the launches: VcpuLimitExceeded',
    mend: `aws service-quotas request-service-quota-increase --region ${target} --service-code ec2 --quota-code ${code} --desired-value ${(used ?? 0) + need}`,
    page: PAGE,
  })];
}

/** By the metric that the quota itself names; undefined where CloudWatch has no sample of it. @throws AwsError */
async function usedOf({ effects, target, signal }: Asking, { UsageMetric: metric }: ServiceQuota): Promise<number | undefined> {
  if (metric?.MetricNamespace === undefined || metric.MetricName === undefined) return undefined;
  const toMs = effects.clock.now();
  const of = { namespace: metric.MetricNamespace, metric: metric.MetricName, dimensions: metric.MetricDimensions ?? {}, periodSeconds: PERIOD_SECONDS, statistic: 'Maximum' } as const;
  const [newest] = await recentSamples(effects.aws, target, of, { fromMs: toMs - WINDOW_MS, toMs }, { signal });
  return newest?.value;
}

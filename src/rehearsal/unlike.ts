import type { AwsAnswer, AwsCaller, AwsRequest } from '../aws/caller.ts';
import { DrError, messageOf } from '../base/errors.ts';
import { canonicalJson } from '../base/json.ts';
import type { LoadedRunbook } from '../runbook/runbook.ts';
import type { Account } from './account.ts';
import { type Stage, stageOf } from './stage.ts';

/*
 * What the simulator made of an account, against the account: the same questions to both. Members that differ are said, so that nothing
 * is left out without a word.
 */

/** Names, and moments: no failover rests on them. Certificates end when they end. */
const NOT_COMPARED = new Set([
  'InstanceCreateTime', 'LatestRestorableTime', 'DbiResourceId', 'CreatedTime', 'CertificateDetails', 'DBInstanceArn', 'AutoScalingGroupARN', 'TargetGroupARNs',
  'Instances', 'MasterUsername', 'AvailabilityZone', 'SecondaryAvailabilityZone', 'AvailabilityZones', 'VPCZoneIdentifier', 'LaunchTemplate', 'Endpoint', 'DBSubnetGroup', 'StatusInfos', 'PendingModifiedValues',
]);

type Plain = (request: { service: AwsRequest['service']; region: string; operation: string; input: unknown; signal?: AbortSignal }) => Promise<AwsAnswer<unknown>>;

interface Question {
  what: string;
  service: AwsRequest['service'];
  region: string;
  operation: string;
  input: unknown;
  list: string;
}

/** @throws DrError where no such world can be made */
export async function unlikeAccount(aws: AwsCaller, loaded: LoadedRunbook, account: Account, signal: AbortSignal): Promise<string[]> {
  const stage = await worldOf(loaded, account);
  const lines: string[] = [];
  for (const { what, list, ...question } of questionsOf(account)) {
    const theirs = await (aws.call as unknown as Plain)({ ...question, signal });
    const ours = await stage.clock.run(() => (stage.effects.aws.call as unknown as Plain)(question));
    const members = differing(firstOf(theirs.output, list), firstOf(ours.output, list));
    if (members.length > 0) lines.push(`${what}: not as in the account: ${members.join(', ')}`);
  }
  return lines;
}

async function worldOf(loaded: LoadedRunbook, account: Account): Promise<Stage> {
  try {
    return await stageOf(loaded, { seed: 1, account });
  } catch (error) {
    throw new DrError({
      code: 'ACCOUNT_NOT_SIMULATED',
      exit: 'refused',
      title: 'What the account has cannot be put into the simulator.',
      detail: messageOf(error),
      next: ['dr check    says what is wrong with it', 'leave --from-account out    rehearses the runbook alone'],
    });
  }
}

function questionsOf({ databases, groups }: Account): Question[] {
  const there = <T>(found: Readonly<Record<string, T | null>>): T[] => Object.values(found).filter((one) => one !== null);
  return [
    ...there(databases).map(({ seed: { region, id } }): Question => ({ what: `database ${region}/${id}`, service: 'rds', region, operation: 'DescribeDBInstances', input: { DBInstanceIdentifier: id }, list: 'DBInstances' })),
    ...there(groups).map(({ region, name }): Question => ({ what: `group ${region}/${name}`, service: 'autoscaling', region, operation: 'DescribeAutoScalingGroups', input: { AutoScalingGroupNames: [name] }, list: 'AutoScalingGroups' })),
  ];
}

function firstOf(output: unknown, list: string): Readonly<Record<string, unknown>> {
  const [first] = (output as Readonly<Record<string, readonly Readonly<Record<string, unknown>>[] | undefined>>)[list] ?? [];
  return first ?? {};
}

/** Members of the account's answer that are other here, or missing. An empty one is as good as none. */
function differing(theirs: Readonly<Record<string, unknown>>, ours: Readonly<Record<string, unknown>>): string[] {
  const shown = (value: unknown): string => canonicalJson(JSON.parse(JSON.stringify(value ?? null)));
  const nothing = new Set(['null', '[]', '{}', '""', 'false', '0']);
  return Object.keys(theirs).filter((key) => {
    const [a, b] = [shown(theirs[key]), shown(ours[key])];
    return !NOT_COMPARED.has(key) && a !== b && !(nothing.has(a) && nothing.has(b));
  }).sort();
}

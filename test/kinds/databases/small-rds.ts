import { AwsError } from '../../../src/aws/errors.ts';
import type { AwsCaller } from '../../../src/aws/caller.ts';
import type { OperationOf } from '../../../src/aws/operations.ts';
import { noInstance } from '../context.ts';

/* RDS as far as one step asks it: instances that a test may change, and whatever else it is to answer. */

export interface Call {
  service: string;
  region: string;
  operation: string;
  input: Record<string, unknown>;
  attempts?: number | undefined;
  timeoutMs?: number | undefined;
  signal?: unknown;
}

export type Answer = Record<string, unknown> | Error | undefined;

export interface Shown {
  /** Instances by region; one that is not there is DBInstanceNotFound. */
  instances?: Record<string, readonly object[]>;
  /** VPC and inbound rules of security groups; one that is not named is not there. */
  groups?: Record<string, { vpc?: string; inbound?: number }> | undefined;
  /** Anything else, by operation; an error is thrown, and before what stands above. A change that is not named is taken. */
  answers?: Record<string, Answer | ((call: Call) => Answer)> | undefined;
}

export const awsError = (operation: OperationOf<'rds'> | OperationOf<'ec2'> | OperationOf<'kms'>, code: string, region: string, httpStatus?: number): AwsError => new AwsError({ service: 'rds', operation, region, code, message: 'said AWS', httpStatus });

export function smallRds(shown: Shown) {
  const calls: Call[] = [];
  const answerTo = (call: Call): Answer => {
    const { region, operation, input } = call;
    const own = shown.answers?.[operation];
    const answer = typeof own === 'function' ? own(call) : own;
    if (answer !== undefined) return answer;
    if (operation === 'DescribeSecurityGroups') {
      const { GroupIds: [id = ''] = [] } = input as { GroupIds?: string[] };
      const group = shown.groups?.[id];
      return group === undefined ? awsError(operation, 'InvalidGroup.NotFound', region, 400) : { SecurityGroups: [{ GroupId: id, VpcId: group.vpc, IpPermissions: Array.from({ length: group.inbound ?? 0 }, () => ({})) }] };
    }
    if (operation !== 'DescribeDBInstances') return { DBInstance: { DBInstanceIdentifier: 'changed' } };
    const all = (shown.instances?.[region] ?? []) as { DBInstanceIdentifier?: string }[];
    const id = input['DBInstanceIdentifier'] as string | undefined;
    if (id === undefined) return { DBInstances: all };
    const one = all.find((instance) => instance.DBInstanceIdentifier === id);
    return one === undefined ? noInstance(region) : { DBInstances: [one] };
  };
  const aws = {
    call: (request: Call) => {
      if (!['rds', 'ec2', 'kms', 'cloudwatch'].includes(request.service)) return Promise.reject(new Error(`${request.operation} is asked of no service`));
      calls.push(request);
      const answer = answerTo(request);
      return answer instanceof Error ? Promise.reject(answer) : Promise.resolve({ output: answer, requestId: 'r' });
    },
  } as unknown as AwsCaller;
  return { aws, calls, asked: (operation: string) => calls.filter((call) => call.operation === operation).map(({ input }) => input) };
}

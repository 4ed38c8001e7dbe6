import type { AwsCaller } from '../../src/aws/caller.ts';
import { AwsError, type AwsErrorParts } from '../../src/aws/errors.ts';

export interface Asked {
  service: string;
  operation: string;
  region: string;
  input: Record<string, unknown>;
  signal?: unknown;
}

type Answer = object | Error | ((request: Asked) => object | Error);

/** AWS as a table: what each operation answers, where an error is thrown; what is not in it answers with nothing. `asked`: every request, in order. */
export function portOf(answers: Record<string, Answer>) {
  const asked: Asked[] = [];
  const call = (request: Asked) => {
    asked.push(request);
    const answer = answers[request.operation] ?? {};
    const output = typeof answer === 'function' ? answer(request) : answer;
    return output instanceof Error ? Promise.reject(output) : Promise.resolve({ output, requestId: 'r' });
  };
  const changes = () => asked.filter(({ operation }) => !operation.startsWith('Describe')).map(({ service, operation, region, input }) => ({ service, operation, region, input }));
  return { aws: { call } as unknown as AwsCaller, asked, changes, isStoppable: () => asked.length > 0 && asked.every(({ signal }) => signal !== undefined) };
}

export function awsError(code: string, more: Partial<AwsErrorParts> = {}): AwsError {
  return new AwsError({ service: 'ec2', operation: 'DescribeInstances', region: 'ap-northeast-1', code, message: 'said AWS', httpStatus: 400, ...more });
}

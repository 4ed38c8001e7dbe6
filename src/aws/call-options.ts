import { mustBeAnswer } from './answers.ts';
import type { AwsAnswer, AwsCaller, AwsRequest } from './caller.ts';
import type { InputOf, OperationOf, OutputOf, Service } from './operations.ts';

/** How one call is made; what is left out has its default in `LIMITS`. */
export interface CallOptions {
  signal?: AbortSignal | undefined;
  /** Milliseconds for one attempt. */
  timeoutMs?: number | undefined;
  attempts?: number | undefined;
}

/** One call, its output only. Looks at the answer itself: not everything that callers are laid over is `reliableCaller`. @throws AwsError */
export async function outputOf<S extends Service, O extends OperationOf<S>>(
  aws: AwsCaller,
  request: Pick<AwsRequest<S, O>, 'service' | 'region' | 'operation'> & { input: InputOf<S, O> },
  options: CallOptions = {},
): Promise<OutputOf<S, O>> {
  return (await answerOf(aws, request, options)).output;
}

/** The same with the request id. @throws AwsError */
export async function answerOf<S extends Service, O extends OperationOf<S>>(
  aws: AwsCaller,
  request: Pick<AwsRequest<S, O>, 'service' | 'region' | 'operation'> & { input: InputOf<S, O> },
  options: CallOptions = {},
): Promise<AwsAnswer<OutputOf<S, O>>> {
  const { signal, timeoutMs, attempts } = options;
  const answer = await aws.call<S, O>({ ...request, signal, timeoutMs, attempts });
  mustBeAnswer(request, answer);
  return answer;
}

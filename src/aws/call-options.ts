import { mustBeAnswer } from './answers.ts';
import type { AwsAnswer, AwsCaller, AwsRequest } from './caller.ts';
import { AwsError } from './errors.ts';
import type { InputOf, OperationOf, OutputOf, Service } from './operations.ts';

/** How one call is made; what is left out has its default in `LIMITS`. */
export interface CallOptions {
  signal?: AbortSignal | undefined;
  /** Milliseconds for one attempt. */
  timeoutMs?: number | undefined;
  attempts?: number | undefined;
}

export type RequestOf<S extends Service, O extends OperationOf<S>> = Pick<AwsRequest<S, O>, 'service' | 'region' | 'operation'> & { input: InputOf<S, O> };

/** One call, its output only. Looks at the answer itself: not everything that callers are laid over is `reliableCaller`. @throws AwsError */
export async function outputOf<S extends Service, O extends OperationOf<S>>(aws: AwsCaller, request: RequestOf<S, O>, options: CallOptions = {}): Promise<OutputOf<S, O>> {
  return (await answerOf(aws, request, options)).output;
}

/** The same with the request id. @throws AwsError */
export async function answerOf<S extends Service, O extends OperationOf<S>>(
  aws: AwsCaller,
  request: RequestOf<S, O>,
  { signal, timeoutMs, attempts }: CallOptions = {},
): Promise<AwsAnswer<OutputOf<S, O>>> {
  const answer = await aws.call<S, O>({ ...request, signal, timeoutMs, attempts });
  mustBeAnswer(request, answer);
  return answer;
}

/** The same as `outputOf`; undefined where AWS refuses with such a code, which says that there is none. @throws AwsError */
export async function outputIfThere<S extends Service, O extends OperationOf<S>>(
  aws: AwsCaller,
  request: RequestOf<S, O>,
  none: RegExp,
  options?: CallOptions,
): Promise<OutputOf<S, O> | undefined> {
  try {
    return await outputOf(aws, request, options);
  } catch (error) {
    if (error instanceof AwsError && none.test(error.code)) return undefined;
    throw error;
  }
}

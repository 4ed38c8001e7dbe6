import type { OutputOf } from '../aws/operations.ts';
import type { Call, ServiceModel } from './call.ts';
import { record } from './ran.ts';

const SYNC_BYTES_MAX = 6 * 1024 * 1024;
const EVENT_BYTES_MAX = 1024 * 1024;

/** Lambda: https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html */
export const lambda: ServiceModel<'lambda'> = {
  Invoke: {
    accepts: ['FunctionName', 'InvocationType', 'Payload'],
    handle(input, call) {
      const name = functionName(input.FunctionName ?? '', call);
      const found = call.state.functions.get(call.region, name);
      const arn = `arn:aws:lambda:${call.region}:${call.state.core.account}:function:${name}`;
      if (found === undefined) throw call.error('ResourceNotFoundException', 404, `Function not found: ${arn}`);
      const type = input.InvocationType ?? 'RequestResponse';
      const payload = textOf(input.Payload);
      const limit = type === 'Event' ? EVENT_BYTES_MAX : SYNC_BYTES_MAX;
      if (Buffer.byteLength(payload) > limit) {
        throw call.error('RequestTooLargeException', 413, `Request must be smaller than ${limit} bytes for the InvokeFunction operation`);
      }
      if (payload !== '' && !isJson(payload)) {
        throw call.error('InvalidRequestContentException', 400, 'Could not parse request body into json: Could not parse payload into json');
      }
      if (type === 'DryRun') return { StatusCode: 204 };
      const known: readonly string[] = ['RequestResponse', 'Event'];
      if (!known.includes(type)) throw call.unsupported(`the invocation type ${type}`);
      record(call.state.invocations, { region: call.region, name, type, payload, at: call.now });
      if (type === 'Event') return { StatusCode: 202 };
      const answer = { StatusCode: 200, ExecutedVersion: '$LATEST', Payload: bytesOf(found.answer) };
      return found.fails === true ? { ...answer, FunctionError: 'Unhandled' } : answer;
    },
  },
};

function functionName(given: string, call: Call): string {
  if (/^[A-Za-z0-9-_]{1,64}$/.test(given)) return given;
  const [, region, name] = /^arn:aws:lambda:([a-z0-9-]+):\d{12}:function:([A-Za-z0-9-_]{1,64})$/.exec(given) ?? [];
  if (name === undefined) throw call.unsupported(`the function name ${given.slice(0, 80)}`);
  if (region !== call.region) throw call.error('ResourceNotFoundException', 404, `Function not found: ${given}`);
  return name;
}

function textOf(payload: unknown): string {
  if (payload === undefined) return '';
  return typeof payload === 'string' ? payload : Buffer.from(payload as Uint8Array).toString('utf8');
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** The SDK's type has methods of its own; anyone who reads the bytes needs none of them. */
function bytesOf(answer: unknown): NonNullable<OutputOf<'lambda', 'Invoke'>['Payload']> {
  return Buffer.from(JSON.stringify(answer ?? null)) as unknown as NonNullable<OutputOf<'lambda', 'Invoke'>['Payload']>;
}

import type { NodeHttpHandler, NodeHttpHandlerOptions } from '@smithy/node-http-handler';
import { systemClock } from '../base/clock.ts';
import { withDeadline } from '../base/deadline.ts';
import { LIMITS } from '../base/limits.ts';
import { boundedLookup } from '../base/look-up.ts';
import type { AwsAnswer, AwsCaller, PlainCall, PlainRequest } from './caller.ts';
import { clientClass, commandClass, type Credentials, loadSdk, type SdkClient, type SdkOutput } from './clients.ts';
import { SharedCredentials } from './credentials.ts';
import type { OutputOf, Service } from './operations.ts';
import { areRefused, clockWasCorrected, toAwsError } from './sdk-errors.ts';
import { Readable } from 'node:stream';

/**
 * Calls AWS through its SDK, with the SDK's standard settings: profiles and shared config, `AWS_ENDPOINT_URL` and
 * `AWS_ENDPOINT_URL_<SERVICE>`, regional STS.
 *
 * One attempt a call, and one more where only the signature was refused: a mutation without an answer must not be repeated blindly, so retrying is left to
 * `reliableCaller`, which knows which calls change something. No call outlives its timeout, and each region has
 * its own connections, so that a region that swallows packets holds up nobody else.
 */
export function sdkCaller(): AwsCaller {
  const clients = new Clients();
  const call: PlainCall = (request) => callOnce(clients, request);
  return { call: call as AwsCaller['call'] };
}

async function callOnce(clients: Clients, request: PlainRequest): Promise<AwsAnswer<unknown>> {
  const { service, region, operation } = request;
  const timeoutMs = request.timeoutMs ?? LIMITS.awsCallMs;
  let sent = false;
  let at: number | undefined;
  try {
    const work = async (abortSignal: AbortSignal): Promise<AwsAnswer<unknown>> => {
      const { sdk, client, renew } = await clients.get(service, region);
      const send = (): Promise<SdkOutput> => {
        const command = new (commandClass(sdk, operation))(request.input);
        const markSent = (next: (args: unknown) => Promise<unknown>) => async (args: unknown) => {
          sent = true;
          const answer = await next(args);
          at = dateOf(answer);
          return answer;
        };
        command.middlewareStack.add(markSent, { step: 'deserialize', priority: 'low' });
        return client.send(command, { abortSignal, requestTimeout: timeoutMs });
      };
      const signedWith = clients.known();
      const { $metadata, ...output } = await send().catch(async (error: unknown) => {
        // Refused for its signature, so nothing was done: once more by AWS's clock, or with credentials that are asked for again.
        if (!clockWasCorrected(error) && !(areRefused(error) && (await renew(signedWith)))) throw error;
        return send();
      });
      return { output: await withWholeBody(output), requestId: $metadata?.requestId, at };
    };
    return await withDeadline(systemClock, timeoutMs, `${service}.${operation} in ${region}`, request.signal, work);
  } catch (error) {
    request.signal?.throwIfAborted();
    throw toAwsError(error, { service, region, operation }, sent);
  }
}

/** What the Date header of an answer says, as the SDK's middleware passes it on. Nothing of it may fail: the call has been made. */
function dateOf(answer: unknown): number | undefined {
  const at = Date.parse(String((answer as { response?: { headers?: Record<string, string> } }).response?.headers?.date));
  return Number.isNaN(at) ? undefined : at;
}

/**
 * Reads a streamed body (S3 GetObject) to its last byte while the deadline runs; a stream handed on could stop
 * half-way with nobody watching. The body that comes back answers as the SDK's own does.
 */
async function withWholeBody(output: SdkOutput): Promise<SdkOutput> {
  const body = output.Body as { transformToByteArray?: () => Promise<Uint8Array> } | undefined;
  if (typeof body?.transformToByteArray !== 'function') return output;
  return { ...output, Body: bodyOf(await body.transformToByteArray()) };
}

interface Ready {
  sdk: Record<string, unknown>;
  client: SdkClient;
  /** Whether there are other credentials now than those that were refused. */
  renew: (refused: Credentials | undefined) => Promise<boolean>;
}

/** The clients of a process, one a service and region. */
class Clients {
  private readonly made = new Map<string, Promise<Ready>>();
  private readonly handlers = new Map<string, NodeHttpHandler>();
  private readonly credentials = new SharedCredentials(() => Date.now());

  /** What calls are signed with now. */
  known(): Credentials | undefined {
    return this.credentials.known;
  }

  get(service: Service, region: string): Promise<Ready> {
    const key = `${service}@${region}`;
    const known = this.made.get(key);
    if (known) return known;
    const fresh = this.make(service, region);
    this.made.set(key, fresh);
    fresh.catch(() => this.made.delete(key));
    return fresh;
  }

  private async make(service: Service, region: string): Promise<Ready> {
    const sdk = await loadSdk(service);
    const Client = clientClass(service, sdk);
    // Lazy, as the clients are: 40 ms that commands without AWS need not spend.
    const { NodeHttpHandler } = await import('@smithy/node-http-handler');
    const requestHandler = this.handlers.get(region) ?? new NodeHttpHandler(connections());
    this.handlers.set(region, requestHandler);
    const options = { region, maxAttempts: 1, retryMode: 'standard' as const, requestHandler };
    // The SDK gives its credential chain only as part of a client: this one is made for that and never called.
    const chain = new Client({ ...options, ignoreCache: true }).config.credentials;
    // What is found is kept by `SharedCredentials`, and nowhere else: else nobody could ask again.
    const source = (): Promise<Credentials> => chain({ forceRefresh: true });
    const credentials = Object.assign(() => this.credentials.get(region, source), { memoized: true as const });
    const renew = async (refused: Credentials | undefined): Promise<boolean> => {
      const used = refused ?? this.credentials.known;
      return used !== undefined && this.credentials.renew(region, source, used);
    };
    return { sdk, client: new Client({ ...options, credentials }), renew };
  }
}

/** Of all regions together. */
const awsNames = boundedLookup();

/** Connections of one region. Node's agent keeps them, and lets idle ones not keep the process alive. */
function connections(): NodeHttpHandlerOptions {
  const agent = { maxSockets: Number.POSITIVE_INFINITY, lookup: awsNames };
  return {
    connectionTimeout: LIMITS.awsCallMs,
    requestTimeout: LIMITS.awsCallMs,
    throwOnRequestTimeout: true,
    // A call may be given longer than the default; its own deadline ends it. This one catches dead connections.
    socketTimeout: 60_000,
    httpAgent: agent,
    httpsAgent: agent,
  };
}

type Body = NonNullable<OutputOf<'s3', 'GetObject'>['Body']>;

/** Bytes as the body of an S3 GetObject answer, with the reading methods of the SDK's own. */
export function bodyOf(bytes: Uint8Array): Body {
  const buffer = Buffer.from(bytes);
  // One chunk, made lazily: an unread stream holds nothing open.
  return Object.assign(Readable.from(buffer, { objectMode: false }), {
    transformToByteArray: () => Promise.resolve(new Uint8Array(buffer)),
    // Node refuses an encoding that it does not know.
    transformToString: (encoding?: string) => Promise.resolve(buffer.toString(encoding as BufferEncoding | undefined)),
    transformToWebStream: () => new Blob([buffer]).stream(),
  });
}

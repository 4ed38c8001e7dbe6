import { DeadlineError } from '../base/deadline.ts';
import { CredentialsFailure } from './credentials.ts';
import { AwsError, CLOCK_OFF, CREDENTIAL_CODES, MALFORMED, NO_ANSWER, NO_CREDENTIALS } from './errors.ts';
import type { Service } from './operations.ts';

/** The request was never sent: a wrong endpoint URL, an input that cannot be written. */
export const NOT_SENT = 'NotSent';

interface CallName {
  service: Service;
  region: string;
  operation: string;
}

/** The parts of a thrown thing of the SDK that are read here. */
interface SdkThrown {
  name?: unknown;
  message?: unknown;
  code?: unknown;
  Code?: unknown;
  Error?: { Code?: unknown } | undefined;
  errors?: unknown;
  /** Of Route 53: one for each change that is wrong. As its model has them, and as they come from a body that the SDK does not know. */
  messages?: unknown;
  Messages?: { Message?: unknown } | undefined;
  cause?: unknown;
  $metadata?: { httpStatusCode?: number; requestId?: string; clockSkewCorrected?: boolean } | undefined;
  $response?: { statusCode?: number; headers?: Record<string, string> } | undefined;
}

/** S3 answers HEAD without a body, so only the status tells what was wrong. */
const CODE_OF_STATUS: Record<number, string> = {
  301: 'PermanentRedirect',
  304: 'NotModified',
  400: 'BadRequest',
  403: 'AccessDenied',
  404: 'NotFound',
  412: 'PreconditionFailed',
  429: 'TooManyRequestsException',
  500: 'InternalError',
  503: 'ServiceUnavailable',
};

/**
 * What the SDK threw, as an AwsError.
 * @param sent whether the request was handed to the network; if so and no usable answer came, it may have happened
 */
export function toAwsError(thrown: unknown, call: CallName, sent: boolean): AwsError {
  if (thrown instanceof AwsError) return thrown;
  const error: SdkThrown = typeof thrown === 'object' && thrown !== null ? (thrown) : { message: thrown };
  const parts = { ...call, message: describe(error), cause: thrown };
  if (thrown instanceof CredentialsFailure || isProviderError(error)) {
    const code = hasNetworkCause(error) ? NO_ANSWER : NO_CREDENTIALS;
    return new AwsError({ ...parts, code, message: `no credentials: ${parts.message}` });
  }
  const httpStatus = error.$metadata?.httpStatusCode ?? error.$response?.statusCode;
  if (httpStatus !== undefined && httpStatus >= 300) {
    if (httpStatus < 500 && isForeign(error, call, httpStatus)) {
      return new AwsError({ ...parts, code: MALFORMED, message: `HTTP ${httpStatus} without an error of AWS in it: ${parts.message}`, httpStatus });
    }
    const code = codeOf(error, call, httpStatus);
    const clock = clockProblem(error, code);
    const named = clock === undefined ? { code } : { code: CLOCK_OFF, message: `${clock}, and AWS refuses what is signed with it (${code}): ${parts.message}` };
    return new AwsError({ ...parts, ...named, httpStatus, requestId: requestIdOf(error) });
  }
  if (!sent && !isNetworkError(error)) return new AwsError({ ...parts, code: NOT_SENT });
  if (httpStatus !== undefined && !isNetworkError(error)) return new AwsError({ ...parts, code: MALFORMED, httpStatus, requestId: requestIdOf(error) });
  return new AwsError({ ...parts, code: NO_ANSWER, requestId: requestIdOf(error) });
}

/** What AWS says of a request that was signed too early or too late; some of it is said of wrong keys too. */
const SIGNED_AT_WRONG_TIME = new Set(['RequestTimeTooSkewed', 'RequestExpired', 'RequestInTheFuture']);
const SIGNED_WRONG = new Set([...SIGNED_AT_WRONG_TIME, 'SignatureDoesNotMatch', 'InvalidSignatureException', 'AuthFailure']);
/** From here on the SDK corrects its clock; AWS bears five minutes. */
const SKEW_MS = 240_000;

/**
 * Whether the SDK has corrected its clock by what AWS said, so that the same request may succeed now.
 * https://docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html
 */
export function clockWasCorrected(thrown: unknown): boolean {
  const error = thrown as SdkThrown;
  return error.$metadata?.clockSkewCorrected === true && (SIGNED_WRONG.has(codeIn(error) ?? '') || codeIn(error) === 'AccessDeniedException');
}

export function areRefused(thrown: unknown): boolean {
  const error = thrown as SdkThrown;
  return error.$metadata?.httpStatusCode !== undefined && CREDENTIAL_CODES.has(codeIn(error) ?? '');
}

/** What is wrong with this machine's clock, in words, where that is why a signature was refused. */
function clockProblem(error: SdkThrown, code: string): string | undefined {
  if (!SIGNED_WRONG.has(code)) return undefined;
  const aheadMs = Date.now() - Date.parse(error.$response?.headers?.date ?? '');
  if (Math.abs(aheadMs) >= SKEW_MS) return `this machine's clock is ${Math.round(Math.abs(aheadMs) / 60_000)} minutes ${aheadMs > 0 ? 'fast' : 'slow'}`;
  const said = SIGNED_AT_WRONG_TIME.has(code) || /signature expired|signature not yet current/i.test(String(error.message));
  return said ? `this machine's clock is off` : undefined;
}

/**
 * Whether a refusal shows nothing of AWS: a page of a proxy, or of a sign-in. AWS names its error in the body; where S3 sends no
 * body, its request id is there: without it a 404 does not say that there is no object. Of a 404 without a code the SDK makes `NotFound`.
 */
function isForeign(error: SdkThrown, call: CallName, httpStatus: number): boolean {
  if (call.operation === 'HeadObject') return httpStatus === 404 && requestIdOf(error) === undefined;
  if (error.name === 'SyntaxError' || /XML parse error/.test(String(error.message))) return true;
  // Any caller that asks for patience gets it.
  if (httpStatus === 429 || messagesOf(error).length > 0) return false;
  if (codeIn(error) === undefined) return true;
  const named = error.Code !== undefined || error.Error?.Code !== undefined;
  return error.name === 'NotFound' && !named && ['Unknown', 'UnknownError', 'NotFound'].includes(String(error.message));
}

function codeIn(error: SdkThrown): string | undefined {
  const code = [error.Error?.Code, error.Code, error.name].find((c) => typeof c === 'string' && c !== '');
  return typeof code === 'string' && !['Unknown', 'UnknownError', 'Error'].includes(code) ? code : undefined;
}

/**
 * AWS's own code (`DBInstanceNotFound`), not the SDK's class name (`DBInstanceNotFoundFault`). Route 53 has two ways to
 * refuse a batch: the usual `<ErrorResponse>`, which it sends today, and the one of its documentation,
 * `<InvalidChangeBatch><Messages><Message>`, of which the SDK knows neither code nor message.
 * https://docs.aws.amazon.com/Route53/latest/APIReference/API_ChangeResourceRecordSets.html
 */
function codeOf(error: SdkThrown, call: CallName, httpStatus: number): string {
  const code = codeIn(error);
  if (code !== undefined) return code;
  if (call.operation === 'ChangeResourceRecordSets' && messagesOf(error).length > 0) return 'InvalidChangeBatch';
  return CODE_OF_STATUS[httpStatus] ?? `Http${httpStatus}`;
}

function requestIdOf(error: SdkThrown): string | undefined {
  const headers = error.$response?.headers;
  return error.$metadata?.requestId ?? headers?.['x-amzn-requestid'] ?? headers?.['x-amz-request-id'];
}

function isProviderError(error: SdkThrown): boolean {
  return error.name === 'CredentialsProviderError' || error.name === 'TokenProviderError';
}

/** What Node calls a connection, a name or a certificate that failed. A file that is not there, or a URL that is none, is a fault of this machine and no silence. */
const NETWORK_CODE = /^(E(AI_[A-Z]+|CONN[A-Z]+|HOST[A-Z]+|NET[A-Z]+|PIPE|PROTO|TIMEDOUT|TIMEOUT|NOTCONN|NOTFOUND|NODATA|SERVFAIL|REFUSED|BADRESP)|ERR_(TLS|SSL|SOCKET|STREAM)_\w+|.*CERT.*|UNABLE_TO_\w+)$/;

/** Node's and the SDK's marks of a connection that failed or was given up. */
function isNetworkError(error: SdkThrown): boolean {
  if (error instanceof DeadlineError || error.name === 'TimeoutError' || error.name === 'AbortError') return true;
  return typeof error.code === 'string' && NETWORK_CODE.test(error.code);
}

function hasNetworkCause(error: SdkThrown): boolean {
  let at: unknown = error.cause;
  for (let depth = 0; depth < 5 && typeof at === 'object' && at !== null; depth++) {
    if (isNetworkError(at)) return true;
    at = (at as SdkThrown).cause;
  }
  return false;
}

function messagesOf({ messages, Messages }: SdkThrown): string[] {
  return [messages, Messages?.Message].flat().filter((text) => typeof text === 'string' && text !== '') as string[];
}

const MESSAGE_LENGTH = 600;

/** The message without anything that could be a secret: AWS quotes the session token when a signature is wrong. */
function describe(error: SdkThrown): string {
  let text = typeof error.message === 'string' ? error.message : '';
  const several = messagesOf(error).filter((one) => !text.includes(one));
  if (several.length > 0) text = [...(text === '' || text === 'UnknownError' ? [] : [text]), ...several].join('; ');
  if (text === '' && Array.isArray(error.errors)) {
    text = error.errors.map((e: unknown) => (e instanceof Error ? e.message : String(e))).join('; ');
  }
  if (text === '' || text === 'UnknownError') {
    text = [error.code, error.name].find((t) => typeof t === 'string' && t !== '')?.toString() ?? 'no message';
  }
  return text
    .replace(/\s*The Canonical String for this request should have been[\s\S]*$/, '')
    // A hint for who holds the error object in a debugger.
    .replace(/\s*Deserialization error: to see the raw response[\s\S]*$/, '')
    .replace(/(x-amz-security-token["':=\s]+)\S+/gi, '$1(hidden)')
    .replace(/((?:secret|session_?token|password)[\w"' ]*[:=]\s*["']?)[^\s"',}]+/gi, '$1(hidden)')
    .slice(0, MESSAGE_LENGTH);
}

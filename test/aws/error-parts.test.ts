import { describe, expect, it } from 'vitest';
import { CredentialsFailure } from '../../src/aws/credentials.ts';
import { AwsError } from '../../src/aws/errors.ts';
import { areRefused, clockWasCorrected, toAwsError } from '../../src/aws/sdk-errors.ts';
import { DeadlineError } from '../../src/base/deadline.ts';

/* What the SDK throws, part by part, and which error of AWS it is: a wrong answer is no refusal, and silence is no answer. */

const CALL = { service: 'rds', region: 'r', operation: 'DescribeDBInstances' } as const;
const HEAD = { service: 's3', region: 'r', operation: 'HeadObject' } as const;
const BATCH = { service: 'route53', region: 'us-east-1', operation: 'ChangeResourceRecordSets' } as const;

const error = (fields: object, message = 'said'): Error => Object.assign(new Error(message), fields);
const http = (httpStatusCode: number, more: object = {}) => ({ $metadata: { httpStatusCode }, ...more });
const of = (thrown: unknown, { sent = true, call = CALL }: { sent?: boolean; call?: Parameters<typeof toAwsError>[1] } = {}) => toAwsError(thrown, call, sent);

describe('an error of AWS', () => {
  it('stays what it is', () => {
    const one = new AwsError({ ...CALL, code: 'X', message: 'no' });
    expect(of(one)).toBe(one);
  });

  it.each<[string, object, string]>([
    ['its own code in the body', { Error: { Code: 'A' }, Code: 'B', name: 'C' }, 'A'],
    ['the code beside it', { Code: 'B', name: 'C' }, 'B'],
    ['else the name', { name: 'C' }, 'C'],
    ['an empty code is none', { Code: '', name: 'C' }, 'C'],
    ['nor is one that is no text', { Code: 7, name: 'C' }, 'C'],
  ])('has %s', (_, fields, code) => {
    expect(of(error(http(400, fields)))).toMatchObject({ code, httpStatus: 400, message: `rds.DescribeDBInstances in r: ${code}: said` });
  });

  it.each([[500, 'InternalError'], [503, 'ServiceUnavailable'], [599, 'Http599']])('with status %i and no code is %s', (status, code) => {
    for (const name of ['Unknown', 'UnknownError', 'Error']) expect(of(error(http(status, { name })))).toMatchObject({ code, httpStatus: status });
  });

  it.each([[301, 'PermanentRedirect'], [304, 'NotModified'], [400, 'BadRequest'], [403, 'AccessDenied'], [412, 'PreconditionFailed'], [429, 'TooManyRequestsException'], [418, 'Http418']])('to HEAD, which has no body, with status %i is %s', (status, code) => {
    expect(of(error(http(status, { name: 'Unknown' })), { call: HEAD })).toMatchObject({ code, httpStatus: status });
  });

  it('a 404 to HEAD says that there is no object only with a request id of S3', () => {
    expect(of(error({ name: 'NotFound', $metadata: { httpStatusCode: 404, requestId: 'r' } }), { call: HEAD })).toMatchObject({ code: 'NotFound' });
    expect(of(error(http(404, { name: 'NotFound' })), { call: HEAD })).toMatchObject({ code: 'MalformedAnswer', message: 's3.HeadObject in r: MalformedAnswer: HTTP 404 without an error of AWS in it: said' });
  });

  it('has its status and its request id from wherever they are', () => {
    expect(of(error({ name: 'X', $response: { statusCode: 400, headers: { 'x-amz-request-id': 'h2' } } }))).toMatchObject({ httpStatus: 400, requestId: 'h2' });
    expect(of(error({ name: 'X', $response: { statusCode: 400, headers: { 'x-amzn-requestid': 'h1', 'x-amz-request-id': 'h2' } } }))).toMatchObject({ requestId: 'h1' });
    expect(of(error({ name: 'X', $metadata: { httpStatusCode: 409, requestId: 'm' }, $response: { statusCode: 400, headers: { 'x-amzn-requestid': 'h1' } } }))).toMatchObject({ httpStatus: 409, requestId: 'm' });
  });
});

describe('what shows nothing of AWS', () => {
  it.each<[string, Error]>([
    ['a page where the SDK expected JSON', error(http(403, { name: 'SyntaxError' }))],
    ['a page where it expected XML', error(http(403, { name: 'X' }), 'XML parse error: x')],
    ['no code at all', error(http(302, { name: 'Unknown' }))],
    ['a 404 that the SDK calls so', error(http(404, { name: 'NotFound' }), 'UnknownError')],
    ['a 404 that the SDK calls so, in its other words', error(http(404, { name: 'NotFound' }), 'Unknown')],
    ['a 404 that the SDK calls so, in its own words', error(http(404, { name: 'NotFound' }), 'NotFound')],
  ])('is no refusal: %s', (_, thrown) => {
    expect(of(thrown)).toMatchObject({ code: 'MalformedAnswer', unreachable: false });
  });

  it.each<[string, Error, string]>([
    ['a 404 with a code', error(http(404, { name: 'NotFound', Code: 'NotFound' }), 'NotFound'), 'NotFound'],
    ['a 404 with a code in its body', error(http(404, { name: 'NotFound', Error: { Code: 'NotFound' } }), 'NotFound'), 'NotFound'],
    ['a 404 in AWS’s words', error(http(404, { name: 'NotFound' }), 'no such zone'), 'NotFound'],
    ['a code without words', error(http(400, { name: 'Throttling' }), 'UnknownError'), 'Throttling'],
    ['patience that anybody asks for', error(http(429, { name: 'Unknown' })), 'TooManyRequestsException'],
    ['a status of 500 and more', error(http(502, { name: 'SyntaxError' })), 'SyntaxError'],
  ])('is not %s', (_, thrown, code) => {
    expect(of(thrown)).toMatchObject({ code });
  });

  it('a good status with a body that nobody can read is an answer all the same', () => {
    expect(of(error({ ...http(200), name: 'SyntaxError', $metadata: { httpStatusCode: 200, requestId: 'm' } }))).toMatchObject({ code: 'MalformedAnswer', httpStatus: 200, requestId: 'm', message: 'rds.DescribeDBInstances in r: MalformedAnswer: said' });
  });
});

describe('no answer', () => {
  it.each<[string, unknown]>([
    ['a deadline', new DeadlineError(5, 'x')],
    ['the SDK’s own', error({ name: 'TimeoutError' })],
    ['a call that was ended', error({ name: 'AbortError' })],
    ...['ECONNRESET', 'ECONNREFUSED', 'ECONNABORTED', 'EHOSTUNREACH', 'EHOSTDOWN', 'ENETUNREACH', 'ENETDOWN', 'EPIPE', 'EPROTO', 'ETIMEDOUT', 'ENOTCONN'].map((code): [string, Error] => [`a connection that failed (${code})`, error({ code })]),
    ...['ENOTFOUND', 'EAI_AGAIN', 'ENODATA', 'ESERVFAIL', 'EREFUSED', 'ETIMEOUT', 'EBADRESP'].map((code): [string, Error] => [`a name that was not found (${code})`, error({ code })]),
    ['TLS', error({ code: 'ERR_TLS_CERT_ALTNAME_INVALID' })],
    ['SSL', error({ code: 'ERR_SSL_WRONG_VERSION_NUMBER' })],
    ['a socket', error({ code: 'ERR_SOCKET_CLOSED' })],
    ['an answer that broke off', error({ code: 'ERR_STREAM_PREMATURE_CLOSE' })],
    ['a certificate', error({ code: 'CERT_HAS_EXPIRED' })],
    ['another certificate', error({ code: 'DEPTH_ZERO_SELF_SIGNED_CERT' })],
    ['an issuer that is not known', error({ code: 'UNABLE_TO_GET_ISSUER_CERT' })],
    ['anything behind a request that was sent', error({})],
  ])('is %s', (_, thrown) => {
    expect(of(thrown)).toMatchObject({ code: 'NoAnswer' });
    const { name } = thrown as Error;
    if (name !== 'Error' || 'code' in (thrown as object)) expect(of(thrown, { sent: false })).toMatchObject({ code: 'NoAnswer' });
  });

  it('has a status that came before the connection broke: no answer, and the request id that was seen', () => {
    expect(of(error({ code: 'ECONNRESET', $metadata: { httpStatusCode: 200, requestId: 'm' } }))).toMatchObject({ code: 'NoAnswer', requestId: 'm' });
  });

  it.each([undefined, 7, 'ERR_INVALID_URL', 'ERR_INVALID_CHAR', 'ENOENT', 'EACCES', 'XECONNRESET', 'ECONNRESET2', 'ERR_TLS_'])('is not what failed before a request was sent, with the code %s: that is a fault of this machine', (code) => {
    expect(of(error({ code }, 'a wrong URL'), { sent: false })).toMatchObject({ code: 'NotSent', kind: 'terminal', unreachable: false, message: 'rds.DescribeDBInstances in r: NotSent: a wrong URL' });
  });
});

describe('credentials', () => {
  it.each(['CredentialsProviderError', 'TokenProviderError'])('that cannot be had (%s) are none', (name) => {
    expect(of(error({ name }, 'no profile'), { sent: false })).toMatchObject({ code: 'NoCredentials', message: 'rds.DescribeDBInstances in r: NoCredentials: no credentials: no profile' });
  });

  it('that cannot be asked for are no answer, however deep that stands', () => {
    const deep = (depth: number, cause: unknown = error({ code: 'ETIMEDOUT' })): unknown => (depth === 0 ? cause : error({ cause: deep(depth - 1, cause) }));
    for (const depth of [0, 1, 4]) expect(of(error({ name: 'CredentialsProviderError', cause: deep(depth) }))).toMatchObject({ code: 'NoAnswer' });
    for (const cause of [deep(5), 'text', null, error({}), error({ code: 'ENOENT' })]) expect(of(error({ name: 'CredentialsProviderError', cause }))).toMatchObject({ code: 'NoCredentials' });
    expect(of(new CredentialsFailure(error({ code: 'ECONNREFUSED' })))).toMatchObject({ code: 'NoAnswer' });
  });

  it('that AWS refuses are known by its code', () => {
    expect(areRefused(error(http(403, { name: 'ExpiredToken' })))).toBe(true);
    expect(areRefused(error(http(403, { name: 'AccessDenied' })))).toBe(false);
    expect(areRefused(error(http(403, { name: 'Error' })))).toBe(false);
    expect(areRefused(error({ name: 'ExpiredToken' }))).toBe(false);
    expect(areRefused(error({ name: 'ExpiredToken', $metadata: {} }))).toBe(false);
  });
});

describe('a clock that is off', () => {
  const at = (aheadMs: number) => ({ $response: { statusCode: 403, headers: { date: new Date(Date.now() - aheadMs).toUTCString() } } });
  const refused = (name: string, more: object = {}, message = 'refused') => of(error({ name, ...http(403), ...more }, message));

  it.each([
    [20 * 60_000, '20 minutes fast'],
    [-20 * 60_000, '20 minutes slow'],
    [5 * 60_000, '5 minutes fast'],
  ])('by %i ms is named, and not the keys', (aheadMs, how) => {
    expect(refused('SignatureDoesNotMatch', at(aheadMs))).toMatchObject({ code: 'ClockOff', httpStatus: 403, message: `rds.DescribeDBInstances in r: ClockOff: this machine's clock is ${how}, and AWS refuses what is signed with it (SignatureDoesNotMatch): refused` });
  });

  it('by little is not why a signature is wrong', () => {
    expect(refused('SignatureDoesNotMatch', at(60_000)).code).toBe('SignatureDoesNotMatch');
    expect(refused('SignatureDoesNotMatch').code).toBe('SignatureDoesNotMatch');
    expect(refused('AccessDenied', at(20 * 60_000)).code).toBe('AccessDenied');
  });

  it.each(['RequestTimeTooSkewed', 'RequestExpired', 'RequestInTheFuture'])('is said by AWS with %s, whatever the date of its answer', (name) => {
    expect(refused(name)).toMatchObject({ code: 'ClockOff', message: expect.stringContaining("this machine's clock is off, and AWS refuses") as string });
  });

  it.each(['Signature expired: x', 'Signature not yet current: x'])('is said by AWS in words: %s', (message) => {
    expect(refused('InvalidSignatureException', {}, message).code).toBe('ClockOff');
    expect(refused('AuthFailure', {}, message).code).toBe('ClockOff');
  });

  it('and was set right by the SDK: the same request may succeed now', () => {
    const corrected = (name: string, clockSkewCorrected = true) => clockWasCorrected(error({ name, $metadata: { httpStatusCode: 403, clockSkewCorrected } }));
    for (const name of ['RequestTimeTooSkewed', 'RequestExpired', 'RequestInTheFuture', 'SignatureDoesNotMatch', 'InvalidSignatureException', 'AuthFailure', 'AccessDeniedException']) expect([name, corrected(name), corrected(name, false)]).toEqual([name, true, false]);
    expect([corrected('AccessDenied'), corrected('Error'), clockWasCorrected(error({ name: 'AuthFailure' }))]).toEqual([false, false, false]);
  });
});

describe('a batch that Route 53 refuses', () => {
  it('in a body that the SDK does not know has its code and its messages', () => {
    const body = (Messages: object) => of(error(http(400, { name: 'Unknown', Messages }), 'UnknownError'), { call: BATCH });
    expect(body({ Message: 'A is there' })).toMatchObject({ code: 'InvalidChangeBatch', message: 'route53.ChangeResourceRecordSets in us-east-1: InvalidChangeBatch: A is there' });
    expect(body({ Message: ['A is there', '', 7, 'B is not'] })).toMatchObject({ code: 'InvalidChangeBatch', message: expect.stringMatching(/: A is there; B is not$/) as string });
    expect(of(error(http(400, { name: 'Unknown', Messages: { Message: 'x' } }), 'UnknownError'))).toMatchObject({ code: 'BadRequest' });
  });
});

describe('the words of an error', () => {
  const words = (fields: object, message: string) => of(error(fields, message)).message.replace('rds.DescribeDBInstances in r: NoAnswer: ', '');

  it.each<[string, object, string, string]>([
    ['its own', {}, 'said', 'said'],
    ['and what it says of each change, once', { messages: ['said', 'more'] }, 'said', 'said; more'],
    ['those alone where it has none', { messages: ['one', 'two'] }, '', 'one; two'],
    ['those alone where the SDK knows none', { messages: ['one'] }, 'UnknownError', 'one'],
    ['those of its parts', { errors: [new Error('a'), 'b'] }, '', 'a; b'],
    ['its code', { code: 'ECONNRESET', name: 'X' }, '', 'ECONNRESET'],
    ['its name', { code: '', name: 'X' }, '', 'X'],
    ['its name, where the SDK knows nothing', { name: 'X' }, 'UnknownError', 'X'],
    ['none', { code: 7, name: '' }, '', 'no message'],
  ])('are %s', (_, fields, message, said) => {
    expect(words(fields, message)).toBe(said);
  });

  it('of what is no error', () => {
    expect(of('text').message).toBe('rds.DescribeDBInstances in r: NoAnswer: text');
    for (const odd of [undefined, null, 7]) expect(of(odd).message).toBe('rds.DescribeDBInstances in r: NoAnswer: no message');
  });

  it('carry no secret and no hint for programmers, and are bounded', () => {
    expect(words({}, 'wrong.\n\nThe Canonical String for this request should have been\nx-amz-security-token:T\n')).toBe('wrong.');
    expect(words({}, 'odd <. \n  Deserialization error: to see the raw response, inspect the hidden field\nx')).toBe('odd <.');
    expect(words({}, 'X-Amz-Security-Token: TTT, x-amz-security-token="UUU and x-amz-security-token=VVV')).toBe('X-Amz-Security-Token: (hidden) x-amz-security-token="(hidden) and x-amz-security-token=(hidden)');
    expect(words({}, 'secret: S1, session_token="S2" SessionToken = S3} Password=\'S4\'; "SecretAccessKey": "S5"')).toBe('secret: (hidden), session_token="(hidden)" SessionToken = (hidden)} Password=\'(hidden)\'; "SecretAccessKey": "(hidden)"');
    expect(words({}, 'x'.repeat(700))).toBe('x'.repeat(600));
  });
});

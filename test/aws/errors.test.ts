import { describe, expect, it } from 'vitest';
import { AwsError, type AwsErrorParts } from '../../src/aws/errors.ts';

const error = (code: string, more: Partial<AwsErrorParts> = {}): AwsError =>
  new AwsError({ service: 'rds', operation: 'DescribeDBInstances', region: 'ap-northeast-1', code, message: 'said AWS', ...more });
const CHANGE = { operation: 'PromoteReadReplica' };

describe('what every failed call becomes', () => {
  it('says what was asked, where, and what AWS said', () => {
    const cause = new Error('socket');
    const one = error('AccessDenied', { httpStatus: 403, requestId: 'r-1', cause });
    expect(one).toMatchObject({ name: 'AwsError', service: 'rds', operation: 'DescribeDBInstances', region: 'ap-northeast-1', code: 'AccessDenied', httpStatus: 403, requestId: 'r-1', kind: 'terminal', cause });
    expect(one.message).toBe('rds.DescribeDBInstances in ap-northeast-1: AccessDenied: said AWS');
  });
});

describe('an error is', () => {
  // Of a read, and of a change: what may have happened is not asked for again.
  it.each<[string, number | undefined, string, string]>([
    ['NoAnswer', undefined, 'retryable', 'unknown'],
    ['MalformedAnswer', 200, 'retryable', 'unknown'],
    ['InternalFailure', 500, 'retryable', 'unknown'],
    ['ServiceUnavailable', 503, 'retryable', 'unknown'],
    ['Throttling', 400, 'retryable', 'retryable'],
    ['Whatever', 429, 'retryable', 'retryable'],
    ['SlowDown', 503, 'retryable', 'retryable'],
    ['IncorrectInstanceState', 400, 'retryable', 'retryable'],
    ['OperationAborted', 503, 'retryable', 'retryable'],
    ['InsufficientInstanceCapacity', 500, 'terminal', 'terminal'],
    ['VcpuLimitExceeded', 400, 'terminal', 'terminal'],
    ['ValidationError', 400, 'terminal', 'terminal'],
    ['Odd', 499, 'terminal', 'terminal'],
    ['Odd', undefined, 'terminal', 'terminal'],
    ['IncompleteAnswer', undefined, 'terminal', 'terminal'],
  ])('%s with status %s: %s of a read, %s of a change', (code, httpStatus, read, change) => {
    expect([error(code, { httpStatus }).kind, error(code, { httpStatus, ...CHANGE }).kind]).toEqual([read, change]);
  });

  // Silence may speak for a region that is down. A shortage is a clear answer, whatever its status; so is an answer that nobody can read.
  it.each<[string, number | undefined, boolean, boolean]>([
    ['NoAnswer', undefined, true, true],
    ['InternalFailure', 500, true, true],
    ['Odd', 499, false, false],
    ['Odd', undefined, false, false],
    ['MalformedAnswer', 200, false, true],
    ['InsufficientInstanceCapacity', 500, false, false],
    ['AccessDenied', 403, false, false],
  ])('%s with status %s: unreachable %s, says nothing %s', (code, httpStatus, unreachable, saysNothing) => {
    expect(error(code, { httpStatus })).toMatchObject({ unreachable, saysNothing });
  });

  const WORDS = ['isThrottle', 'isPassing', 'isShortage', 'isDenied', 'isCredentials', 'isRightMissing', 'isClock'] as const;
  it.each<[string, number, readonly (typeof WORDS)[number][]]>([
    ['Throttling', 400, ['isThrottle']],
    ['Odd', 429, ['isThrottle']],
    ['ResourceContention', 400, ['isPassing']],
    ['InsufficientDBInstanceCapacity', 400, ['isShortage']],
    ['ReservationCapacityExceeded', 400, ['isShortage']],
    ['AccessDenied', 403, ['isDenied', 'isRightMissing']],
    ['AccessDeniedException', 403, ['isDenied', 'isRightMissing']],
    ['UnauthorizedOperation', 403, ['isDenied', 'isRightMissing']],
    ['KMSKeyAccessDenied', 403, []],
    ['ExpiredToken', 403, ['isCredentials', 'isRightMissing']],
    ['NoCredentials', 403, ['isCredentials', 'isRightMissing']],
    ['ClockOff', 403, ['isClock']],
    ['ValidationError', 400, []],
  ])('%s with status %s: %j', (code, httpStatus, words) => {
    const one = error(code, { httpStatus });
    expect(WORDS.filter((word) => one[word])).toEqual(words);
  });
});

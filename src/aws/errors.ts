import { CallError, type CallErrorKind } from '../base/errors.ts';
import { MUTATIONS, nameOf, type Service } from './operations.ts';

export interface AwsErrorParts {
  service: Service;
  operation: string;
  region: string;
  /** AWS's code, e.g. `Throttling`, or ours: `NoAnswer`, `MalformedAnswer`, `NoCredentials`, `ClockOff`. */
  code: string;
  message: string;
  httpStatus?: number | undefined;
  requestId?: string | undefined;
  cause?: unknown;
}

/** No answer came: refused, reset, timed out, no such host. */
export const NO_ANSWER = 'NoAnswer';
/** An answer came that lacks what makes it one (`answers.ts`), or that nobody can read. Something is alive there, and what it knows is not known. */
export const MALFORMED = 'MalformedAnswer';
/** A list whose end was not seen: nothing may be decided by a part of it. */
export const INCOMPLETE = 'IncompleteAnswer';
/** Credentials were not found or are not accepted. */
export const NO_CREDENTIALS = 'NoCredentials';

/** At least what the SDK takes for throttling: a test compares. */
const THROTTLES = new Set([
  'BandwidthLimitExceeded',
  'EC2ThrottledException',
  'KMSThrottling',
  'KMSThrottlingException',
  'LimitExceededException',
  'ProvisionedThroughputExceededException',
  'Throttled',
  'TransactionInProgressException',
  'Throttling',
  'ThrottlingException',
  'ThrottledException',
  'RequestLimitExceeded',
  'RequestThrottled',
  'RequestThrottledException',
  'TooManyRequestsException',
  'SlowDown',
  'PriorRequestNotComplete',
]);

/**
 * Refused for now: something else is under way, and AWS says to try again. Nothing was done.
 * https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_UpdateAutoScalingGroup.html
 * https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
 * https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html
 * https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html
 */
const PASSING = new Set([
  'ScalingActivityInProgress',
  'ScalingActivityInProgressFault',
  'ResourceContention',
  'ResourceContentionFault',
  // EC2: the instance is on its way from one state to another, or a read was behind.
  'IncorrectInstanceState',
  // S3: another conditional write to the key, or another change of it, is under way.
  'ConditionalRequestConflict',
  'OperationAborted',
  // S3 did not get the whole request in time.
  'RequestTimeout',
  'RequestTimeoutException',
  'ResourceConflictException',
  'ResourceNotReadyException',
  'SnapStartNotReadyException',
]);

/**
 * Clear refusals, some with status 500: nothing was started, and another type or zone may have it.
 * https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html
 */
const SHORTAGES = new Set([
  // With status 400: a zone that has not the type, a subnet that is full, a quota of one family of types. Another one may do.
  'Unsupported',
  'InsufficientFreeAddressesInSubnet',
  'InstanceLimitExceeded',
  'VcpuLimitExceeded',
  'InsufficientInstanceCapacity',
  'InsufficientHostCapacity',
  'InsufficientReservedInstanceCapacity',
  // The capacity reservation that an instance is bound to has no room, or is gone: a stopped one stays bound to it.
  'ReservationCapacityExceeded',
  'InsufficientCapacity',
  'InsufficientDBInstanceCapacity',
]);

/** AWS refused a request whose time is too far from its own: this machine's clock is wrong. */
export const CLOCK_OFF = 'ClockOff';

const DENIED = new Set(['UnauthorizedOperation', 'UnauthorizedException', 'AuthorizationError', 'AuthorizationErrorException', 'NotAuthorized']);

export const CREDENTIAL_CODES = new Set([
  NO_CREDENTIALS,
  'CredentialsProviderError',
  'ExpiredToken',
  'ExpiredTokenException',
  'InvalidClientTokenId',
  'UnrecognizedClientException',
  'SignatureDoesNotMatch',
  'AuthFailure',
  'InvalidAccessKeyId',
  'InvalidToken',
  'MissingAuthenticationToken',
  'MissingAuthenticationTokenException',
  'TokenRefreshRequired',
]);

/** What every failed AWS call becomes. */
export class AwsError extends CallError {
  readonly service: Service;
  readonly operation: string;
  readonly region: string;
  readonly code: string;
  readonly httpStatus: number | undefined;
  readonly requestId: string | undefined;
  readonly kind: CallErrorKind;

  constructor(parts: AwsErrorParts) {
    super(`${parts.service}.${parts.operation} in ${parts.region}: ${parts.code}: ${parts.message}`, {
      cause: parts.cause,
    });
    this.name = 'AwsError';
    this.service = parts.service;
    this.operation = parts.operation;
    this.region = parts.region;
    this.code = parts.code;
    this.httpStatus = parts.httpStatus;
    this.requestId = parts.requestId;
    this.kind = classify(parts);
  }

  /** The region or its service gave no usable answer, as opposed to a clear refusal. */
  get unreachable(): boolean {
    if (this.isShortage) return false;
    return this.code === NO_ANSWER || (this.httpStatus !== undefined && this.httpStatus >= 500);
  }

  /** Nothing is known from this answer: none came, or none that is one. Only silence (`unreachable`) speaks for a region that is down. */
  get saysNothing(): boolean {
    return this.unreachable || this.code === MALFORMED;
  }

  /** It was asked too often, by whomever in the account: it may work in a moment. */
  get isThrottle(): boolean {
    return isThrottle(this);
  }

  /** Something else is under way at AWS, and has to end first. */
  get isPassing(): boolean {
    return PASSING.has(this.code);
  }

  /** The region has not enough of what was asked for. */
  get isShortage(): boolean {
    return SHORTAGES.has(this.code);
  }

  /** A right is missing, as far as AWS says it. */
  get isDenied(): boolean {
    return this.code.startsWith('AccessDenied') || DENIED.has(this.code);
  }

  get isRightMissing(): boolean {
    return this.isCredentials || this.isDenied;
  }

  get isClock(): boolean {
    return this.code === CLOCK_OFF;
  }

  get isCredentials(): boolean {
    return CREDENTIAL_CODES.has(this.code);
  }
}

/** For a catch: what AWS does not tell is left out, and any other error is thrown. */
export function unlessAws(error: unknown): undefined {
  if (!(error instanceof AwsError)) throw error;
}

/** By its code or by its status, as the SDK does. */
function isThrottle({ code, httpStatus }: Pick<AwsErrorParts, 'code' | 'httpStatus'>): boolean {
  return THROTTLES.has(code) || httpStatus === 429;
}

function classify(parts: AwsErrorParts): CallErrorKind {
  if (isThrottle(parts) || PASSING.has(parts.code)) return 'retryable';
  if (SHORTAGES.has(parts.code)) return 'terminal';
  const unanswered = parts.code === NO_ANSWER || parts.code === MALFORMED || (parts.httpStatus !== undefined && parts.httpStatus >= 500);
  if (!unanswered) return 'terminal';
  return MUTATIONS.has(nameOf(parts.service, parts.operation)) ? 'unknown' : 'retryable';
}

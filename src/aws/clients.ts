import type { NodeHttpHandler } from '@smithy/node-http-handler';
import type { Service } from './operations.ts';

/** What is used of a client of the SDK, whichever service it is for. */
export interface SdkClient {
  send(command: SdkCommand, options: { abortSignal: AbortSignal; requestTimeout: number }): Promise<SdkOutput>;
  config: {
    credentials: CredentialSource;
    protocol: { getShapeId(): string };
    protocolSettings?: { version?: string; xmlNamespace?: string; serviceTarget?: string };
  };
  destroy(): void;
}

interface SdkCommand {
  middlewareStack: {
    add(
      middleware: (next: (args: unknown) => Promise<unknown>) => (args: unknown) => Promise<unknown>,
      options: { step: 'deserialize'; priority: 'low' },
    ): void;
  };
}

export type SdkOutput = { $metadata?: { requestId?: string } } & Record<string, unknown>;

export interface Credentials {
  accessKeyId: string;
  secretAccessKey: string;
  sessionToken?: string;
  expiration?: Date;
}

export type CredentialSource = (options?: { forceRefresh?: boolean }) => Promise<Credentials>;

interface SdkClientOptions {
  region: string;
  maxAttempts: number;
  retryMode: 'standard';
  requestHandler: NodeHttpHandler;
  /** `memoized`: asked at every call, not kept by the client. */
  credentials?: CredentialSource & { memoized?: true };
  /** Shared config files are read at every look-up, not kept by the SDK. */
  ignoreCache?: true;
}

type Exports = Record<string, unknown>;

/** Lazy, so that a service that is never called costs nothing: client-ec2 alone takes 140 to 300 ms. */
const LOADERS: { readonly [S in Service]: readonly [clientName: string, load: () => Promise<object>] } = {
  rds: ['RDSClient', () => import('@aws-sdk/client-rds')],
  route53: ['Route53Client', () => import('@aws-sdk/client-route-53')],
  ec2: ['EC2Client', () => import('@aws-sdk/client-ec2')],
  autoscaling: ['AutoScalingClient', () => import('@aws-sdk/client-auto-scaling')],
  elbv2: ['ElasticLoadBalancingV2Client', () => import('@aws-sdk/client-elastic-load-balancing-v2')],
  cloudwatch: ['CloudWatchClient', () => import('@aws-sdk/client-cloudwatch')],
  lambda: ['LambdaClient', () => import('@aws-sdk/client-lambda')],
  s3: ['S3Client', () => import('@aws-sdk/client-s3')],
  sts: ['STSClient', () => import('@aws-sdk/client-sts')],
  sns: ['SNSClient', () => import('@aws-sdk/client-sns')],
  kms: ['KMSClient', () => import('@aws-sdk/client-kms')],
  acm: ['ACMClient', () => import('@aws-sdk/client-acm')],
  iam: ['IAMClient', () => import('@aws-sdk/client-iam')],
  servicequotas: ['ServiceQuotasClient', () => import('@aws-sdk/client-service-quotas')],
  health: ['HealthClient', () => import('@aws-sdk/client-health')],
};

/** Everything that the SDK's module of a service exports: client, commands, schemas. */
export async function loadSdk(service: Service): Promise<Exports> {
  return (await LOADERS[service][1]()) as Exports;
}

export function clientClass(service: Service, sdk: Exports): new (options: Partial<SdkClientOptions>) => SdkClient {
  return member(sdk, LOADERS[service][0]) as new (options: Partial<SdkClientOptions>) => SdkClient;
}

/** The command class of an operation, e.g. `DescribeDBInstancesCommand`. */
export function commandClass(sdk: Exports, operation: string): new (input: unknown) => SdkCommand {
  return member(sdk, `${operation}Command`) as new (input: unknown) => SdkCommand;
}

function member(sdk: Exports, name: string): unknown {
  const value = sdk[name];
  if (typeof value !== 'function') throw new Error(`the AWS SDK has no ${name}`);
  return value;
}

import type { AwsAnswer, AwsCaller, AwsRequest } from '../aws/caller.ts';
import type { OperationOf, OutputOf, Service } from '../aws/operations.ts';
import type { Clock } from '../base/clock.ts';
import type {
  AutoScalingGroupSeed,
  DbInstanceSeed,
  Fault,
  HealthCheckSeed,
  HostedZoneSeed,
  SecurityGroupSeed,
} from './seeds.ts';

/** How long things take in the world, milliseconds. */
export interface Timings {
  callMs: number;
  promotionMs: number;
  modifyMs: number;
  insyncMs: number;
  instanceWarmUpMs: number;
  /** Period of the ReplicaLag metric. */
  metricPeriodMs: number;
}

export interface WorldOptions {
  clock: Clock;
  seed: number;
  regions: readonly string[];
  account?: string;
  timings?: Partial<Timings>;
}

/** SKELETON: to be written. */
export class World implements AwsCaller {
  readonly options: WorldOptions;

  constructor(options: WorldOptions) {
    this.options = options;
  }

  call<S extends Service, O extends OperationOf<S>>(_request: AwsRequest<S, O>): Promise<AwsAnswer<OutputOf<S, O>>> {
    return Promise.reject(new Error('not written yet'));
  }

  addDbInstance(_seed: DbInstanceSeed): void {}
  addAutoScalingGroup(_seed: AutoScalingGroupSeed): void {}
  addHostedZone(_seed: HostedZoneSeed): void {}
  addHealthCheck(_seed: HealthCheckSeed): void {}
  addSecurityGroup(_seed: SecurityGroupSeed): void {}
  addBucket(_seed: { region: string; name: string }): void {}
  addTopic(_seed: { region: string; arn: string }): void {}
  /** Lays a fault over calls; the function returned takes it away. */
  addFault(_fault: Fault): () => void {
    return () => undefined;
  }
  /** The region's endpoints swallow requests, its databases and applications are gone, replication from it stops. */
  breakRegion(_region: string): void {}
  healRegion(_region: string): void {}
}

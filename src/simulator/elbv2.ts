import type { OutputOf } from '../aws/operations.ts';
import { type Call, type ServiceModel } from './call.ts';
import type { LoadBalancerSeed } from './seeds.ts';
import { VPC } from './security-groups.ts';

type TargetView = NonNullable<OutputOf<'elbv2', 'DescribeTargetHealth'>['TargetHealthDescriptions']>[number];

type GroupView = NonNullable<OutputOf<'elbv2', 'DescribeTargetGroups'>['TargetGroups']>[number];

const PORT = 80;
const SECURE_PORT = 443;
/** https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_DescribeTargetGroups.html: PageSize is 1 to 400. */
const TARGET_GROUPS_PAGE = 400;

/** `arn:…:targetgroup/<name>/<id>` */
function groupView(arn: string, call: Call): GroupView {
  const { loadBalancers } = call.state;
  const LoadBalancerArns = loadBalancers.in(call.region).filter(({ seed }) => loadBalancers.groupsOf(seed).includes(arn)).map((balancer) => balancer.arn);
  return { TargetGroupArn: arn, TargetGroupName: arn.split('/')[1] ?? arn, Protocol: 'HTTP', Port: PORT, VpcId: VPC, TargetType: 'instance', LoadBalancerArns };
}

interface Listener {
  arn: string;
  balancer: string;
  certificates: readonly string[];
}

/** A load balancer listens at port 80, and with certificates at port 443. */
function listenersOf({ arn, seed }: { arn: string; seed: LoadBalancerSeed }): Listener[] {
  const listener = (port: number): Listener => ({ arn: `${arn.replace(':loadbalancer/', ':listener/')}/${String(port).padStart(16, '0')}`, balancer: arn, certificates: port === PORT ? [] : (seed.certificates ?? []) });
  return (seed.certificates ?? []).length === 0 ? [listener(PORT)] : [listener(PORT), listener(SECURE_PORT)];
}

const REASONS = {
  healthy: undefined,
  initial: { Reason: 'Elb.RegistrationInProgress', Description: 'Target registration is in progress' },
  unhealthy: { Reason: 'Target.FailedHealthChecks', Description: 'Health checks failed' },
  unused: { Reason: 'Target.InvalidState', Description: 'Target is in the stopped state' },
} as const;

/** https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_TargetHealth.html */
const DESCRIPTIONS = {
  'Target.Timeout': 'Request timed out',
  'Target.ResponseCodeMismatch': 'Health checks failed with these codes: [502]',
  'Target.FailedHealthChecks': 'Health checks failed',
} as const;

/** Load balancing: https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_DescribeTargetHealth.html */
export const elbv2: ServiceModel<'elbv2'> = {
  DescribeTargetGroups: {
    accepts: ['TargetGroupArns', 'Marker', 'PageSize'],
    handle(input, call) {
      const size = input.PageSize ?? TARGET_GROUPS_PAGE;
      if (size < 1 || size > TARGET_GROUPS_PAGE) throw call.error('ValidationError', 400, `1 validation error detected: Value '${size}' at 'pageSize' failed to satisfy constraint: Member must be between 1 and ${TARGET_GROUPS_PAGE}`);
      const all = call.state.targetGroups.in(call.region);
      const missing = input.TargetGroupArns?.find((arn) => !all.includes(arn));
      if (missing !== undefined) throw call.error('TargetGroupNotFound', 400, 'One or more target groups not found');
      const { page, next } = call.pageOf(all.filter((arn) => input.TargetGroupArns?.includes(arn) ?? true), (arn) => arn, input.Marker, size);
      return { TargetGroups: page.map((arn) => groupView(arn, call)), ...(next === undefined ? {} : { NextMarker: next }) };
    },
  },

  /** https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_DescribeListeners.html: the default certificate only. */
  DescribeListeners: {
    accepts: ['LoadBalancerArn', 'Marker', 'PageSize'],
    handle(input, call) {
      const balancer = call.state.loadBalancers.in(call.region).find(({ arn }) => arn === input.LoadBalancerArn);
      if (balancer === undefined) throw call.error('LoadBalancerNotFound', 400, `Load balancers '[${input.LoadBalancerArn ?? ''}]' not found`);
      const { page, next } = call.pageOf(listenersOf(balancer), ({ arn }) => arn, input.Marker, input.PageSize ?? TARGET_GROUPS_PAGE);
      const Listeners = page.map(({ arn, certificates: [first] }) => ({
        ListenerArn: arn,
        LoadBalancerArn: balancer.arn,
        Port: first === undefined ? PORT : SECURE_PORT,
        Protocol: first === undefined ? ('HTTP' as const) : ('HTTPS' as const),
        ...(first === undefined ? {} : { Certificates: [{ CertificateArn: first }] }),
      }));
      return { Listeners, ...(next === undefined ? {} : { NextMarker: next }) };
    },
  },

  /** https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_DescribeListenerCertificates.html: the default one, too. */
  DescribeListenerCertificates: {
    accepts: ['ListenerArn', 'Marker', 'PageSize'],
    handle(input, call) {
      const listener = call.state.loadBalancers.in(call.region).flatMap(listenersOf).find(({ arn }) => arn === input.ListenerArn);
      if (listener === undefined) throw call.error('ListenerNotFound', 400, `Listener '${input.ListenerArn ?? ''}' not found`);
      const all = listener.certificates.map((CertificateArn, i) => ({ CertificateArn, IsDefault: i === 0 }));
      const { page, next } = call.pageOf(all.toSorted((a, b) => (a.CertificateArn < b.CertificateArn ? -1 : 1)), (one) => one.CertificateArn, input.Marker, input.PageSize ?? TARGET_GROUPS_PAGE);
      return { Certificates: [...page], ...(next === undefined ? {} : { NextMarker: next }) };
    },
  },

  DescribeTargetHealth: {
    accepts: ['TargetGroupArn'],
    handle(input, call) {
      const targets = call.state.targetGroups.targets(input.TargetGroupArn ?? '', call.region, call.at);
      if (targets === undefined) throw call.error('TargetGroupNotFound', 400, `Target groups '${input.TargetGroupArn ?? ''}' not found`);
      return {
        TargetHealthDescriptions: targets.map(({ id, port, state, reason }): TargetView => ({
          Target: { Id: id, Port: port },
          HealthCheckPort: String(port),
          TargetHealth: { State: state, ...(reason === undefined ? REASONS[state] : { Reason: reason, Description: DESCRIPTIONS[reason] }) },
        })),
      };
    },
  },

  RegisterTargets: {
    accepts: ['TargetGroupArn', 'Targets'],
    handle(input, call) {
      const arn = input.TargetGroupArn ?? '';
      const targets = (input.Targets ?? []).map((t) => ({ id: t.Id ?? '', port: t.Port ?? PORT }));
      const unknown = targets.find((t) => call.state.instances.get(call.region, t.id) === undefined);
      if (unknown !== undefined) throw call.error('InvalidTarget', 400, `The following targets are not valid instances: '${unknown.id}'`);
      // Stricter: AWS registers an instance that is not running only in some states.
      const stopped = targets.find((t) => call.state.instances.get(call.region, t.id)?.stopped === true);
      if (stopped !== undefined) throw call.error('InvalidTarget', 400, `The following targets are not in a running state and cannot be registered: '${stopped.id}'`);
      if (!call.state.targetGroups.register(arn, call.region, targets, call.now)) {
        throw call.error('TargetGroupNotFound', 400, `Target groups '${arn}' not found`);
      }
      return {};
    },
  },
};

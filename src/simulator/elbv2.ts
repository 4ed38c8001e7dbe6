import type { OutputOf } from '../aws/operations.ts';
import { pageOf, type ServiceModel } from './call.ts';
import { VPC } from './security-groups.ts';

type TargetView = NonNullable<OutputOf<'elbv2', 'DescribeTargetHealth'>['TargetHealthDescriptions']>[number];

type GroupView = NonNullable<OutputOf<'elbv2', 'DescribeTargetGroups'>['TargetGroups']>[number];

const PORT = 80;
/** https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_DescribeTargetGroups.html: PageSize is 1 to 400. */
const TARGET_GROUPS_PAGE = 400;

/** `arn:…:targetgroup/<name>/<id>` */
function groupView(arn: string): GroupView {
  return { TargetGroupArn: arn, TargetGroupName: arn.split('/')[1] ?? arn, Protocol: 'HTTP', Port: PORT, VpcId: VPC, TargetType: 'instance' };
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
    accepts: ['Marker', 'PageSize'],
    handle(input, call) {
      const size = input.PageSize ?? TARGET_GROUPS_PAGE;
      if (size < 1 || size > TARGET_GROUPS_PAGE) throw call.error('ValidationError', 400, `1 validation error detected: Value '${size}' at 'pageSize' failed to satisfy constraint: Member must be between 1 and ${TARGET_GROUPS_PAGE}`);
      const { page, next } = pageOf(call.state.targetGroups.in(call.region), (arn) => arn, input.Marker, size);
      return { TargetGroups: page.map(groupView), ...(next === undefined ? {} : { NextMarker: next }) };
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

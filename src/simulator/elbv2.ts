import type { OutputOf } from '../aws/operations.ts';
import type { ServiceModel } from './call.ts';
import { stageOf } from './groups.ts';

type TargetView = NonNullable<OutputOf<'elbv2', 'DescribeTargetHealth'>['TargetHealthDescriptions']>[number];

const PORT = 80;

/** Load balancing: https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_DescribeTargetHealth.html */
export const elbv2: ServiceModel<'elbv2'> = {
  DescribeTargetHealth: {
    accepts: ['TargetGroupArn'],
    handle(input, call) {
      const groups = call.state.groups.feeding(input.TargetGroupArn ?? '', call.region, call.at);
      if (groups === undefined) throw call.error('TargetGroupNotFound', 400, `Target groups '${input.TargetGroupArn ?? ''}' not found`);
      const targets: TargetView[] = [];
      for (const instance of groups.flatMap((group) => group.instances)) {
        const stage = stageOf(instance, call.at);
        if (stage === 'pending') continue;
        targets.push({
          Target: { Id: instance.id, Port: PORT },
          HealthCheckPort: String(PORT),
          TargetHealth:
            stage === 'healthy'
              ? { State: 'healthy' }
              : { State: 'initial', Reason: 'Elb.RegistrationInProgress', Description: 'Target registration is in progress' },
        });
      }
      return { TargetHealthDescriptions: targets };
    },
  },
};

import type { ServiceModel } from './call.ts';
import { STANDARD } from './quotas.ts';

/** Service Quotas: https://docs.aws.amazon.com/servicequotas/2019-06-24/apireference/API_GetServiceQuota.html */
export const servicequotas: ServiceModel<'servicequotas'> = {
  GetServiceQuota: {
    accepts: ['ServiceCode', 'QuotaCode'],
    handle(input, call) {
      if (input.ServiceCode !== 'ec2' || input.QuotaCode !== STANDARD.code) throw call.error('NoSuchResourceException', 400, 'The request failed because the specified service quota does not exist.');
      return {
        Quota: {
          ServiceCode: 'ec2',
          ServiceName: 'Amazon Elastic Compute Cloud (Amazon EC2)',
          QuotaArn: `arn:aws:servicequotas:${call.region}:${call.state.core.account}:ec2/${STANDARD.code}`,
          QuotaCode: STANDARD.code,
          QuotaName: STANDARD.name,
          Value: call.state.vcpuQuotas.max(call.region),
          Unit: 'None',
          Adjustable: true,
          GlobalQuota: false,
          UsageMetric: {
            MetricNamespace: 'AWS/Usage',
            MetricName: 'ResourceCount',
            MetricDimensions: { Class: STANDARD.class, Resource: 'vCPU', Service: 'EC2', Type: 'Resource' },
            MetricStatisticRecommendation: 'Maximum',
          },
        },
      };
    },
  },
};

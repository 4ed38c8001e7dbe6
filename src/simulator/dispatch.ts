import type { InputOf, OperationOf, OutputOf, Service } from '../aws/operations.ts';
import { acm } from './acm.ts';
import { autoscaling } from './autoscaling.ts';
import { BadToken, type Call, type Operation, type ServiceModel } from './call.ts';
import { cloudwatch } from './cloudwatch.ts';
import { ec2 } from './ec2.ts';
import { elbv2 } from './elbv2.ts';
import { health } from './health.ts';
import { iam } from './iam.ts';
import { kms } from './kms.ts';
import { lambda } from './lambda.ts';
import { rds } from './rds.ts';
import { route53 } from './route53.ts';
import { s3 } from './s3.ts';
import { servicequotas } from './service-quotas.ts';
import { sns } from './sns.ts';
import { sts } from './sts.ts';

const SERVICES: { readonly [S in Service]: ServiceModel<S> } = { rds, route53, ec2, autoscaling, elbv2, cloudwatch, lambda, s3, sts, sns, kms, acm, iam, servicequotas, health };

function modelOf<S extends Service, O extends OperationOf<S>>(service: S, operation: O): Operation<InputOf<S, O>, OutputOf<S, O>> | undefined {
  if (!Object.hasOwn(SERVICES, service)) return undefined;
  const table: ServiceModel<S> = SERVICES[service];
  return Object.hasOwn(table, operation) ? table[operation] : undefined;
}

/** Lets one call act and answers it. @throws AwsError */
export function handle<S extends Service, O extends OperationOf<S>>(service: S, operation: O, input: InputOf<S, O>, call: Call): OutputOf<S, O> {
  const model = modelOf(service, operation);
  if (model === undefined) throw call.error('SimulatorUnsupported', 400, `the simulator does not model ${service}.${operation}`);
  if (service === 'route53' && !call.state.route53Quota.take(call.now)) throw call.error('Throttling', 400, 'Rate exceeded');
  const accepted: readonly string[] = model.accepts;
  for (const name of Object.keys(input as object)) {
    if (!accepted.includes(name) && (input as Record<string, unknown>)[name] !== undefined) throw call.unsupported(`the parameter ${name}`);
  }
  try {
    return model.handle(input, call);
  } catch (error) {
    if (error instanceof BadToken) throw call.error(...badTokenOf(service));
    throw error;
  }
}

/**
 * What a service says to a paging token that it did not give out.
 * The codes are those of their references; S3's words are recorded ones.
 */
function badTokenOf(service: Service): readonly [code: string, status: number, message: string] {
  if (service === 's3') return ['InvalidArgument', 400, 'The continuation token provided is incorrect'];
  if (service === 'health') return ['InvalidPaginationToken', 400, 'The specified pagination token is not valid.'];
  if (service === 'autoscaling') return ['InvalidNextToken', 400, 'The token is not valid'];
  if (service === 'ec2') return ['InvalidParameterValue', 400, 'Unable to parse pagination token'];
  return ['InvalidParameterValue', 400, 'Invalid value for the paging token'];
}

import * as z from 'zod';
import { type Ec2Instance, findInstances } from '../../aws/ec2.ts';
import { AwsError } from '../../aws/errors.ts';
import { ec2InstanceState } from '../../aws/states/capacity.ts';
import type { Json } from '../../base/json.ts';
import type { StepDraft } from '../../model/kind.ts';
import type { Permission, StepContext } from '../../model/step.ts';
import { regionName } from '../common.ts';
import { productionKind, productionStep } from '../production.ts';
import { existingSchema, NOT_GONE, ourInstances } from './ours.ts';
import { instanceId } from './schema.ts';

const which = z.discriminatedUnion('by', [z.strictObject({ by: z.literal('ids'), ids: z.array(instanceId).min(1) }), z.strictObject({ by: z.literal('rule'), existing: existingSchema })]);
const params = z.strictObject({ key: z.string(), name: z.string(), regions: z.array(z.strictObject({ region: regionName, which })) });
type Params = z.infer<typeof params>;

/** What passes by itself is no difference: an instance that starts runs, and one that stops is stopped. */
function shown(instances: readonly Ec2Instance[]): Json {
  return Object.fromEntries(
    instances.map((instance) => {
      const { alive, gone, shown: state } = ec2InstanceState(instance);
      const stands = gone === 'yes' ? 'terminated' : alive === 'yes' ? 'runs' : alive === 'no' ? 'stopped' : state;
      const groups = (instance.SecurityGroups ?? []).map(({ GroupId = '' }) => GroupId).sort();
      return [instance.InstanceId ?? '', { state: stands, type: instance.InstanceType ?? null, image: instance.ImageId ?? null, subnet: instance.SubnetId ?? null, 'security groups': groups }];
    }),
  );
}

/** Where one of them is not there any more, what AWS says of that. @throws AwsError */
async function byIds(ctx: StepContext, region: string, ids: string[]): Promise<Json> {
  try {
    return shown(await findInstances(ctx.effects.aws, region, { InstanceIds: ids }, { signal: ctx.signal }));
  } catch (error) {
    if (error instanceof AwsError && error.code.startsWith('InvalidInstanceID')) return error.message;
    throw error;
  }
}

export const production = productionKind<Params>(params, (ctx, { name, regions }) =>
  Object.fromEntries(
    regions.map(({ region, which: of }) => [
      `the instances of ${name} in ${region}`,
      async () => (of.by === 'ids' ? byIds(ctx, region, of.ids) : shown(await ourInstances(ctx, { name, region, existing: of.existing }, NOT_GONE))),
    ]),
  ),
);

export function instancesProductionStep(name: string, regions: Params['regions'], permissions: readonly Permission[]): StepDraft {
  return productionStep(`the compute ${name}`, { key: `compute.${name}`, name, regions } satisfies Params, permissions);
}

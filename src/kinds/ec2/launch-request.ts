import { AwsError } from '../../aws/errors.ts';
import type { InputOf } from '../../aws/operations.ts';
import type { StepContext } from '../../model/step.ts';
import { inItsWords, isOfAnotherType } from './launch-reasons.ts';

type Request = InputOf<'ec2', 'RunInstances'>;

/** What is launched, all or nothing, in the first place that has room for it. */
export interface LaunchWish {
  region: string;
  /** What an instance is made of, and what is no place and no type. */
  what: Pick<Request, 'LaunchTemplate' | 'ImageId' | 'SecurityGroupIds' | 'DisableApiTermination'>;
  count: number;
  tags: readonly { Key: string; Value: string }[];
  /** The beginning of the client tokens; each place and type has one of its own. */
  token: string;
  /** Tried in this order, for each type; undefined: what the template says. */
  types: readonly (string | undefined)[];
  subnets: readonly (string | undefined)[];
}

/**
 * False, with the reasons in `tried`, where nothing has room.
 * https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_RunInstances.html
 * @throws AwsError: anything but a shortage, or another type that does not fit
 */
export async function launchWhereThereIsRoom(ctx: StepContext, wish: LaunchWish, tried: string[]): Promise<boolean> {
  // Another zone first: the type is what was tested.
  for (const [t, type] of wish.types.entries()) {
    for (const [s, subnet] of wish.subnets.entries()) {
      try {
        await ctx.effects.aws.call({ service: 'ec2', region: wish.region, operation: 'RunInstances', input: inputOf(wish, { type, subnet, token: `${wish.token}-${t}-${s}` }), signal: ctx.signal });
        return true;
      } catch (error) {
        if (!(error instanceof AwsError) || !(error.isShortage || (type !== undefined && isOfAnotherType(error)))) throw error;
        tried.push(`no ${type ?? 'instance of the template’s type'}${subnet === undefined ? '' : ` in ${subnet}`}${inItsWords(error)}`);
      }
    }
  }
  return false;
}

function inputOf({ what, count, tags }: LaunchWish, place: { type: string | undefined; subnet: string | undefined; token: string }): Request {
  return {
    ...what,
    MinCount: count,
    MaxCount: count,
    ClientToken: place.token,
    TagSpecifications: [{ ResourceType: 'instance', Tags: [...tags] }],
    ...(place.subnet === undefined ? {} : { SubnetId: place.subnet }),
    // Types newer than this version's SDK are as good as any.
    ...(place.type === undefined ? {} : { InstanceType: place.type as 'm6g.large' }),
  };
}

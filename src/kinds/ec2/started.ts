import * as z from 'zod';
import type { Ec2Instance, Up } from '../../aws/ec2.ts';
import { plural } from '../../base/plural.ts';
import { fact } from '../../model/fact.ts';
import type { Observation } from '../../model/step.ts';
import { brief } from './launch-reasons.ts';

/** Ids of the instances of a compute resource that were stopped when a run began to start them: an undo stops them again. */
export const startedFact = fact('started', z.array(z.string()));

/** Enough instances run: have their status checks passed, and if not, what does AWS say? */
export function checksPassed(up: Up, wanted: number): Observation {
  if (up.ids.size >= wanted) return { state: 'reached', because: `${plural(up.ids.size, 'instance')} running, status checks passed` };
  const because = `status checks passed: ${up.ids.size} of ${plural(wanted, 'instance')}`;
  return { state: 'pending', because: up.why === '' ? because : `${because}; ${up.why}`, waitingFor: 'aws' };
}

/** AWS starts an instance, and ends it again where e.g. its volume cannot be decrypted: the reason stands in its description only. Empty without one. */
export function whyEnded(instances: readonly Ec2Instance[]): string {
  const first = instances.find((instance) => instance.StateReason?.Message !== undefined);
  return first === undefined ? '' : `${first.InstanceId ?? ''} has ended: AWS: ${brief(first.StateReason?.Message ?? '')}`;
}

export const LAUNCH_GUIDE = 'https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/troubleshooting-launch.html';

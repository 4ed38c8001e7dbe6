import type { Random } from '../../simulator/random.ts';
import type { Fault } from '../../simulator/seeds.ts';
import type { World } from '../../simulator/world.ts';

/* What AWS does on a bad day besides losing a region: throttling, lost answers, slow answers. Nothing that a run should not bear. */

/** Of ten rehearsals so many have troubles of AWS in the target region. */
const SHARE = 0.3;
const TROUBLES: readonly { effect: Fault['effect']; times: number }[] = [
  { effect: { kind: 'throttle' }, times: 3 },
  { effect: { kind: 'throttle' }, times: 8 },
  { effect: { kind: 'reset' }, times: 2 },
  { effect: { kind: 'answer-lost' }, times: 1 },
  { effect: { kind: 'slow', ms: 3_000 }, times: 10 },
  { effect: { kind: 'error', httpStatus: 503, code: 'ServiceUnavailable' }, times: 3 },
];
const SERVICES = ['rds', 'autoscaling', 'route53', 'cloudwatch', 'ec2'] as const;

/** Every draw is made, whatever comes of it: one more trouble moves nothing else of a seed. */
export function layFaults(world: World, random: Random, target: string): void {
  const [share, which, service] = [random.next(), random.below(TROUBLES.length), random.below(SERVICES.length)];
  const trouble = TROUBLES[which];
  const name = SERVICES[service];
  if (share >= SHARE || trouble === undefined || name === undefined) return;
  world.addFault({ ...(name === 'route53' ? {} : { region: target }), service: name, ...trouble });
}

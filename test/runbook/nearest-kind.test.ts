import { expect, it } from 'vitest';
import { nearest } from '../../src/base/nearest.ts';
import { KIND_NAMES } from '../../src/kinds/registry.ts';

it.each([
  ['rds-replica', 'rds-read-replica'],
  ['rds-mysql-replica', 'rds-read-replica'],
  ['autoscaling', 'auto-scaling-group'],
  ['ec2-instance', 'ec2-instances'],
  ['asg', 'auto-scaling-group'],
  // Several could be meant, or none.
  ['route53', undefined],
  ['ecs-service', undefined],
])('for %s it is %s', (typed, meant) => {
  expect(nearest(typed, KIND_NAMES)).toBe(meant);
});

import { expect, it } from 'vitest';
import type { DbInstance } from '../../../src/aws/rds.ts';
import { groupsOf, quarantineOf } from '../../../src/kinds/databases/quarantine.ts';

const CLOSED = 'sg-0cccccccccccccccc';

const instanceWith = (groups: readonly [id: string | undefined, status: string | undefined][] | undefined): DbInstance => ({ VpcSecurityGroups: groups?.map(([VpcSecurityGroupId, Status]) => ({ VpcSecurityGroupId, Status })) });

it.each<[string, Parameters<typeof instanceWith>[0], ReturnType<typeof quarantineOf>]>([
  ['its only group, in force', [[CLOSED, 'active']], 'closed'],
  ['its only group, not yet in force', [[CLOSED, 'adding']], 'closing'],
  ['its only group, of which AWS says what nobody knows', [[CLOSED, 'odd']], 'closing'],
  ['its only group, of which AWS says nothing', [[CLOSED, undefined]], 'closing'],
  ['one of two in force: the other lets users in', [[CLOSED, 'active'], ['sg-app', 'active']], 'open'],
  ['the same in the other order', [['sg-app', 'active'], [CLOSED, 'active']], 'open'],
  ['in force, while another one is being removed: that one may still let users in', [[CLOSED, 'active'], ['sg-app', 'removing']], 'closing'],
  ['in force, while another one is in a status that nobody knows', [[CLOSED, 'active'], ['sg-app', 'odd']], 'open'],
  ['being removed for another one', [[CLOSED, 'removing'], ['sg-app', 'adding']], 'open'],
  ['its only group, named twice, of which one is not yet in force', [[CLOSED, 'active'], [CLOSED, 'adding']], 'closing'],
  ['a group without an id is another one', [[CLOSED, 'active'], [undefined, 'active']], 'open'],
  ['none of its groups', [['sg-app', 'active']], 'open'],
  ['no group is shown', [], 'open'],
  ['groups are not shown', undefined, 'open'],
])('a quarantine: %s', (_what, groups, state) => {
  expect(quarantineOf(instanceWith(groups), CLOSED)).toBe(state);
  expect(groupsOf(instanceWith(groups))).toEqual((groups ?? []).flatMap(([id]) => id ?? []));
});

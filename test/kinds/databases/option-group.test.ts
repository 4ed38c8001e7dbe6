import { describe, expect, it } from 'vitest';
import { isOwnOptionGroup, optionGroupUnfit, parameterGroupUnfit, type Runs } from '../../../src/kinds/databases/option-group.ts';
import { SEOUL } from '../context.ts';
import { type Answer, awsError, smallRds } from './small-rds.ts';

/* Option groups and parameter groups that AWS would refuse for what an instance runs. */

function looking(answer: Answer) {
  const { aws, calls } = smallRds({ answers: { DescribeOptionGroups: answer, DescribeDBParameterGroups: answer } });
  const signal = new AbortController().signal;
  return { ctx: { effects: { aws }, signal } as never, calls, signal };
}

it('a group of AWS is not one that somebody made', () => {
  expect([undefined, 'default:postgres-17', 'audit', 'my-default:x'].map((name) => isOwnOptionGroup(name))).toEqual([false, false, true, true]);
});

describe('an option group', () => {
  const unfit = async (group: object, runs: Partial<Runs>, vpc?: string) => {
    const { ctx, calls, signal } = looking({ OptionGroupsList: [{ OptionGroupName: 'audit', EngineName: 'mysql', MajorEngineVersion: '8.0', ...group }] });
    const found = await optionGroupUnfit(ctx, SEOUL, 'audit', { engine: undefined, version: undefined, ...runs, place: { name: 'orders', vpc } });
    expect(calls.map((call) => [call.region, call.input, call.signal === signal])).toEqual([[SEOUL, { OptionGroupName: 'audit' }, true]]);
    expect(found.missing).toEqual([]);
    return found.unfit;
  };

  it.each<[string, object, Partial<Runs>, string | undefined, string[]]>([
    ['of the same engine and major version', {}, { engine: 'mysql', version: '8.0.40' }, undefined, []],
    ['of the very version', {}, { engine: 'mysql', version: '8.0' }, undefined, []],
    ['of another engine', {}, { engine: 'mariadb', version: '8.0.1' }, undefined, ['the option group audit is for mysql 8.0, and the data is of mariadb 8.0.1']],
    ['of another engine, whose version is not shown', {}, { engine: 'mariadb' }, undefined, ['the option group audit is for mysql 8.0, and the data is of mariadb']],
    ['of another major version', {}, { engine: 'mysql', version: '8.4.5' }, undefined, ['the option group audit is for mysql 8.0, and the data is of version 8.4.5']],
    ['of a version that begins alike', {}, { version: '8.05' }, undefined, ['the option group audit is for mysql 8.0, and the data is of version 8.05']],
    ['of an engine that is not shown', {}, { version: '8.0.40' }, undefined, []],
    ['of nothing that is shown', {}, {}, undefined, []],
    ['of another VPC', { VpcId: 'vpc-2' }, {}, 'vpc-1', ['the option group audit is for vpc-2, and orders is in vpc-1']],
    ['of the same VPC', { VpcId: 'vpc-1' }, {}, 'vpc-1', []],
    ['of a VPC, where that of the instance is not shown', { VpcId: 'vpc-2' }, {}, undefined, []],
    ['of another major version and VPC', { VpcId: 'vpc-2' }, { version: '5.7.1' }, 'vpc-1', ['the option group audit is for mysql 8.0, and the data is of version 5.7.1', 'the option group audit is for vpc-2, and orders is in vpc-1']],
  ])('%s', async (_what, group, runs, vpc, wrong) => {
    expect(await unfit(group, runs, vpc)).toEqual(wrong);
  });

  it('that does not exist is missing; one of AWS is made when it is needed, and not asked for', async () => {
    const none = looking(awsError('DescribeOptionGroups', 'OptionGroupNotFoundFault', SEOUL, 404));
    const runs = { engine: 'mysql', version: '8.0', place: { name: 'orders', vpc: undefined } };
    expect(await optionGroupUnfit(none.ctx, SEOUL, 'audit', runs)).toEqual({ missing: ['the option group audit'], unfit: [] });
    for (const name of [undefined, 'default:mysql-8-0']) expect(await optionGroupUnfit(none.ctx, SEOUL, name, runs)).toEqual({ missing: [], unfit: [] });
    expect(none.calls).toHaveLength(1);
  });
});

describe('a parameter group', () => {
  it.each<[string, string | undefined, Partial<Runs>, string[]]>([
    ['of the same engine and major version', 'postgres17', { engine: 'postgres', version: '17.5' }, []],
    ['of a version with two numbers', 'mysql8.0', { engine: 'mysql', version: '8.0.40' }, []],
    ['of another major version', 'postgres16', { engine: 'postgres', version: '17.5' }, ['the parameter group tuned is for postgres16, and the data is of postgres 17.5']],
    ['of a version that begins alike', 'postgres1', { engine: 'postgres', version: '17.5' }, ['the parameter group tuned is for postgres1, and the data is of postgres 17.5']],
    ['of another engine', 'mariadb10.6', { engine: 'mysql', version: '10.6' }, ['the parameter group tuned is for mariadb10.6, and the data is of mysql 10.6']],
    ['of an engine whose families are not judged', 'oracle-ee-19', { engine: 'postgres', version: '17.5' }, []],
    ['of a family with more in its name', 'aurora-postgres17', { engine: 'mysql', version: '8.0' }, []],
    ['of a family with something behind it', 'postgres17-x', { engine: 'mysql', version: '8.0' }, []],
    ['of a family that is not shown', undefined, { engine: 'postgres', version: '17.5' }, []],
    ['where the engine is not shown', 'postgres16', { version: '17.5' }, []],
    ['where the version is not shown', 'postgres16', { engine: 'postgres' }, []],
  ])('%s', async (_what, DBParameterGroupFamily, runs, unfit) => {
    const { ctx, calls, signal } = looking({ DBParameterGroups: [{ DBParameterGroupName: 'tuned', DBParameterGroupFamily }] });
    expect(await parameterGroupUnfit(ctx, SEOUL, 'tuned', { engine: undefined, version: undefined, ...runs })).toEqual({ missing: [], unfit });
    expect(calls.map((call) => [call.region, call.input, call.signal === signal])).toEqual([[SEOUL, { DBParameterGroupName: 'tuned' }, true]]);
  });

  it('that does not exist is missing', async () => {
    const { ctx } = looking(awsError('DescribeDBParameterGroups', 'DBParameterGroupNotFound', SEOUL, 404));
    expect(await parameterGroupUnfit(ctx, SEOUL, 'tuned', { engine: 'mysql', version: '8.0' })).toEqual({ missing: ['the parameter group tuned'], unfit: [] });
  });
});

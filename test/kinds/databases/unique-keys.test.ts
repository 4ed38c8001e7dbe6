import { describe, expect, it } from 'vitest';
import type { Json } from '../../../src/base/json.ts';
import { noInstance, SEOUL, stepOf, TOKYO } from '../context.ts';
import { type Asked, awsError, portOf } from '../port.ts';

/* Two writers must never make the same key: each counts in steps of its own, from a start of its own. */

type Counting = { increment?: string; offset?: string };
const silent = awsError('NoAnswer', { service: 'rds', httpStatus: undefined });
const TWO = { [SEOUL]: { increment: '2', offset: '1' }, [TOKYO]: { increment: '2', offset: '2' } };

interface World {
  counting?: Record<string, Counting | Error>;
  offsets?: Record<string, number>;
  maybeSilent?: string[];
  instance?: (region: string) => object;
}

async function keys({ counting = TWO, offsets = {}, maybeSilent = [], instance = () => ({ DBParameterGroups: [{ DBParameterGroupName: 'counting', ParameterApplyStatus: 'in-sync' }, { DBParameterGroupName: 'other' }] }) }: World = {}) {
  const told = ({ region }: Asked) => counting[region] ?? {};
  const port = portOf({
    DescribeDBInstances: (request) => (told(request) instanceof Error ? (told(request)) : { DBInstances: [{ DBInstanceIdentifier: 'tickets', ...instance(request.region) }] }),
    DescribeDBParameters: (request) => {
      const { increment, offset } = told(request) as Counting;
      return { Parameters: [{ ParameterName: 'auto_increment_increment', ParameterValue: increment }, { ParameterName: 'auto_increment_offset', ParameterValue: offset }, { ParameterName: 'max_connections', ParameterValue: 'many' }] };
    },
  });
  const writers = Object.keys(counting).map((region): Json => ({ region, id: 'tickets', offset: offsets[region] }));
  return { ...(await stepOf('rds-writers.uniqueKeys', { writers, maybeSilent }, { effects: { aws: port.aws } })), ...port };
}
const observed = async (world: World) => {
  const seen = await (await keys(world)).observe();
  return seen.state === 'refused' ? seen.refusal.observed : seen;
};

describe('writers', () => {
  it('that count apart may take users', async () => {
    const step = await keys();
    const because = `${SEOUL}: every 2 from 1; ${TOKYO}: every 2 from 2`;
    expect([await step.check(), await step.observe()]).toEqual([{ state: 'ok', because, warnings: [] }, { state: 'reached', because }]);
    expect(step.asked.filter(({ operation }) => operation === 'DescribeDBParameters').map(({ region, input }) => [region, input.DBParameterGroupName]).slice(0, 2)).toEqual([[SEOUL, 'counting'], [TOKYO, 'counting']]);
    expect(step.isStoppable()).toBe(true);
    // What nobody has set is what MySQL begins with.
    for (const offset of ['', undefined]) expect(await observed({ counting: { ...TWO, [SEOUL]: { increment: '2', ...(offset === undefined ? {} : { offset }) } } })).toEqual({ state: 'reached', because });
  });

  it.each<[string, Record<string, Counting>, string]>([
    ['nobody has told apart', { [SEOUL]: {}, [TOKYO]: {} }, `${SEOUL} counts in steps of 1, and there are 2 writers; ${TOKYO} counts in steps of 1, and there are 2 writers; ${SEOUL} and ${TOKYO} both start at 1`],
    ['start at the same key', { [SEOUL]: { increment: '2', offset: '2' }, [TOKYO]: { increment: '2', offset: '2' } }, `${SEOUL} and ${TOKYO} both start at 2`],
    ['count in other steps', { [SEOUL]: { increment: '2', offset: '1' }, [TOKYO]: { increment: '4', offset: '2' } }, `${SEOUL} counts in steps of 2, ${TOKYO} in steps of 4`],
    ['have a start that MySQL ignores', { [SEOUL]: { increment: '2', offset: '1' }, [TOKYO]: { increment: '2', offset: '3' } }, `${TOKYO} has the offset 3 above its increment 2, which MySQL ignores`],
    ['are three', { [SEOUL]: { increment: '3', offset: '1' }, [TOKYO]: { increment: '2', offset: '2' }, 'us-east-1': { increment: '3', offset: '1' } }, `${TOKYO} counts in steps of 2, and there are 3 writers; ${SEOUL} counts in steps of 3, ${TOKYO} in steps of 2; ${SEOUL} and us-east-1 both start at 1`],
  ])('that %s are refused', async (_what, counting, wrong) => {
    const step = await keys({ counting });
    const count = Object.keys(counting).length;
    const refusal = {
      rule: 'unique-keys',
      observed: wrong,
      threshold: `auto_increment_increment of at least ${count} for all, and an auto_increment_offset of its own for each of ${count} writers`,
      consequence: 'two regions would make the same key, and rows would be lost when they meet',
      override: 'aws rds modify-db-parameter-group --region REGION --db-parameter-group-name GROUP --parameters ParameterName=auto_increment_offset,ParameterValue=N,ApplyMethod=immediate',
    };
    expect([await step.check(), await step.observe()]).toEqual([{ state: 'refused', refusal }, { state: 'refused', refusal }]);
  });

  it.each([['pending-reboot', 'pending-reboot'], [undefined, 'in no known status']])('whose parameters may not be in force (%s) are warned of: AWS does not say which of them wait', async (ParameterApplyStatus, shown) => {
    const step = await keys({ instance: (region) => ({ DBParameterGroups: [{ DBParameterGroupName: 'counting', ParameterApplyStatus: region === TOKYO ? ParameterApplyStatus : 'in-sync' }] }) });
    const because = `${SEOUL}: every 2 from 1; ${TOKYO}: every 2 from 2 (its parameter group is ${shown})`;
    const warnings = [{ rule: 'unique-keys-waiting', observed: `the parameter group of the writer in ${TOKYO} is ${shown}: it may not count as its group says yet`, wanted: 'in-sync', mend: `SHOW VARIABLES LIKE 'auto_increment%' on it; what waits for a restart: aws rds reboot-db-instance --region ${TOKYO}` }];
    expect([await step.check(), await step.observe()]).toEqual([{ state: 'ok', because, warnings }, { state: 'reached', because }]);
  });

  it('are not judged by what cannot be read', async () => {
    await expect((await keys({ counting: { ...TWO, [SEOUL]: { increment: 'two' } } })).observe()).rejects.toThrow('two is no whole number');
    await expect((await keys({ counting: { ...TWO, [SEOUL]: { increment: '1.5' } } })).check()).rejects.toThrow('1.5 is no whole number');
    await expect((await keys({ counting: { ...TWO, [SEOUL]: noInstance(SEOUL) } })).observe()).rejects.toThrow(`there is no tickets in ${SEOUL}`);
    for (const instance of [() => ({}), () => ({ DBParameterGroups: [] })]) await expect((await keys({ instance })).observe()).rejects.toThrow(`there is no tickets in ${SEOUL}, or it shows no parameter group`);
  });
});

describe('a region that may be lost', () => {
  const lost = { counting: { [SEOUL]: silent, [TOKYO]: { increment: '2', offset: '2' } }, maybeSilent: [SEOUL] };

  it('is asked shortly, and the others as ever', async () => {
    const { asked, observe } = await keys(lost);
    await observe();
    expect(asked.map(({ operation, region, ...request }) => [operation, region, (request as { timeoutMs?: number }).timeoutMs !== undefined, (request as { attempts?: number }).attempts])).toEqual([
      ['DescribeDBInstances', SEOUL, true, 1], ['DescribeDBInstances', TOKYO, false, undefined], ['DescribeDBParameters', TOKYO, false, undefined],
    ]);
    const up = await keys({ maybeSilent: [SEOUL] });
    await up.observe();
    expect(up.asked.filter(({ region }) => region === SEOUL).every((request) => (request as { attempts?: number }).attempts === 1)).toBe(true);
  });

  it('counts as the runbook says where it does not answer', async () => {
    expect(await observed({ ...lost, offsets: { [SEOUL]: 1 } })).toEqual({ state: 'reached', because: `${SEOUL}: every ? from 1 (as the runbook says); ${TOKYO}: every 2 from 2` });
    expect(await observed({ ...lost, offsets: { [SEOUL]: 2 } })).toBe(`${SEOUL} and ${TOKYO} both start at 2`);
    expect(await observed({ ...lost, offsets: { [SEOUL]: 2, [TOKYO]: 7 } })).toBe(`${SEOUL} and ${TOKYO} both start at 2`);
    // What it answers itself counts, whatever the runbook says.
    expect(await observed({ maybeSilent: [SEOUL], offsets: { [SEOUL]: 2 } })).toMatchObject({ state: 'reached' });
  });

  it('that nobody knows of is warned of, and refuses nothing: a lost region writes no more', async () => {
    const step = await keys(lost);
    expect(await step.check()).toEqual({
      state: 'ok',
      because: `${SEOUL}: every ? from ? (as the runbook says); ${TOKYO}: every 2 from 2`,
      warnings: [{ rule: 'unique-keys-unknown', observed: `${SEOUL} cannot be asked, and \`offsets\` of the runbook does not say from where it counts: it is checked when it comes back`, wanted: 'an offset that is known while the region is lost', mend: 'name `offsets` for each region in the runbook' }],
    });
    expect(await step.observe()).toMatchObject({ state: 'reached' });
    // Nor are two of them compared with each other.
    expect(await observed({ counting: { ...TWO, [TOKYO]: { increment: '3', offset: '2' }, [SEOUL]: silent, 'us-east-1': silent }, maybeSilent: [SEOUL, 'us-east-1'] })).toMatchObject({ state: 'reached' });
  });

  it('whose answer is a refusal, or another one that must answer, is an error', async () => {
    const denied = awsError('AccessDenied', { service: 'rds' });
    await expect((await keys({ ...lost, counting: { ...lost.counting, [SEOUL]: denied } })).observe()).rejects.toBe(denied);
    await expect((await keys({ ...lost, maybeSilent: [TOKYO] })).observe()).rejects.toBe(silent);
    const defect = new TypeError('a defect');
    await expect((await keys({ ...lost, counting: { ...lost.counting, [SEOUL]: defect } })).observe()).rejects.toBe(defect);
    await expect((await keys({ maybeSilent: [SEOUL], instance: (region) => (region === SEOUL ? {} : { DBParameterGroups: [{ DBParameterGroupName: 'counting', ParameterApplyStatus: 'in-sync' }] }) })).observe()).rejects.toThrow('it shows no parameter group');
  });
});

import { describe, expect, it } from 'vitest';
import type { Json } from '../../../src/base/json.ts';
import { type AtHand, stepOf, TOKYO } from '../context.ts';
import { awsError, portOf } from '../port.ts';

/* Instances that wait and are started, one answer of AWS at a time: what counts, in which order others take their place, and what is stopped when a run is taken back. */

const id = (n: number) => `i-0000000${n}`;
const PARAMS = { name: 'batch', region: TOKYO, ids: [id(2), id(1)], types: ['m6g.xlarge', 'm6g.large'] };
const one = (n: number, Name = 'stopped', more: object = {}) => ({ InstanceId: id(n), InstanceType: 'm6g.large', State: { Name }, Placement: { AvailabilityZone: 'a' }, ...more });
const GUIDE = 'https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/troubleshooting-launch.html';
const full = (code = 'InsufficientInstanceCapacity') => awsError(code, { operation: 'StartInstances' });

interface World extends AtHand {
  params?: Record<string, Json>;
  answers?: Parameters<typeof portOf>[0];
  failing?: readonly string[];
}

async function start(shown: readonly { InstanceId: string }[], { params = {}, answers = {}, failing = [], ...at }: World = {}) {
  const check = (Status: string) => ({ Status });
  const port = portOf({
    DescribeInstances: { Reservations: [{ Instances: shown }] },
    DescribeInstanceStatus: ({ input }) => ({ InstanceStatuses: (input.InstanceIds as string[]).map((InstanceId) => ({ InstanceId, InstanceState: { Name: 'running' }, InstanceStatus: check(failing.includes(InstanceId) ? 'impaired' : 'ok'), SystemStatus: check('ok') })) }),
    ...answers,
  });
  const spares = shown.map(({ InstanceId }) => InstanceId).filter((name) => !PARAMS.ids.includes(name));
  const step = await stepOf('ec2-instances.start', { ...PARAMS, spares, ...params }, { ...at, effects: { aws: port.aws } });
  return { ...step, ...port };
}

describe('before a run', () => {
  it('so many that are not terminated are enough; what is running is said', async () => {
    const step = await start([one(1, 'running'), one(2), one(3, 'terminated')]);
    expect(await step.check()).toEqual({ state: 'ok', because: '1 of 2 instances running; stopped ones hold no capacity' });
    expect(step.asked).toMatchObject([{ operation: 'DescribeInstances', region: TOKYO, input: { InstanceIds: [id(2), id(1), id(3)] } }]);
    expect(step.isStoppable()).toBe(true);
  });

  it('one less is refused, and a state that nobody knows is none that can be started', async () => {
    for (const state of ['terminated', 'of-tomorrow']) {
      expect(await (await start([one(1, state), one(2), one(3, state)])).check()).toEqual({
        state: 'refused',
        refusal: { rule: 'instances', observed: '2 of the instances of batch are terminated, or in no state that can be started', threshold: '2 instances that can be started', consequence: 'users would be sent to a region without capacity', override: `none: correct the ids in the runbook. aws ec2 describe-instances --region ${TOKYO}` },
      });
    }
  });

  it('an id that AWS does not know is refused in its words; any other error is one', async () => {
    const unknown = awsError('InvalidInstanceID.NotFound');
    expect(await (await start([], { answers: { DescribeInstances: unknown } })).check()).toMatchObject({ state: 'refused', refusal: { observed: unknown.message } });
    const denied = awsError('UnauthorizedOperation');
    await expect((await start([], { answers: { DescribeInstances: denied } })).check()).rejects.toBe(denied);
    const defect = Object.assign(new TypeError('a defect'), { code: 'InvalidInstanceID' });
    await expect((await start([], { answers: { DescribeInstances: defect } })).check()).rejects.toBe(defect);
  });
});

describe('the instances', () => {
  it('are there once so many run and have passed their checks, spares too', async () => {
    const step = await start([one(1, 'running'), one(2, 'terminated'), one(3, 'running')]);
    const reached = { state: 'reached', because: '2 instances running, status checks passed' };
    expect([await step.observe(), await step.holds()]).toEqual([reached, reached]);
    expect(step.asked[1]).toMatchObject({ operation: 'DescribeInstanceStatus', input: { InstanceIds: [id(1), id(3)] } });
    expect(step.isStoppable()).toBe(true);
    expect(await (await start([one(1, 'running'), one(2, 'pending')], { failing: [id(1)] })).observe()).toEqual({ state: 'pending', because: `status checks passed: 1 of 2 instances; ${id(1)}: its instance check is impaired`, waitingFor: 'aws' });
  });

  it('are too few: what is stopped now is written down before any is started, in the order of the runbook', async () => {
    const step = await start([one(1), one(3), one(2)], { facts: { 'started.batch': [id(9)] } });
    expect(await step.observe()).toEqual({ state: 'absent', because: '0 of 2 instances running' });
    expect(step.recorded).toEqual({ 'started.batch': [id(9), id(2), id(1), id(3)] });
    // What runs by now was not started by this run: nobody stops it again.
    const other = await start([one(1, 'running'), one(2), one(3, 'stopping')], { params: { ids: [id(1), id(2), id(3)] } });
    await other.observe();
    expect(other.recorded).toEqual({ 'started.batch': [id(2)] });
  });

  it('that are still stopping are waited for, where they are enough', async () => {
    expect(await (await start([one(1, 'running'), one(2, 'stopping')])).observe()).toEqual({ state: 'pending', because: '1 instance still stopping', waitingFor: 'aws' });
    expect(await (await start([one(1, 'stopping'), one(2)])).observe()).toMatchObject({ state: 'absent' });
  });

  it('that fall back end the step for what no wait mends, and are started again for the rest', async () => {
    const fell = (Message: string) => [one(1, 'running'), one(2, 'stopped', { StateReason: { Message } })];
    expect(await (await start(fell('Client.InternalError: Client error on launch'), { attempt: 2 })).observe()).toEqual({ state: 'impossible', because: `1 of 2 instances running; ${id(2)} has ended: AWS: Client.InternalError: Client error on launch`, next: ['correct what AWS names, then: dr resume', GUIDE] });
    expect(await (await start(fell('Server.SpotInstanceShutdown'), { attempt: 2 })).observe()).toEqual({ state: 'absent', because: `1 of 2 instances running; ${id(2)} has ended: AWS: Server.SpotInstanceShutdown` });
    // A reason of before the run says nothing.
    expect(await (await start(fell('Client.InternalError: Client error on launch'), { attempt: 1 })).observe()).toEqual({ state: 'absent', because: '1 of 2 instances running' });
    expect(await (await start([one(1, 'running', { StateReason: { Message: 'Client.InternalError' } }), one(2)], { attempt: 2 })).observe()).toEqual({ state: 'absent', because: '1 of 2 instances running' });
  });
});

describe('the start', () => {
  const sent = async (shown: Parameters<typeof start>[0], world: World = {}) => {
    const step = await start(shown, world);
    const error = await step.act().then(() => undefined, (thrown: unknown) => thrown);
    if (step.changes().length > 0) expect(step.isStoppable()).toBe(true);
    return { error, changes: step.changes().map(({ operation, input: { InstanceIds, InstanceId, InstanceType } }) => (operation === 'StartInstances' ? (InstanceIds as string[]).join(' ') : `${operation} ${InstanceId as string} ${(InstanceType as { Value: string }).Value}`)) };
  };

  it('is one request for all that are missing, those of the runbook before its spares', async () => {
    expect(await sent([one(3), one(1), one(2)])).toEqual({ error: undefined, changes: [`${id(2)} ${id(1)}`] });
    expect(await sent([one(3), one(1), one(2, 'running')])).toEqual({ error: undefined, changes: [id(1)] });
  });

  it.each([[[one(1, 'running'), one(2, 'running'), one(3)]], [[one(1, 'running'), one(2, 'running'), one(3, 'running')]], [[one(1, 'running'), one(2, 'running'), one(3, 'running'), one(4)]]])('is none where enough run by now', async (shown) => {
    expect(await sent(shown)).toEqual({ error: undefined, changes: [] });
  });

  it('is made one by one where there is no room for all: as another type, then of a spare in its place', async () => {
    const noRoom = (...rooms: string[]) => ({ answers: { StartInstances: ({ input }: { input: Record<string, unknown> }) => (rooms.includes((input.InstanceIds as string[]).join(' ')) ? {} : full()) } });
    expect(await sent([one(1), one(2), one(3)], noRoom(id(1), id(3)))).toEqual({
      error: undefined,
      changes: [`${id(2)} ${id(1)}`, id(2), `ModifyInstanceAttribute ${id(2)} m6g.xlarge`, id(2), id(1), id(3)],
    });
    // Once so many are up, no spare is started.
    expect(await sent([one(1), one(2), one(3)], noRoom(id(1), id(2)))).toEqual({ error: undefined, changes: [`${id(2)} ${id(1)}`, id(2), id(1)] });
    const types = await start([one(1, 'running'), one(2)], { answers: { StartInstances: full() } });
    await types.act().catch(() => undefined);
    expect(types.changes()[2]).toEqual({ service: 'ec2', operation: 'ModifyInstanceAttribute', region: TOKYO, input: { InstanceId: id(2), InstanceType: { Value: 'm6g.xlarge' } } });
  });

  it('of one that is bound to a capacity reservation without room is made of a spare in its place', async () => {
    const bound = awsError('ReservationCapacityExceeded', { operation: 'StartInstances' });
    const answers = { StartInstances: ({ input }: { input: Record<string, unknown> }) => ((input.InstanceIds as string[]).includes(id(2)) ? bound : {}) };
    expect(await sent([one(2), one(1, 'running'), one(3)], { answers })).toEqual({ error: undefined, changes: [id(2), id(2), `ModifyInstanceAttribute ${id(2)} m6g.xlarge`, id(2), id(3)] });
  });

  it('is made of a spare where an instance cannot be of another type', async () => {
    const answers = {
      StartInstances: ({ input }: { input: Record<string, unknown> }) => ((input.InstanceIds as string[]).includes(id(2)) ? full() : {}),
      ModifyInstanceAttribute: awsError('InvalidInstanceAttributeValue', { operation: 'ModifyInstanceAttribute' }),
    };
    expect(await sent([one(2), one(1, 'running'), one(3)], { answers })).toEqual({ error: undefined, changes: [id(2), id(2), `ModifyInstanceAttribute ${id(2)} m6g.xlarge`, id(3)] });
  });

  it('with fewer than are missing is made one by one at once, and ends with what was tried', async () => {
    const { error, changes } = await sent([one(1, 'stopped', { Placement: undefined }), one(2, 'terminated')], { params: { types: ['m6g.xlarge'] }, answers: { StartInstances: ({ input }) => full((input.InstanceIds as string[])[0] === id(1) ? 'VcpuLimitExceeded' : 'x') } });
    expect(error).toMatchObject({
      code: 'NO_CAPACITY',
      message: `${TOKYO} has no capacity for batch: no m6g.large in its zone for ${id(1)} (${full('VcpuLimitExceeded').message}); no m6g.xlarge in its zone for ${id(1)} (${full('VcpuLimitExceeded').message})`,
      next: ['name other `types`, or `spares` in other zones, for batch in the runbook; then: dr resume', expect.stringContaining('capacity reservation') as string],
    });
    expect(changes).toEqual([id(1), `ModifyInstanceAttribute ${id(1)} m6g.xlarge`, id(1)]);
    const zone = await sent([one(1), one(2, 'terminated')], { params: { types: [] }, answers: { StartInstances: full() } });
    expect(zone.error).toMatchObject({ message: `${TOKYO} has no capacity for batch: no m6g.large in a for ${id(1)}` });
    const some = await sent([one(1), one(2, 'terminated')], { params: { types: [] } });
    expect(some).toMatchObject({ changes: [id(1)], error: { code: 'NO_CAPACITY' } });
  });

  it('that AWS refuses for another reason is an error', async () => {
    const denied = awsError('UnauthorizedOperation', { operation: 'StartInstances' });
    expect(await sent([one(1), one(2)], { answers: { StartInstances: denied } })).toEqual({ error: denied, changes: [`${id(2)} ${id(1)}`] });
  });

  it('may take two minutes', async () => {
    expect((await start([])).kind.actMs?.({})).toBe(120_000);
  });
});

describe('what is taken back', () => {
  const undone = async (looks: { InstanceId: string }[][]) => {
    let look = -1;
    const answers = { DescribeInstances: () => ({ Reservations: [{ Instances: looks[(look += 1)] }] }) };
    const step = await start([], { facts: { 'started.batch': looks[0]?.map(({ InstanceId }) => InstanceId) ?? [] }, answers });
    const began = step.clock.now();
    await step.undo();
    return { ...step, took: step.clock.now() - began, looks: look + 1 };
  };

  it('is stopped by one request, and looked at until it is stopped, or gone', async () => {
    const step = await undone([[one(1, 'running'), one(2, 'pending')], [one(1, 'running'), one(2, 'pending')], [one(1), one(2, 'of-tomorrow')], [one(1), one(2, 'shutting-down')]]);
    expect(step.changes()).toEqual([{ service: 'ec2', operation: 'StopInstances', region: TOKYO, input: { InstanceIds: [id(1), id(2)] } }]);
    expect([step.looks, step.took, step.waits().map(({ cause }) => cause), step.isStoppable()]).toEqual([4, 10_000, ['aws'], true]);
    expect(step.asked[0]?.input).toEqual({ InstanceIds: [id(1), id(2)] });
  });

  it('is asked to stop where it is shown as stopped, too: a start may not show yet; what is gone is not, for AWS would refuse the whole request', async () => {
    const shown = [one(1), one(2, 'running'), one(3, 'terminated')];
    expect((await undone([shown, [one(1), one(2), one(3, 'terminated')]])).changes().map(({ input }) => input.InstanceIds)).toEqual([[id(1), id(2)]]);
    const gone = [one(1, 'terminated'), one(2, 'terminated')];
    expect((await undone([gone, gone])).changes()).toEqual([]);
  });

  it('is nothing where nothing was started', async () => {
    const step = await start([one(1, 'running')]);
    await step.undo();
    expect(step.asked).toEqual([]);
  });
});

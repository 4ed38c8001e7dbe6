import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { AwsCaller, AwsRequest } from '../../../src/aws/caller.ts';
import { reliableCaller } from '../../../src/aws/reliable-caller.ts';
import { sdkCaller } from '../../../src/aws/sdk-caller.ts';
import { systemClock } from '../../../src/base/clock.ts';
import { systemIds } from '../../../src/base/ids.ts';
import type { Json } from '../../../src/base/json.ts';
import type { PlanContext, StepDraft } from '../../../src/model/kind.ts';
import { knownKind } from '../../../src/kinds/registry.ts';
import type { StepContext, StepKind } from '../../../src/model/step.ts';
import { wireServer, type WireServer } from '../../../src/lab/wire/server.ts';
import { loadRunbook } from '../../../src/runbook/load.ts';
import { simulatedEffects } from '../../../src/simulator/effects.ts';
import { World } from '../../../src/simulator/world.ts';
import { awsEnvironment, restoreEnvironment, useEnvironment } from '../../lab/wire/environment.ts';
import { RUN_FACTS } from '../context.ts';

/* The kinds of backup-restore and pilot-light through the real SDK, over HTTP, against a world in real time. */

const SEOUL = 'ap-northeast-2';
const TOKYO = 'ap-northeast-1';
const BRISK = { callMs: 1, restoreMs: 200, modifyMs: 50, instanceWarmUpMs: 100, targetMs: 20, backupPeriodMs: 1000, backupDelayMs: 100, firstBackupMs: 100, renameMs: 50 };

let world: World;
let server: WireServer;
let aws: AwsCaller;
const defects: unknown[] = [];

beforeEach(async () => {
  world = new World({ clock: systemClock, seed: 1, regions: [SEOUL, TOKYO], timings: BRISK });
  server = await wireServer({
    handle: (request) => world.call(request as unknown as AwsRequest) as Promise<{ output: object }>,
    onDefect: (error) => defects.push(error),
  });
  useEnvironment(awsEnvironment({ AWS_ENDPOINT_URL: server.url }));
  aws = reliableCaller(sdkCaller(), { clock: systemClock, ids: systemIds });
});

afterEach(async () => {
  await server.close();
  restoreEnvironment();
  expect(defects.splice(0)).toEqual([]);
});

/** A resource of a runbook in the world, and the steps that it contributes, run one by one to their ends. */
async function resourceOf(runbook: string, name: string) {
  const { runbook: loaded } = await loadRunbook(fileURLToPath(new URL(`../../../runbooks/${runbook}.yaml`, import.meta.url)));
  const found = loaded.resources.find((r) => r.name === name);
  const kind = await knownKind(found?.kind ?? '');
  kind.simulate(world, name, found?.resource, loaded.home, loaded.strategy);
  const effects = { ...simulatedEffects(world), aws };
  const observe = (verb: 'failover' | 'switchover' | 'reprotect') =>
    kind.observe({ effects, verb, strategy: loaded.strategy, target: TOKYO, regions: [SEOUL, TOKYO] }, found?.resource);
  const plan = async (verb: 'failover' | 'reprotect'): Promise<StepDraft[]> => {
    const context: PlanContext = { runbook, verb, strategy: loaded.strategy, source: SEOUL, target: TOKYO, survivors: [TOKYO], objectives: loaded.objectives, account: '000000000000' };
    return kind.plan(context, name, found?.resource, await observe(verb));
  };
  const facts: Record<string, Json> = {};
  const run = async (drafts: readonly StepDraft[], step: string) => {
    const code = kind.steps[step] as unknown as StepKind<Json>;
    const params = code.params.parse(drafts.find((d) => d.step === step)?.params);
    const context: StepContext = {
      effects,
      signal: AbortSignal.timeout(20_000),
      runbook,
      source: SEOUL,
      target: TOKYO,
      operator: 'test',
      run: RUN_FACTS,
      acceptances: { approvedBy: [] },
      impactAt: () => undefined,
      impactNamed: false,
      attempt: 0,
    askedBefore: false,
      intends: () => false,
      fact: (fact) => facts[fact],
      record: (fact, value) => {
        facts[fact] = value;
      },
      wait: (_cause, ms) => systemClock.sleep(ms),
    };
    expect(await code.check(context, params)).toMatchObject({ state: 'ok' });
    for (let acts = 0; ; ) {
      const seen = await code.observe(context, params);
      if (seen.state === 'reached') return { because: seen.because, acts };
      if (seen.state !== 'absent' && seen.state !== 'pending') throw new Error(JSON.stringify(seen));
      if (seen.state === 'absent') {
        acts += 1;
        await code.act?.(context, params);
      }
      await systemClock.sleep(20);
    }
  };
  return { observe, plan, run, facts };
}

describe('through the real SDK', () => {
  it('rds-backup restores, opens, and is replicated back', async () => {
    const db = await resourceOf('archive', 'documents');
    expect(await db.observe('failover')).toMatchObject({ activeIn: [SEOUL], facts: { here: 'absent', backupsOf: SEOUL } });
    const out = await db.plan('failover');
    expect((await db.run(out, 'recoveryGate')).because).toMatch(/^at most \d/);
    // The fence waits until a restart has shown; here it is not what is tested.
    db.facts['fence.documents'] = { verdict: 'fenced', because: 'as the plan has it before the restore', at: 0 };
    expect(await db.run(out, 'restore')).toEqual({ because: expect.stringMatching(/^archive-documents-tokyo is (available|backing-up) with the settings of the runbook, and still closed\. Without .*: set what the original had$/) as string, acts: 1 });
    expect(await db.observe('failover')).toMatchObject({ activeIn: [SEOUL], facts: { here: 'closed' } });
    // Tried during the first backup too, when AWS may refuse it.
    expect((await db.run(out, 'open')).acts).toBeGreaterThan(0);
    expect(await db.observe('failover')).toMatchObject({ activeIn: [TOKYO] });
    const back = await db.plan('reprotect');
    expect((await db.run(back, 'keepOld')).acts).toBe(1);
    expect((await db.run(back, 'replicate')).because).toMatch(/^archive-documents-tokyo can be restored in ap-northeast-2 as of /);
  });

  it('ec2-image launches, registers and stops again', async () => {
    const compute = await resourceOf('archive', 'api');
    const out = await compute.plan('failover');
    await compute.run(out, 'imageGate');
    expect(await compute.run(out, 'launch')).toEqual({ because: '2 instances running, status checks passed', acts: 1 });
    expect(await compute.run(out, 'register')).toEqual({ because: '2 targets are healthy in archive-api', acts: 1 });
  });

  it('ec2-instances start, register, and the other side stops once they carry the users', async () => {
    const compute = await resourceOf('billing', 'batch');
    const out = await compute.plan('failover');
    expect(await compute.run(out, 'start')).toEqual({ because: '2 instances running, status checks passed', acts: 1 });
    expect(await compute.run(out, 'register')).toEqual({ because: '2 targets are healthy in billing-batch', acts: 1 });
    expect(await compute.run(await compute.plan('reprotect'), 'stop')).toEqual({ because: 'no instance of batch runs in ap-northeast-2', acts: 1 });
  });

  it('an instance without capacity is another type over the wire as well, although EC2 answers 500', async () => {
    const compute = await resourceOf('billing', 'batch');
    world.state.instances.setCapacity({ region: TOKYO, zone: `${TOKYO}a`, type: 'm6g.large' }, 0);
    const out = await compute.plan('failover');
    expect((await compute.run(out, 'start')).acts).toBe(1);
    expect(world.state.instances.get(TOKYO, 'i-0b00000000000b001')?.type).toBe('m7g.large');
  });
});

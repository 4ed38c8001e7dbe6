import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { planWithPreview } from '../../src/app/preview.ts';
import { DrError } from '../../src/base/errors.ts';
import { EXIT } from '../../src/base/exit-codes.ts';
import type { JournalRecord } from '../../src/journal/events.ts';
import { foldAll } from '../../src/journal/fold.ts';
import { LocalStore } from '../../src/journal/local-store.ts';
import { planHash } from '../../src/plan/compile.ts';
import type { Plan } from '../../src/model/plan.ts';
import { SEOUL, TOKYO } from '../engine/simulated.ts';
import { bench, type Bench, refusalOf, stopAt } from './fixture.ts';

describe('a failover', () => {
  it('plans, asks, runs, and leaves a journal and a report', async () => {
    const b = await bench();
    const asked: Plan[] = [];
    const seen: string[] = [];
    const result = await b.start({
      confirm: (plan) => (asked.push(plan), Promise.resolve('typed')),
      onRecord: (record) => void seen.push(record.type),
    });
    expect(result.exit).toBe('ok');
    expect(asked).toHaveLength(1);
    expect(result.state).toMatchObject({ outcome: 'succeeded', confirmedBy: 'typed', mode: 'lab', impactAt: expect.any(Number) as number });
    expect(result.state.plan.hash).toBe(asked[0]?.hash);
    expect(result.state.plan.runbook.path).toBe(join(b.runbooks, 'shop.yaml'));
    expect(result.state.operator).toMatchObject({ pid: process.pid, identity: expect.stringContaining('arn:aws:sts::000000000000:') as string });
    expect(result.state.planning?.to).toBeGreaterThanOrEqual(result.state.planning?.from ?? Number.POSITIVE_INFINITY);
    expect(result.summary.join('\n')).toContain('shop');
    const records = await new LocalStore(b.state, result.state.run).read();
    expect(records.map((r) => r.type)).toEqual(seen);
    expect(foldAll(records)).toEqual(result.state);
    const evidence = JSON.parse(await readFile(result.report?.json ?? '', 'utf8')) as { test: { id: string } };
    expect(evidence.test.id).toBe(result.state.run);
    expect(await readFile(result.report?.html ?? '', 'utf8')).toContain('<html');
  });

  it('asks when users began to suffer if nobody has said it, and keeps the answer as what a person said', async () => {
    const b = await bench();
    const at = b.sim.clock.now() - 60_000;
    const never = (): Promise<number> => Promise.reject(new Error('asked although it is known'));
    const unsaid = { impactAt: undefined } as object;
    const asked = await b.start({ ...unsaid, askImpact: () => Promise.resolve(at) });
    expect(asked.state.impactAt).toBe(at);
    expect(asked.state.impactSource).toBeUndefined();
    await expect((await bench()).start({ askImpact: never })).resolves.toMatchObject({ exit: 'ok' });
  });

  it('has its lock while it runs, and gives it back', async () => {
    const b = await bench();
    const second: Promise<DrError>[] = [];
    const first = await b.start({ onRecord: (record) => record.type === 'checks.green' && second.push(refusalOf(b.start())) });
    expect(first.exit).toBe('ok');
    expect(await second[0]).toMatchObject({ code: 'RUN_IN_PROGRESS', exit: 'busy', detail: expect.stringContaining(first.state.run) as string });
    expect(await readdir(join(b.state, 'runs'))).toEqual([first.state.run]);
    b.sim.world.healRegion(SEOUL);
    await b.sim.clock.run(() => b.sim.clock.sleep(60_000));
    expect((await refusalOf(b.start())).code).toBe('ALREADY_ACTIVE');
  });

  it('that is declined has left nothing', async () => {
    const b = await bench();
    const declined = new DrError({ code: 'DECLINED', exit: 'declined', title: 'Not confirmed.' });
    expect(await refusalOf(b.start({ confirm: () => Promise.reject(declined) }))).toBe(declined);
    await expect(readdir(b.state)).rejects.toThrow('ENOENT');
  });

  it('that cannot be planned has asked nobody and left nothing', async () => {
    const b = await bench();
    let asked = 0;
    const confirm = () => ((asked += 1), Promise.resolve('flag' as const));
    expect(await refusalOf(b.start({ region: 'ap-northeast-3', confirm }))).toMatchObject({ code: 'REGION_UNKNOWN', exit: 'usage' });
    b.sim.world.addFault({ service: 'sts', effect: { kind: 'error', httpStatus: 403, code: 'ExpiredToken' } });
    expect(await refusalOf(b.start({ confirm }))).toMatchObject({ code: 'NO_CREDENTIALS', exit: 'aws' });
    expect(asked).toBe(0);
    await expect(readdir(b.state)).rejects.toThrow('ENOENT');
  });

  it('needs a state folder that can be used, before anything is changed', async () => {
    const b = await bench();
    await writeFile(b.state, 'a file');
    expect(await refusalOf(b.start())).toMatchObject({ code: 'STATE_UNUSABLE', exit: 'journal' });
    expect(b.sim.world.acceptsWrites({ region: TOKYO, id: 'shop-orders-tokyo' })).toBe(false);
  });
});

describe('the exit code', () => {
  it('4: refused', async () => {
    const b = await bench({ alive: true });
    const { exit, state, report } = await b.start();
    expect([exit, EXIT[exit], state.outcome]).toEqual(['refused', 4, 'refused']);
    expect(report).toBeDefined();
  });

  it('10: what had to be looked at could not be', async () => {
    const b = await bench();
    const { exit, state } = await b.start({
      confirm: () => {
        // The plan could still be made; the checks cannot.
        b.sim.world.addFault({ service: 'autoscaling', effect: { kind: 'error', httpStatus: 400, code: 'AccessDenied' } });
        return Promise.resolve('flag');
      },
    });
    expect([exit, EXIT[exit]]).toEqual(['aws', 10]);
    expect(state.steps.get('compute.api.scaleOut')?.check).toBe('failed');
  });

  it('6: a step failed', async () => {
    const b = await bench();
    b.sim.world.setGroupCapacity(TOKYO, 'shop-api', 3);
    const { exit, state } = await b.start();
    expect([exit, EXIT[exit], state.outcome]).toEqual(['failed', 6, 'failed']);
  });

  it('7: stopped', async () => {
    const b = await bench();
    const { exit, state } = await b.start(stopAt((r) => r.type === 'step.acted'));
    expect([exit, EXIT[exit], state.interrupted]).toEqual(['interrupted', 7, true]);
    expect(state).not.toHaveProperty('outcome');
  });

  it('8: recovered, but the objective was missed', async () => {
    const b = await bench({ alive: true });
    b.sim.world.setReplication({ region: TOKYO, id: 'shop-orders-tokyo' }, { lagMs: 900_000 });
    await b.sim.clock.run(() => b.sim.clock.sleep(1_200_000));
    b.sim.world.breakRegion(SEOUL);
    const { exit, state } = await b.start({ acceptances: { approvedBy: ['incident-commander@example.com'], dataLossSeconds: 'unknown', reason: 'decided' } });
    expect([exit, EXIT[exit], state.outcome]).toEqual(['objectiveMissed', 8, 'succeeded']);
  });
});

describe('a saved plan', () => {
  async function saved(b: Bench, change: (plan: Plan) => unknown = (plan) => plan): Promise<string> {
    const { plan } = await b.sim.clock.run(() => planWithPreview({ verb: 'failover', region: TOKYO, runbooks: b.runbooks, effects: b.sim.effects, state: { folder: b.state } }));
    const path = join(b.runbooks, '..', 'plan.json');
    await writeFile(path, JSON.stringify(change(plan)));
    return path;
  }
  const rehashed = (change: Partial<Plan>) => (plan: Plan) => {
    const changed = { ...plan, ...change };
    return { ...changed, hash: planHash(changed) };
  };
  const nothingWritten = (b: Bench) => expect(readdir(b.state)).rejects.toThrow('ENOENT');

  it('is run as it was saved', async () => {
    const b = await bench();
    const planFile = await saved(b);
    await b.sim.clock.run(() => b.sim.clock.sleep(600_000));
    const { exit, state } = await b.start({ planFile });
    expect(exit).not.toBe('failed');
    expect(state.outcome).toBe('succeeded');
    expect(state.plan).toEqual(JSON.parse(await readFile(planFile, 'utf8')));
  });

  it.each<[string, (plan: Plan) => unknown, RegExp]>([
    ['edited', (plan) => ({ ...plan, steps: plan.steps.filter((s) => !s.gate) }), /^It was changed after it was made: its hash does not match\.$/],
    ['of another schema', (plan) => ({ ...plan, schema: 'dr.plan/0' }), /^It is not of the schema dr\.plan\/3\.$/],
    ['of no schema', () => ({ hello: 1 }), /^It is not of the schema/],
    ['null', () => null, /^It is not of the schema/],
    ['a list', () => [], /^It is not of the schema/],
  ])('that is %s is refused', async (_name, change, detail) => {
    const b = await bench();
    const planFile = await saved(b, change);
    const error = await refusalOf(b.start({ planFile }));
    expect(error).toMatchObject({ code: 'PLAN_INVALID', exit: 'usage', message: `${planFile} is not a plan that can be run.`, next: ['make it again: dr plan --region REGION --out FILE'] });
    expect(error.detail).toMatch(detail);
    await nothingWritten(b);
  });

  it('that is no JSON, or not there, is refused', async () => {
    const b = await bench();
    const path = join(b.runbooks, 'plan.json');
    expect(await refusalOf(b.start({ planFile: path }))).toMatchObject({ code: 'PLAN_INVALID', detail: expect.stringContaining('ENOENT') as string });
    await writeFile(path, '{"schema": ');
    expect(await refusalOf(b.start({ planFile: path }))).toMatchObject({ code: 'PLAN_INVALID', detail: expect.stringContaining('JSON') as string });
  });

  it('for another account is refused', async () => {
    const b = await bench();
    const planFile = await saved(b, rehashed({ account: '111122223333' }));
    expect(await refusalOf(b.start({ planFile }))).toMatchObject({
      code: 'WRONG_ACCOUNT',
      exit: 'refused',
      message: 'The plan is for account 111122223333; your credentials are for 000000000000.',
    });
    await nothingWritten(b);
  });

  it('for another verb is refused', async () => {
    const b = await bench();
    const planFile = await saved(b, rehashed({ verb: 'switchover' }));
    expect(await refusalOf(b.start({ planFile }))).toMatchObject({ code: 'OTHER_VERB', exit: 'usage' });
  });

  it('is stale when what it was made from has changed', async () => {
    const b = await bench();
    const planFile = await saved(b);
    const call = b.sim.effects.aws.call({ service: 'autoscaling', region: TOKYO, operation: 'UpdateAutoScalingGroup', input: { AutoScalingGroupName: 'shop-api', MinSize: 2, DesiredCapacity: 3 } });
    await b.sim.clock.run(() => call);
    const error = await refusalOf(b.start({ planFile }));
    expect(error).toMatchObject({ code: 'PLAN_STALE', exit: 'refused', message: 'The plan is stale.', next: ['dr plan --region ap-northeast-1 --out FILE    makes a new one'] });
    expect(error.detail).toMatch(/^The state of its resources is another than when it was made\. It was made at 2026-/);
    await nothingWritten(b);
  });

  it('is stale when its runbook was changed', async () => {
    const b = await bench();
    const planFile = await saved(b);
    const path = join(b.runbooks, 'shop.yaml');
    await writeFile(path, `${await readFile(path, 'utf8')}# a comment\n`);
    expect(await refusalOf(b.start({ planFile }))).toMatchObject({ code: 'PLAN_STALE', detail: expect.stringMatching(/^The runbook .*shop\.yaml was changed\./) as string });
  });

  it('that lacks an approval is not run, whatever its hash', async () => {
    const b = await bench();
    const isApproval = (id: string) => id.includes('approval');
    const planFile = await saved(b, (plan) => rehashed({ steps: plan.steps.filter((s) => !isApproval(s.id)).map((s) => ({ ...s, after: s.after.filter((id) => !isApproval(id)) })) })(plan));
    expect(await refusalOf(b.start({ planFile }))).toMatchObject({ code: 'PLAN_EDITED', detail: expect.stringMatching(/^It was edited, or made by another version of dr \(without assess\.approval; changed: /) as string });
    expect(b.sim.world.acceptsWrites({ region: TOKYO, id: 'shop-orders-tokyo' })).toBe(false);
  });

  it.each<[string, (plan: Plan) => Partial<Plan>]>([
    ['runbook', ({ runbook }) => ({ runbook: { ...runbook, name: 'other' } })],
    ['strategy', () => ({ strategy: 'pilot-light' })],
    ['objectives', ({ objectives }) => ({ objectives: { ...objectives, rpoMs: 1 } })],
  ])('with another %s is not run, whatever its hash', async (part, edit) => {
    const b = await bench();
    const planFile = await saved(b, (plan) => rehashed(edit(plan))(plan));
    expect(await refusalOf(b.start({ planFile }))).toMatchObject({ code: 'PLAN_EDITED', exit: 'refused', detail: `It was edited, or made by another version of dr (other ${part}).` });
  });

  it('that crosses the line without its gates is not run, whatever its hash', async () => {
    const b = await bench();
    const planFile = await saved(b, (plan) => rehashed({ steps: plan.steps.map((s) => ({ ...s, after: s.id.endsWith('.promote') ? [] : s.after })) })(plan));
    expect(await refusalOf(b.start({ planFile }))).toMatchObject({ code: 'PLAN_EDITED', exit: 'refused', detail: 'It was edited, or made by another version of dr (changed: databases.orders.promote).' });
    expect(b.sim.world.acceptsWrites({ region: TOKYO, id: 'shop-orders-tokyo' })).toBe(false);
  });
});

describe('which runbook', () => {
  it('of several is asked for, of none is said; an empty choice never means all', async () => {
    const b = await bench();
    const empty = join(b.runbooks, 'empty');
    await mkdir(empty);
    expect(await refusalOf(b.start({ runbooks: empty }))).toMatchObject({ code: 'RUNBOOK_NOT_FOUND', exit: 'runbook' });
    await writeFile(join(b.runbooks, 'two.yaml'), (await readFile(join(b.runbooks, 'shop.yaml'), 'utf8')).replace('runbook: shop', 'runbook: two'));
    expect(await refusalOf(b.start())).toMatchObject({ code: 'RUNBOOK_AMBIGUOUS', exit: 'usage', message: `There are 2 runbooks in ${b.runbooks}: which one?`, detail: ['shop.yaml', 'two.yaml'].map((name) => join(b.runbooks, name)).join('\n'), next: ['--runbook NAME    one of those above'] });
    const records: JournalRecord[] = [];
    expect((await b.start({ runbook: 'shop', onRecord: (r) => void records.push(r) })).exit).toBe('ok');
  });
});

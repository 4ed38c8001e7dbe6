import { describe, expect, it } from 'vitest';
import { teller } from '../../src/app/tell.ts';
import type { Effects } from '../../src/effects/effects.ts';
import { fold } from '../../src/journal/fold.ts';
import type { RunState } from '../../src/journal/state.ts';
import type { Plan } from '../../src/model/plan.ts';
import { newsOf } from '../../src/report/news.ts';
import { failedRun, goodRun, planStep, RUN, Script, shopPlan, SHOP_STEPS } from '../report/fixtures.ts';
import { approvedRun, chained, clockAt } from './evidence-folder.ts';

const CHANNELS = [
  planStep('notify.slack', { origin: 'common', params: { webhookEnv: 'SLACK_HOOK', news: 'x' } }),
  planStep('notify.topic', { origin: 'common', params: { region: 'ap-northeast-1', topic: 'arn:aws:sns:ap-northeast-1:111122223333:dr', news: 'x' } }),
];

/** Every message of a journal. */
function messages(records: Script['records']): string[] {
  let state: RunState | undefined;
  return records.flatMap((record) => {
    state = fold(state, record);
    return newsOf(record, state) ?? [];
  });
}

describe('the news of a run', () => {
  it('of a failover: its beginning, the line, its end, and that there is no standby; each with a command', () => {
    expect(messages(goodRun().records)).toEqual([
      `the failover of shop has begun (ap-northeast-2 (Seoul) → ap-northeast-1 (Tokyo)), by kim@laptop. Follow it: dr status ${RUN}`,
      `the failover of shop passes its point of no return (databases.orders.promote); do not reopen the old writer in ap-northeast-2 (Seoul). Follow it: dr status ${RUN}`,
      'the failover of shop has ended after 11 s: succeeded. There is NO STANDBY since 2026-11-20 10:15:03 UTC. Once ap-northeast-2 (Seoul) is healthy: dr reprotect --standby ap-northeast-2',
    ]);
  });

  it('of one that waits for people, fails, is refused, or was stopped', () => {
    expect(messages(chained(approvedRun().events)).join('\n')).toContain(`waits for 1 of alice@example.com. To approve: dr approve ${RUN}`);
    expect(messages(failedRun().records).at(-1)).toBe(`the failover of shop has ended after 11m 2s: failed at databases.orders.promote: not reached within its limit of 600 s; status is "backing-up". To continue: dr resume ${RUN}`);
    const refusal = { rule: 'rpo', observed: 'lag 4m', threshold: '1m', consequence: 'loss', override: '--accept-data-loss 5m --reason WHY' };
    const refused = new Script().started(2000).at(2100, { type: 'check.refused', step: 'databases.orders.rpoGate', refusal }).at(2200, { type: 'run.finished', outcome: 'refused' });
    expect(messages(refused.records).at(-1)).toContain('refused by rpo: lag 4m. To override: --accept-data-loss 5m --reason WHY');
    expect(messages(new Script().started(2000).at(2100, { type: 'run.interrupted', signal: 'SIGINT' }).records).at(-1)).toBe(`the failover of shop was stopped (SIGINT). To continue: dr resume ${RUN}`);
  });

  it('a drill says so first, and so does a lab', () => {
    const plan: Plan = { ...shopPlan(), verb: 'drill' };
    for (const text of messages(goodRun({ plan }).records)) expect(text).toMatch(/^DRILL: the drill of shop /);
    for (const text of messages(goodRun({ plan, mode: 'lab' }).records)) expect(text).toMatch(/^\[LAB\] DRILL: /);
  });
});

describe('the news of a drill', () => {
  const plan: Plan = { ...shopPlan(), verb: 'drill' };

  it('that stopped, or left twins: the command deletes them, for nothing of a drill is continued', () => {
    const stopped = new Script().started(2000, { plan }).at(2100, { type: 'run.interrupted', signal: 'SIGINT' });
    expect(messages(stopped.records).at(-1)).toBe(`DRILL: the drill of shop was stopped (SIGINT). Delete what is left: dr drill clean ${RUN}`);
    expect(messages(failedRun({ plan }).records).join('\n')).not.toContain('dr resume');
  });
});

describe('how it is sent', () => {
  const never = (): Promise<never> => new Promise(() => undefined);

  /** Tells a whole run; what was sent, and what the end says. */
  async function tell(over: Parameters<typeof goodRun>[0], effects: { http?: () => Promise<unknown>; aws?: () => Promise<unknown> } = {}): Promise<{ sent: string[]; end: string[] }> {
    const sent: string[] = [];
    const script = goodRun({ plan: shopPlan([...SHOP_STEPS, ...CHANNELS]), ...over });
    const parts = {
      clock: clockAt(0),
      env: (name: string) => (name === 'SLACK_HOOK' ? 'https://hooks.example.com/x' : undefined),
      http: { request: ({ body }: { body: string }) => (sent.push(`slack ${body}`), effects.http?.() ?? Promise.resolve({ status: 200 })) },
      aws: { call: ({ input }: { input: { Message: string } }) => (sent.push(`sns ${input.Message}`), effects.aws?.() ?? Promise.resolve({ output: {} })) },
    } as unknown as Pick<Effects, 'aws' | 'http' | 'env' | 'clock'>;
    const news = teller(parts, script.state());
    let state: RunState | undefined;
    for (const record of script.records) news.onRecord(record, (state = fold(state, record)));
    return { sent, end: await news.end() };
  }

  it('on each channel, every message once', async () => {
    const { sent, end } = await tell({});
    expect(sent.map((text) => text.split(' ')[0])).toEqual(['slack', 'sns', 'slack', 'sns', 'slack', 'sns']);
    expect(end).toEqual([]);
  });

  it('a channel that fails or never answers holds nothing up, and is named at the end', async () => {
    const failing = await tell({}, { http: () => Promise.resolve({ status: 500 }), aws: () => Promise.reject(new Error('AccessDenied')) });
    expect(failing.end).toEqual(['not every message reached Slack (SLACK_HOOK): it answered 500', 'not every message reached arn:aws:sns:ap-northeast-1:111122223333:dr: AccessDenied']);
    expect((await tell({}, { http: never, aws: never })).end).toEqual(['not every message reached Slack (SLACK_HOOK): no answer yet', 'not every message reached arn:aws:sns:ap-northeast-1:111122223333:dr: no answer yet']);
  });

  it('nobody is woken by a lab, or where AWS endpoints are overridden', async () => {
    expect((await tell({ mode: 'lab' })).sent).toEqual([]);
    expect((await tell({ mode: 'simulated' })).sent).toEqual([]);
    expect((await tell({ endpoints: ['AWS_ENDPOINT_URL'] })).sent).toEqual([]);
  });
});

import { describe, expect, it } from 'vitest';
import { AwsError } from '../../../src/aws/errors.ts';
import type { AwsRequest } from '../../../src/aws/caller.ts';
import type { HttpRequest, HttpSample } from '../../../src/effects/effects.ts';
import { LIMITS } from '../../../src/base/limits.ts';
import { stepOf, TOKYO } from '../context.ts';

const NEWS = 'shop was moved from ap-northeast-2 to ap-northeast-1';
const WEBHOOK = 'https://hooks.slack.example/T0/B0/secret-token';

function slack(answer: Partial<HttpSample>, env: Record<string, string> = { HOOK: WEBHOOK }, webhookEnv = 'HOOK', facts = {}) {
  const sent: HttpRequest[] = [];
  const request = (r: HttpRequest) => {
    sent.push(r);
    return Promise.resolve({ status: 200, body: 'ok', address: '1.2.3.4', ms: 1, ...answer });
  };
  const step = stepOf('run.notify-slack', { webhookEnv, news: NEWS }, { effects: { http: { request }, env: (name) => env[name] }, facts });
  return { step, sent };
}

describe('run.notify-slack', () => {
  it('posts what happened, by whom, once', async () => {
    const { step: made, sent } = slack({});
    const step = await made;
    expect(await step.check()).toEqual({ state: 'ok', because: 'sent at the end', warnings: [] });
    expect(await step.observe()).toMatchObject({ state: 'absent' });
    await step.act();
    expect(await step.observe()).toMatchObject({ state: 'reached', because: 'sent' });
    expect(sent).toHaveLength(1);
    expect(sent[0]).toMatchObject({ url: WEBHOOK, method: 'POST', headers: { 'content-type': 'application/json' }, timeoutMs: LIMITS.awsCallMs });
    expect(JSON.parse(sent[0]?.body ?? '')).toEqual({ text: `dr: ${NEWS}, by arn:aws:iam::111122223333:user/kim.` });
  });

  it('without its variable warns, sends nothing and is done', async () => {
    const { step: made, sent } = slack({}, {});
    const step = await made;
    expect(await step.check()).toMatchObject({ state: 'ok', warnings: [{ rule: 'notifier-env', observed: 'HOOK is not set: Slack will not be notified' }] });
    expect(await step.observe()).toEqual({ state: 'reached', because: 'HOOK is not set: nothing was sent' });
    expect(sent).toEqual([]);
  });

  it.each<[Partial<HttpSample>, string]>([
    [{ status: 404 }, 'Slack answered 404'],
    [{ status: 0, error: 'connect ECONNREFUSED 1.2.3.4:443' }, 'Slack gave no answer: connect ECONNREFUSED 1.2.3.4:443'],
  ])('an answer that is none (%j) is given without the secret address, and as no defect', async (answer, message) => {
    const step = await slack(answer).step;
    const error: unknown = await step.act().catch((e: unknown) => e);
    expect(error).toMatchObject({ code: 'NOT_NOTIFIED', message, next: ['check the address in HOOK'] });
    expect(JSON.stringify(error) + String(error)).not.toContain('secret-token');
    expect(await step.observe()).toMatchObject({ state: 'absent' });
  });

  it('two channels are given both, each once', async () => {
    const first = await slack({}).step;
    await first.act();
    const second = await slack({}, { HOOK: WEBHOOK, OTHER: WEBHOOK }, 'OTHER', first.recorded).step;
    expect(await second.observe()).toMatchObject({ state: 'absent' });
    const again = await slack({}, { HOOK: WEBHOOK }, 'HOOK', first.recorded).step;
    expect(await again.observe()).toMatchObject({ state: 'reached' });
  });

  it('nothing of the secret is recorded', async () => {
    const step = await slack({}).step;
    await step.act();
    expect(JSON.stringify([step.recorded, step.calls(), step.waits()])).not.toContain('secret-token');
  });
});

const snsError = (code: string, httpStatus: number): AwsError => new AwsError({ service: 'sns', region: TOKYO, operation: 'GetTopicAttributes', code, httpStatus, message: code });

describe('run.notify-sns', () => {
  const TOPIC = 'arn:aws:sns:ap-northeast-1:111122223333:dr';
  const sns = (topic = TOPIC, facts = {}) => {
    const sent: AwsRequest[] = [];
    const call = (request: AwsRequest) => {
      sent.push(request);
      return Promise.resolve({ output: { MessageId: 'm-1' }, requestId: 'r-1' });
    };
    return { sent, step: stepOf('run.notify-sns', { region: TOKYO, topic, news: NEWS }, { effects: { aws: { call } as never }, facts }) };
  };

  it('publishes in the target region, once', async () => {
    const { step: made, sent } = sns();
    const step = await made;
    expect(await step.check()).toMatchObject({ state: 'ok' });
    expect(await step.observe()).toMatchObject({ state: 'absent' });
    await step.act();
    expect(await step.observe()).toMatchObject({ state: 'reached' });
    expect(sent.splice(0, 1)).toMatchObject([{ operation: 'GetTopicAttributes', input: { TopicArn: TOPIC } }]);
    expect(sent).toMatchObject([{ service: 'sns', region: TOKYO, operation: 'Publish', input: { TopicArn: TOPIC, Message: `${NEWS}, by arn:aws:iam::111122223333:user/kim.` } }]);
    // https://docs.aws.amazon.com/sns/latest/api/API_Publish.html: at most 100 characters.
    expect((sent[0]?.input as { Subject: string }).Subject.length).toBeLessThanOrEqual(100);
    expect(Object.values(step.recorded)).toEqual(['m-1']);
  });

  it.each<[string, AwsError, string]>([
    ['is not there', snsError('NotFound', 404), 'topic-missing'],
    ['may not be looked at', snsError('AuthorizationError', 403), 'topic-unknown'],
  ])('a topic that %s is a warning, and stops nothing', async (_what, error, rule) => {
    const step = await stepOf('run.notify-sns', { region: TOKYO, topic: TOPIC, news: NEWS }, { effects: { aws: { call: () => Promise.reject(error) } as never } });
    expect(await step.check()).toMatchObject({ state: 'ok', warnings: [{ rule }] });
  });

  it('two topics are given both', async () => {
    const first = await sns().step;
    await first.act();
    expect(await (await sns(`${TOPIC}-2`, first.recorded).step).observe()).toMatchObject({ state: 'absent' });
    expect(await (await sns(TOPIC, first.recorded).step).observe()).toMatchObject({ state: 'reached' });
  });
});

import * as z from 'zod';
import { DrError } from '../../base/errors.ts';
import { LIMITS } from '../../base/limits.ts';
import { fact } from '../../model/fact.ts';
import { envName, stepKind } from '../common.ts';

export const slackParams = z.strictObject({ webhookEnv: envName, news: z.string() });
type Params = z.infer<typeof slackParams>;

/** A message was taken: one for each channel. */
const sentFact = fact('notified.slack', z.literal(true));

/** Tells a Slack channel. The webhook's address is a secret and stands in the environment only. https://api.slack.com/messaging/webhooks */
export default stepKind<Params>({
  params: slackParams,
  check: (ctx, p) => {
    const set = (ctx.effects.env(p.webhookEnv) ?? '') !== '';
    const warnings = set ? [] : [{ rule: 'notifier-env', observed: `${p.webhookEnv} is not set: Slack will not be notified`, wanted: 'the address of the webhook in the environment', mend: `export ${p.webhookEnv}=… where the failover is run` }];
    return Promise.resolve({ state: 'ok', because: set ? 'sent at the end' : 'nothing to send with', warnings } as const);
  },
  observe: (ctx, p) => {
    if ((ctx.effects.env(p.webhookEnv) ?? '') === '') return Promise.resolve({ state: 'reached', because: `${p.webhookEnv} is not set: nothing was sent` });
    return Promise.resolve(!sentFact.has(ctx, p.webhookEnv) ? { state: 'absent', because: 'not sent yet' } : { state: 'reached', because: 'sent' });
  },
  act: async (ctx, p) => {
    const url = ctx.effects.env(p.webhookEnv) ?? '';
    const text = `dr: ${p.news}, by ${ctx.operator}.`;
    const sample = await ctx.effects.http.request({
      url,
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ text }),
      timeoutMs: LIMITS.awsCallMs,
      signal: ctx.signal,
    });
    if (sample.status !== 200) {
      const answer = sample.status === 0 ? `gave no answer: ${sample.error ?? ''}` : `answered ${sample.status}`;
      throw new DrError({ code: 'NOT_NOTIFIED', exit: 'failed', title: `Slack ${answer}`, next: [`check the address in ${p.webhookEnv}`] });
    }
    sentFact.record(ctx, p.webhookEnv, true);
  },
  stays: () => 'what was sent stays sent',
});

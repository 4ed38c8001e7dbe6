import * as z from 'zod';
import { fact } from '../../model/fact.ts';
import { traitsOf } from '../../model/verb.ts';
import { regionName, stepKind } from '../common.ts';

export const snsParams = z.strictObject({ region: regionName, topic: z.string(), news: z.string() });
type Params = z.infer<typeof snsParams>;

/** The id of a message that was taken: one for each topic. */
const sentFact = fact('notified.sns', z.string());

/** Tells a topic of the target region how the run stands. Optional: a silent notifier stops no recovery. */
export default stepKind<Params>({
  params: snsParams,
  check: () => Promise.resolve({ state: 'ok', because: 'sent at the end' } as const),
  observe: (ctx, p) =>
    Promise.resolve(!sentFact.has(ctx, p.topic) ? { state: 'absent', because: 'not sent yet' } : { state: 'reached', because: 'sent' }),
  act: async (ctx, p) => {
    const { output } = await ctx.effects.aws.call({
      service: 'sns',
      region: p.region,
      operation: 'Publish',
      input: {
        TopicArn: p.topic,
        Subject: traitsOf(ctx.run.verb).drills ? `dr: drill of ${ctx.runbook} in ${ctx.target}` : `dr: ${ctx.runbook} is active in ${ctx.target}`,
        Message: `${p.news}, by ${ctx.operator}.`,
      },
      signal: ctx.signal,
      attempts: 2,
    });
    sentFact.record(ctx, p.topic, output.MessageId ?? 'sent');
  },
  stays: () => 'what was sent stays sent',
});

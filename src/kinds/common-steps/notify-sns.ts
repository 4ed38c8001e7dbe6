import * as z from 'zod';
import { AwsError } from '../../aws/errors.ts';
import { topicIsThere } from '../../aws/sns.ts';
import { LIMITS } from '../../base/limits.ts';
import { fact } from '../../model/fact.ts';
import type { StepContext, Verdict } from '../../model/step.ts';
import { traitsOf } from '../../model/verb.ts';
import { regionName, stepKind } from '../common.ts';

export const snsParams = z.strictObject({ region: regionName, topic: z.string(), news: z.string() });
type Params = z.infer<typeof snsParams>;

/** The id of a message that was taken: one for each topic. */
const sentFact = fact('notified.sns', z.string());

/** A topic that is not there is a warning: a silent notifier stops no recovery, and nobody learns of it either. */
async function check(ctx: StepContext, p: Params): Promise<Verdict> {
  const because = 'sent at the end';
  try {
    if (await topicIsThere(ctx.effects.aws, p.region, p.topic, { signal: ctx.signal, timeoutMs: LIMITS.signalMs, attempts: 1 })) return { state: 'ok', because };
    const observed = `there is no topic ${p.topic} in ${p.region}: nobody will be told by it`;
    return { state: 'ok', because, warnings: [{ rule: 'topic-missing', observed, wanted: 'a topic in each region that may become active', mend: `aws sns create-topic --region ${p.region} --name …, or correct \`topics\` in the runbook`, page: 'https://docs.aws.amazon.com/sns/latest/dg/sns-create-topic.html' }] };
  } catch (error) {
    // Roles that were made before this was asked may publish, and not look.
    if (!(error instanceof AwsError)) throw error;
    const observed = `whether the topic ${p.topic} is there is not known: ${error.message}`;
    return { state: 'ok', because, warnings: [{ rule: 'topic-unknown', observed, wanted: 'an answer to sns:GetTopicAttributes', mend: 'allow it: dr iam --verb check prints all that a check needs' }] };
  }
}

/** Tells a topic of the target region how the run stands. Optional: a silent notifier stops no recovery. */
export default stepKind<Params>({
  params: snsParams,
  check,
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

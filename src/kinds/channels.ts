import type { Plan } from '../model/plan.ts';
import { slackParams } from './common-steps/notify-slack.ts';
import { snsParams } from './common-steps/notify-sns.ts';

export type Channel = { type: 'slack'; webhookEnv: string } | { type: 'sns'; region: string; topic: string };

/** The channels that a plan names, by the parameters of its notify steps. */
export function channelsOf({ steps }: Pick<Plan, 'steps'>): Channel[] {
  return steps.flatMap(({ origin, params }): Channel[] => {
    if (origin !== 'common') return [];
    const slack = slackParams.safeParse(params);
    if (slack.success) return [{ type: 'slack', webhookEnv: slack.data.webhookEnv }];
    const sns = snsParams.safeParse(params);
    return sns.success ? [{ type: 'sns', region: sns.data.region, topic: sns.data.topic }] : [];
  });
}

import { messageOf } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';
import type { Effects } from '../effects/effects.ts';
import type { JournalRecord } from '../journal/events.ts';
import type { RunState } from '../journal/state.ts';
import { type Channel, channelsOf } from '../kinds/channels.ts';
import { newsOf } from '../report/news.ts';
import type { LoadedRunbook } from '../runbook/runbook.ts';
import { endpointOverrides } from './live-effects.ts';

/*
 * Tells the channels of the runbook what happens while a run goes. It is beside the run: nothing waits for a message, nothing of the run
 * depends on one, and what could not be sent is a line at the end.
 */

interface Teller {
  /** Told of every record once it is durable. */
  onRecord(record: JournalRecord, state: RunState): void;
  /** Waits for what is on its way, for as long as one call may take. Returns what could not be sent, in words. */
  end(): Promise<string[]>;
}

/** Only of runs on AWS: nobody is woken by a lab. */
export function teller(effects: Pick<Effects, 'aws' | 'http' | 'env' | 'clock'>, { plan, mode, endpoints }: RunState): Teller {
  const channels = mode === 'live' && endpoints.length === 0 ? channelsOf(plan) : [];
  const sending: Promise<void>[] = [];
  const failed = new Map<string, string>();
  const open = new Map<string, number>();
  const count = (channel: Channel, by: number): void => void open.set(nameOf(channel), (open.get(nameOf(channel)) ?? 0) + by);
  const send = async (channel: Channel, text: string): Promise<void> => {
    count(channel, 1);
    await sendTo(channel, text, plan.runbook.name, effects).catch((error: unknown) => void failed.set(nameOf(channel), messageOf(error)));
    count(channel, -1);
  };
  return {
    onRecord: (record, state) => {
      const text = channels.length === 0 ? undefined : newsOf(record, state);
      if (text !== undefined) for (const channel of channels) sending.push(send(channel, text));
    },
    end: async () => {
      if (sending.length === 0) return [];
      const late = effects.clock.sleep(LIMITS.awsCallMs).catch(() => undefined);
      await Promise.race([Promise.all(sending), late]);
      for (const [channel, left] of open) if (left > 0) failed.set(channel, 'no answer yet');
      return [...failed].map(([channel, why]) => `not every message reached ${channel}: ${why}`);
    },
  };
}

/**
 * Tells the notifiers of a runbook outside of a run, each for itself; who was not told, in words. A topic of the region that would become
 * active is taken, where there is one: it lives when the other one does not. Slack is not told by a lab: that is a real channel.
 */
export async function tellNotifiers(effects: Pick<Effects, 'aws' | 'http' | 'env'>, { runbook }: LoadedRunbook, text: string, target: string | undefined): Promise<string[]> {
  const sent = await Promise.allSettled(runbook.notify.map(async (notifier) => {
    if (notifier.type === 'slack') {
      if (endpointOverrides().length > 0) return;
      if ((effects.env(notifier.webhookEnv) ?? '') === '') throw new Error(`${notifier.webhookEnv} is not set`);
      return sendTo({ type: 'slack', webhookEnv: notifier.webhookEnv }, text, runbook.name, effects);
    }
    const [region, topic] = Object.entries(notifier.topics).find(([id]) => id === target) ?? Object.entries(notifier.topics)[0] ?? [];
    if (region !== undefined && topic !== undefined) await sendTo({ type: 'sns', region, topic }, text, runbook.name, effects);
  }));
  return sent.flatMap((one) => (one.status === 'rejected' ? [messageOf(one.reason)] : []));
}

async function sendTo(channel: Channel, text: string, application: string, { aws, http, env }: Pick<Effects, 'aws' | 'http' | 'env'>): Promise<void> {
  if (channel.type === 'slack') {
    const url = env(channel.webhookEnv) ?? '';
    // The check of the run has warned of it.
    if (url === '') return;
    const { status, error } = await http.request({ url, method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ text: `dr: ${text}` }), timeoutMs: LIMITS.awsCallMs });
    if (status !== 200) throw new Error(status === 0 ? `no answer: ${error ?? ''}` : `it answered ${status}`);
    return;
  }
  await aws.call({ service: 'sns', region: channel.region, operation: 'Publish', input: { TopicArn: channel.topic, Subject: `dr: ${application}`, Message: text }, attempts: 2 });
}

function nameOf(channel: Channel): string {
  return channel.type === 'slack' ? `Slack (${channel.webhookEnv})` : channel.topic;
}

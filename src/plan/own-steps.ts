import type { Json } from '../base/json.ts';
import type { Verb } from '../kinds/kind.ts';
import type { PlanStep } from '../kinds/step.ts';
import type { Runbook } from '../runbook/runbook.ts';

/*
 * The steps that belong to no resource: what users see, the verdict on the source, approvals, the hold, notifications.
 */

type OwnStep = Pick<PlanStep, 'id' | 'kind' | 'title' | 'phase'> & { params: Json } & Partial<PlanStep>;

function own(step: OwnStep): PlanStep {
  return {
    reversibility: 'reversible',
    gate: false,
    optional: false,
    after: [],
    controlPlanes: [],
    permissions: [],
    estimate: { p50: 0, p95: 0, basis: 'decided at once' },
    limitMs: 30_000,
    changes: [],
    ...step,
  };
}

/**
 * Looks at what users see, then weighs all signals of the plan: a failover needs a source that is down, a switchover one
 * that is healthy. A reprotect leaves nobody, and asks neither.
 */
export function assessSteps(runbook: Runbook, verb: Verb, source: string, resources: readonly PlanStep[]): PlanStep[] {
  if (verb === 'reprotect') return [];
  const looks = resources.filter((step) => step.phase === 'assess' && !step.gate);
  const users = own({
    id: 'assess.users',
    kind: 'run.assess-users',
    title: 'What do users see?',
    phase: 'assess',
    params: { probes: runbook.probes as unknown as Json },
    estimate: { p50: 1, p95: 5, basis: 'two samples of each probe' },
  });
  const judge = own({
    id: 'assess.source',
    kind: verb === 'failover' ? 'run.judge-source' : 'run.source-healthy',
    title: verb === 'failover' ? `Is ${source} down? Two independent signals` : `Is ${source} healthy, and does ${runbook.name} follow?`,
    phase: 'assess',
    gate: true,
    after: [users.id, ...looks.map((step) => step.id)],
    params: { region: source, signals: ['users', ...looks.map(signalName)] },
  });
  return [users, judge];
}

/** Every step that records a signal says under which name. */
function signalName(step: PlanStep): string {
  const { signal } = step.params as { signal?: unknown };
  if (typeof signal !== 'string') throw new Error(`${step.kind} stands in the phase assess, and names no signal`);
  return signal;
}

/** The approvals of the runbook as one gate each; none where the plan has no line to cross. */
export function approvalStep(runbook: Runbook, resources: readonly PlanStep[]): PlanStep[] {
  if (!resources.some((step) => step.reversibility === 'point-of-no-return')) return [];
  return runbook.approvals.map((approval, index) =>
    own({
      id: `assess.approval${runbook.approvals.length > 1 ? `-${index + 1}` : ''}`,
      kind: 'run.approval',
      title: `Approved by ${approval.quorum} of ${approval.from.length}`,
      phase: 'assess',
      gate: true,
      params: { from: approval.from, quorum: approval.quorum },
    }),
  );
}

export function verifySteps(runbook: Runbook): PlanStep[] {
  return runbook.probes.map((probe) =>
    own({
      id: `verify.${probe.name}`,
      kind: 'run.hold-probe',
      title: `${probe.name} answers well for ${probe.holdMs / 1000} s`,
      phase: 'verify',
      params: { probe: probe as unknown as Json },
      estimate: { p50: probe.holdMs / 1000, p95: probe.holdMs / 1000 + 60, basis: 'the hold time of the runbook' },
      limitMs: 600_000 + probe.holdMs,
    }),
  );
}

export function notifySteps(runbook: Runbook, verb: Verb, source: string, target: string): PlanStep[] {
  const news = verb === 'reprotect' ? `${runbook.name} runs in ${target} and has its standby in ${source} again` : `${runbook.name} was moved from ${source} to ${target}`;
  const tell = { phase: 'protect', optional: true, estimate: { p50: 1, p95: 5, basis: 'one request' } } as const;
  return runbook.notify.flatMap((notifier, index) => {
    if (notifier.type === 'slack') {
      return [own({ ...tell, id: `notify.slack-${index + 1}`, kind: 'run.notify-slack', title: 'Tell Slack', params: { webhookEnv: notifier.webhookEnv, news } })];
    }
    const topic = notifier.topics[target];
    if (topic === undefined) return [];
    return [
      own({
        ...tell,
        id: `notify.sns-${index + 1}`,
        kind: 'run.notify-sns',
        title: `Tell ${topic.split(':').at(-1) ?? topic}`,
        params: { region: target, topic, news },
        permissions: [{ actions: ['sns:Publish'], resources: [topic] }],
      }),
    ];
  });
}

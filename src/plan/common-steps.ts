import { nameInArn } from '../base/arn.ts';
import { formatDuration } from '../base/duration.ts';
import type { Json } from '../base/json.ts';
import { traitsOf, type Verb } from '../model/verb.ts';
import type { PlanStep } from '../model/step.ts';
import type { HttpAssertion } from '../kinds/http-assertion.ts';
import { commonStep } from '../kinds/registry.ts';
import type { StepDraft } from '../model/kind.ts';
import type { Runbook } from '../runbook/runbook.ts';

/* The steps that belong to no resource: what users see, the verdict on the source, approvals, the hold, notifications. */

type CommonStep = Pick<PlanStep, 'id' | 'kind' | 'title' | 'phase'> & { params: Json } & Partial<PlanStep>;

function common(step: CommonStep): PlanStep {
  return {
    origin: 'common',
    env: [],
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

/** A step of a resource, and what its look says of the source's answers. */
export interface ResourceStep extends Pick<StepDraft, 'sourceAnswers'> {
  step: PlanStep;
}

/** Looks at what users see, then weighs all signals: a failover needs a source that is down, a switchover one that is healthy. */
export function assessSteps(runbook: Runbook, verb: Verb, source: string, resources: readonly ResourceStep[]): PlanStep[] {
  if (!traitsOf(verb).movesUsers) return [];
  const looks = resources.filter(({ step }) => step.phase === 'assess' && !step.gate);
  const hosts = new Set(runbook.probes.map((probe) => new URL(probe.http).hostname));
  const said = looks.flatMap(({ sourceAnswers }) => (typeof sourceAnswers === 'object' ? Object.entries(sourceAnswers) : []));
  const users = common({
    id: 'assess.users',
    kind: commonStep('assess-users'),
    title: `What do users of ${source} get?`,
    phase: 'assess',
    // Where the source answers the runbook says, or is found out by them.
    after: looks.flatMap(({ step, sourceAnswers }) => (sourceAnswers === 'observed' ? [step.id] : [])),
    params: { probes: runbook.probes as unknown as Json, answers: Object.fromEntries([...Map.groupBy(said.filter(([name]) => hosts.has(name)), ([name]) => name)].map(([name, all]) => [name, all.map(([, answer]) => answer)])), zones: Object.fromEntries([...hosts].map((name) => [name, zonesOf(name, resources)])) },
    estimate: { p50: 1, p95: 5, basis: 'two samples of each probe' },
  });
  const judge = common({
    id: 'assess.source',
    kind: traitsOf(verb).sourceMayBeDead ? commonStep('judge-source') : commonStep('source-healthy'),
    title: traitsOf(verb).sourceMayBeDead ? `Check that ${source} is down: two independent signals` : `Check that ${source} is healthy, and that ${runbook.name} follows`,
    phase: 'assess',
    gate: true,
    after: [users.id, ...looks.map(({ step }) => step.id)],
    params: { region: source, signals: ['users', ...looks.map(({ step }) => signalName(step))] },
  });
  return [users, judge];
}

/** The hosted zones in which steps of the plan look at records of a name, or move them. */
function zonesOf(name: string, resources: readonly ResourceStep[]): string[] {
  const plain = (one: string): string => one.toLowerCase().replace(/\.$/, '');
  const zones = resources.flatMap(({ step }) => {
    const { zone, record, records = record === undefined ? [] : [record] } = step.params as { zone?: string; record?: { name: string }; records?: readonly { name: string }[] };
    return zone !== undefined && records.some((one) => plain(one.name) === plain(name)) ? [zone] : [];
  });
  return [...new Set(zones)];
}

/** Every step that records a signal says under which name. */
function signalName(step: PlanStep): string {
  if (step.signal === undefined) throw new Error(`${step.kind} stands in the phase assess, and names no signal`);
  return step.signal;
}

/** A second move so soon after one is how an outage gets worse. A reprotect moves nobody. */
export function flapGuardStep(runbook: Runbook, verb: Verb): PlanStep[] {
  if (!traitsOf(verb).movesUsers) return [];
  const window = formatDuration(runbook.flapGuardMs);
  return [
    common({
      id: 'assess.flap-guard',
      kind: commonStep('flap-guard'),
      title: `No other move in the last ${window}`,
      phase: 'assess',
      gate: true,
      params: { windowMs: runbook.flapGuardMs },
      estimate: { p50: 0, p95: 2, basis: 'reads the runs of the state' },
      limitMs: 60_000,
    }),
  ];
}

/** What stands before the line, and what is asked for in vain where a plan has none. */
const BEFORE_LINE: ReadonlySet<string> = new Set(['point-of-no-return', 'fence', 'data', 'compute']);

/**
 * The approvals of the runbook as one gate each, in the phase that they stand before; `first` are ids that come before
 * the rest of their phase. None where the plan has no line to cross, or nothing in that phase. Signatures are asked for
 * when the rest of the assessment is over, so that people see what they approve.
 */
export function approvalSteps(runbook: Runbook, resources: readonly PlanStep[], assessed: readonly string[]): { steps: PlanStep[]; first: string[] } {
  const line = resources.some((step) => step.reversibility === 'point-of-no-return');
  const first: string[] = [];
  const steps = runbook.approvals.flatMap((approval, index) => {
    const { before, from, quorum, waitMs } = approval;
    const phase = before === 'point-of-no-return' ? 'assess' : before;
    if (before === 'point-of-no-return' ? !line : !resources.some((step) => step.phase === before)) return [];
    const id = `${phase}.approval${runbook.approvals.length > 1 ? `-${index + 1}` : ''}`;
    const signed = from.some(({ keys }) => keys.length > 0);
    if (phase !== 'assess') first.push(id);
    const params: Json = { gate: id, from: from.map(({ name, keys }) => ({ name, keys })), quorum, waitMs, line: line && BEFORE_LINE.has(before) };
    const waits = { estimate: { p50: 60, p95: waitMs / 1000, basis: 'people sign; at most the wait of the runbook' }, limitMs: waitMs + 60_000 };
    const after = phase === 'assess' && signed ? assessed : [];
    return [common({ id, kind: commonStep('approval'), title: from.length === 1 ? 'Approval needed from 1 person' : `Approval needed from ${quorum} of ${from.length} people`, phase, gate: true, after, params, approval: { from, quorum, waitMs }, ...(signed ? waits : {}) })];
  });
  return { steps, first };
}

export function verifySteps(runbook: Runbook, verb: Verb, resources: readonly ResourceStep[]): PlanStep[] {
  const zones = (url: string): string[] => zonesOf(new URL(url).hostname, resources);
  if (traitsOf(verb).drills) return [...runbook.probes.map((probe) => drillProbe(probe, zones(probe.http))), ...runbook.drillAssertions.map((one) => drillAssertion(one, zones(one.http)))];
  return runbook.probes.map((probe) =>
    common({
      id: `verify.${probe.name}`,
      kind: commonStep('hold-probe'),
      title: `${probe.name} healthy for ${formatDuration(probe.holdMs)}`,
      phase: 'verify',
      params: { probe: probe as unknown as Json, zones: zones(probe.http) },
      estimate: { p50: probe.holdMs / 1000, p95: probe.holdMs / 1000 + 60, basis: 'the hold time of the runbook' },
      limitMs: 600_000 + probe.holdMs,
    }),
  );
}

/** Of users nothing is seen in a drill: the standby itself is asked, by the drill's own record. */
const ASK_STANDBY = { phase: 'verify', estimate: { p50: 1, p95: 10, basis: 'one request' }, limitMs: 300_000 } as const;

function drillProbe(probe: Runbook['probes'][number], zones: string[]): PlanStep {
  const params = { probe: probe as unknown as Json, zones };
  return common({ ...ASK_STANDBY, id: `verify.${probe.name}`, kind: commonStep('drill-probe'), title: `Ask the standby for ${probe.name}`, params });
}

function drillAssertion(assertion: HttpAssertion, zones: string[]): PlanStep {
  const [id, title] = [`verify.assert-${assertion.name}`, `${assertion.name}: does the standby answer as it must?`];
  return common({ ...ASK_STANDBY, id, kind: commonStep('drill-assertion'), title, params: { ...assertion, zones } });
}

function newsOf({ name }: Runbook, verb: Verb, source: string, target: string): string {
  const { drills, rebuilds } = traitsOf(verb);
  if (drills) return `DRILL: twins of ${name} were made active in ${target}, and are now deleted; production stays in ${source}`;
  return rebuilds ? `${name} runs in ${target} and has its standby in ${source} again` : `${name} was moved from ${source} to ${target}`;
}

export function notifySteps(runbook: Runbook, verb: Verb, source: string, target: string): PlanStep[] {
  const news = newsOf(runbook, verb, source, target);
  const tell = { phase: 'protect', optional: true, estimate: { p50: 1, p95: 5, basis: 'one request' } } as const;
  return runbook.notify.flatMap((notifier, index) => {
    if (notifier.type === 'slack') {
      return [common({ ...tell, id: `notify.slack-${index + 1}`, kind: commonStep('notify-slack'), title: 'Notify Slack', params: { webhookEnv: notifier.webhookEnv, news }, env: [notifier.webhookEnv], outside: 'channel' })];
    }
    const topic = notifier.topics[target];
    if (topic === undefined) return [];
    return [
      common({
        ...tell,
        id: `notify.sns-${index + 1}`,
        kind: commonStep('notify-sns'),
        title: `Notify SNS topic ${nameInArn(topic)}`,
        params: { region: target, topic, news },
        region: target,
        permissions: [{ actions: ['sns:Publish', 'sns:GetTopicAttributes'], resources: [topic] }],
      }),
    ];
  });
}

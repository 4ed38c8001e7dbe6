import { formatDuration } from '../base/duration.ts';
import type { JournalRecord } from '../journal/events.ts';
import { leftBehind, type RunState } from '../journal/state.ts';
import { traitsOf } from '../model/verb.ts';
import { regionName, routeText, utcDateTime, visible } from './format.ts';
import { protectionOf } from './protection.ts';

/* The news of a run for people who do not watch it: each message is one that somebody may act on, and ends with the command for that. A drill says so first. */

/** The message of a record; undefined for one that changes nothing for them. `state` is that after the record. */
export function newsOf(record: JournalRecord, state: RunState): string | undefined {
  const said = say(record, state);
  return said === undefined ? undefined : visible(`${prefixOf(state)}${said.text}. ${said.command}`);
}

/** What the run is, so that no message of a drill or a rehearsal is taken for an outage. */
function prefixOf({ plan, mode, live }: RunState): string {
  const drill = live !== undefined ? 'LIVE DRILL: ' : traitsOf(plan.verb).drills ? 'DRILL: ' : '';
  return mode === 'live' ? drill : `[${mode.toUpperCase()}] ${drill}`;
}

interface Said {
  text: string;
  command: string;
}

function say(record: JournalRecord, state: RunState): Said | undefined {
  const { plan, run } = state;
  const what = `${plan.verb} of ${plan.runbook.name}`;
  const status = `Follow it: dr status ${run}`;
  switch (record.type) {
    case 'run.started':
      return { text: `the ${what} has begun (${routeText(plan.verb, plan)}), by ${record.operator.user}@${record.operator.host}`, command: status };
    case 'run.resumed':
      return { text: `the ${what} continues, by ${record.operator.user}@${record.operator.host}`, command: status };
    case 'step.started':
      return sayApproval(record.step, state);
    case 'step.intent':
      return sayLine(record.step, state, status);
    case 'undo.started':
      return { text: `the ${what} rolls back: ${record.because}`, command: status };
    case 'run.interrupted':
      return { text: `the ${what} was stopped (${record.signal})`, command: traitsOf(plan.verb).drills ? `Delete what is left: dr drill clean ${run}` : `To continue: dr resume ${run}` };
    case 'run.finished':
      return sayEnd(state);
    default:
      return undefined;
  }
}

/** A gate that people open by their signatures begins to wait. */
function sayApproval(id: string, { plan, run }: RunState): Said | undefined {
  const approval = plan.steps.find((step) => step.id === id)?.approval;
  if (approval === undefined || !approval.from.some(({ keys }) => keys.length > 0)) return undefined;
  return { text: `the ${plan.verb} of ${plan.runbook.name} waits for ${approval.quorum} of ${approval.from.map(({ name }) => name).join(', ')}`, command: `To approve: dr approve ${run}` };
}

/** Told once a run: at the first request that cannot be taken back. */
function sayLine(id: string, state: RunState, status: string): Said | undefined {
  const { plan } = state;
  const crossing = plan.steps.filter((step) => step.reversibility === 'point-of-no-return');
  const begun = crossing.filter((step) => (state.steps.get(step.id)?.requests ?? 0) > 0);
  if (!crossing.some((step) => step.id === id) || begun.length !== 1 || state.steps.get(id)?.attempts !== 1) return undefined;
  const warning = traitsOf(plan.verb).movesUsers ? `; do not reopen the old writer in ${regionName(plan.source)}` : '';
  return { text: `the ${plan.verb} of ${plan.runbook.name} passes its point of no return (${id})${warning}`, command: status };
}

function sayEnd(state: RunState): Said {
  const { plan, run, outcome, startedAt, lastAt } = state;
  const drills = traitsOf(plan.verb).drills;
  if (drills && leftBehind(state).length > 0) return { text: `the ${plan.verb} of ${plan.runbook.name} has ended, and twins of it are left`, command: `Delete them: dr drill clean ${run}` };
  const text = `the ${plan.verb} of ${plan.runbook.name} has ended after ${formatDuration(lastAt - startedAt)}: ${outcome ?? 'unknown'}`;
  if (outcome === 'succeeded') {
    const bare = protectionOf(state);
    if (bare.state !== 'unprotected' || bare.since === null) return { text, command: `Report: dr report ${run}` };
    return { text: `${text}. There is NO STANDBY since ${utcDateTime(bare.since)}`, command: `Once ${regionName(plan.source)} is healthy: dr reprotect --standby ${plan.source}` };
  }
  if (outcome === 'aborted') return { text, command: `Report: dr report ${run}` };
  const steps = [...state.steps.values()];
  const refusals = steps.flatMap(({ refusal }) => refusal ?? []);
  const [refusal, ...more] = refusals;
  if (outcome === 'refused' && refusal !== undefined) return { text: `${text} by ${refusal.rule}${more.length === 0 ? '' : ` and ${more.length} more`}: ${refusal.observed}`, command: `To override: ${refusal.override}` };
  const failed = steps.find((step) => step.state === 'failed' || step.check === 'failed');
  return { text: failed === undefined ? text : `${text} at ${failed.id}: ${failed.because}`, command: drills ? `Report: dr report ${run}` : `To continue: dr resume ${run}` };
}

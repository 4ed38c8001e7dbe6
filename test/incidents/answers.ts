import { AwsError } from '../../src/aws/errors.ts';
import { runPlan, planOf, APPROVED, SEOUL, TOKYO, type Simulation } from '../engine/simulated.ts';
import type { Direction } from '../../src/app/observe.ts';
import type { JournalRecord } from '../../src/journal/events.ts';

/*
 * Situations as AWS documents its answers: a world of the simulation, of which some answers are otherwise.
 */

type Request = Parameters<Simulation['effects']['aws']['call']>[0];
type Output = Record<string, unknown>;

function calling(sim: Simulation, call: (request: Request) => Promise<{ output: unknown }>): Simulation {
  return { ...sim, effects: { ...sim.effects, aws: { call: call as Simulation['effects']['aws']['call'] } } };
}

/** Answers of an operation in Tokyo (of Route 53: anywhere), with something in them that is otherwise. */
export function answering(sim: Simulation, operation: string, change: (output: Output) => Output): Simulation {
  const { aws } = sim.effects;
  return calling(sim, async (request) => {
    const answer: { output: unknown } = await aws.call(request);
    const here = request.operation === operation && request.region !== SEOUL;
    return here ? { ...answer, output: change({ ...(answer.output as Output) }) } : answer;
  });
}

/** Refuses calls of an operation, by number from 0 on, as AWS documents the error. */
export function refusing(sim: Simulation, operation: string, code: string, message: string, times = Infinity): Simulation {
  const { aws } = sim.effects;
  let n = 0;
  return calling(sim, (request) => {
    if (request.operation !== operation || n++ >= times) return aws.call(request);
    const { service, region } = request;
    return Promise.reject(new AwsError({ service, region, operation, code, httpStatus: 400, message, requestId: 'r-1' }));
  });
}

/** How a run ended: what refused it, what it changed, and what it says. */
export async function ended(sim: Simulation, to: string | Direction = TOKYO, onRecord: (record: JournalRecord) => void = () => undefined, acceptances = APPROVED) {
  const { outcome, state, records } = await runPlan(sim, await planOf(sim, to), { acceptances, onRecord });
  const steps = [...state.steps.values()];
  return {
    outcome,
    changed: records.flatMap((r) => (r.type === 'step.intent' ? [r.step] : [])),
    refused: steps.flatMap(({ refusal }) => (refusal === undefined ? [] : [`${refusal.rule}: ${refusal.observed}`])).join('\n'),
    failed: steps.flatMap(({ state: end, error }) => (end === 'failed' ? [error?.message ?? ''] : [])).join('\n'),
    warned: JSON.stringify(records.filter((r) => r.type.startsWith('check'))) + JSON.stringify(steps),
    took: (state.endedAt ?? 0) - state.startedAt,
  };
}

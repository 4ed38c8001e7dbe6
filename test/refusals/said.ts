import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Direction } from '../../src/app/observe.ts';
import type { Json } from '../../src/base/json.ts';
import { refusalLines } from '../../src/cli/refusal-view.ts';
import type { Acceptances, Refusal } from '../../src/model/step.ts';
import { APPROVED, planOf, runPlan, type Simulation, simulation, TOKYO } from '../engine/simulated.ts';
import { type AtHand, stepOf } from '../kinds/context.ts';
import { stepIn } from '../kinds/world.ts';

/*
 * Refusals as people read them: every line of rule, observation and its age, threshold, consequence, override.
 */

export interface Asked extends AtHand {
  what?: 'check' | 'observe';
  to?: string | Direction;
  params?: Record<string, Json>;
  /** After the plan is made, before the step is asked. */
  then?: (sim: Simulation) => Promise<void> | void;
}

export function lines(refusal: Refusal): string {
  return refusalLines(refusal).join('\n');
}

function refusalIn(answer: { state: string; refusal?: Refusal }): string {
  if (answer.refusal === undefined) throw new Error(`not refused: ${JSON.stringify(answer)}`);
  return lines(answer.refusal);
}

/** What a step of a plan says in a simulated world. Throws where it does not refuse. */
export async function saidIn(sim: Simulation, id: string, { what = 'check', then, ...at }: Asked = {}): Promise<string> {
  const step = await stepIn(sim, id, at);
  await then?.(sim);
  return refusalIn(await step[what]());
}

/** What a step kind says to these parameters. Throws where it does not refuse. */
export async function saidBy(kind: string, params: Json, { what = 'check', ...at }: Asked = {}): Promise<string> {
  return refusalIn(await (await stepOf(kind, params, at))[what]());
}

/** What a whole run says that ends refused, without having changed anything. */
export async function saidByRun(sim: Simulation, to: string | Direction = TOKYO, acceptances: Acceptances = APPROVED, then?: (sim: Simulation) => void): Promise<string> {
  const plan = await planOf(sim, to);
  then?.(sim);
  const { state, outcome, records } = await runPlan(sim, plan, { acceptances });
  if (outcome !== 'refused') throw new Error(`the run ${outcome}`);
  const changed = records.filter((r) => r.type === 'step.intent').map((r) => r.step);
  if (changed.length > 0) throw new Error(`something was changed: ${changed.join(', ')}`);
  const refused = [...state.steps.values()].flatMap((s) => (s.refusal === undefined ? [] : [`${s.id}\n${lines(s.refusal)}`]));
  if (refused.length === 0) throw new Error('no step says why');
  return refused.join('\n');
}

/** The world of one of the example runbooks, maybe with a part of it replaced. */
export async function worldOf(name: string, from: string | RegExp = '', to = ''): Promise<Simulation> {
  const path = fileURLToPath(new URL(`../../runbooks/${name}.yaml`, import.meta.url));
  if (from === '') return simulation({ path });
  const text = await readFile(path, 'utf8');
  const changed = text.replace(from, to);
  if (changed === text) throw new Error('the runbook does not contain that');
  const copy = join(await mkdtemp(join(tmpdir(), 'dr-test-')), `${name}.yaml`);
  await writeFile(copy, changed);
  return simulation({ path: copy });
}

import { DrError, messageOf } from '../../base/errors.ts';
import type { Effects } from '../../effects/effects.ts';
import { traceStep } from '../../engine/trace.ts';
import { inParallel } from '../../engine/schedule.ts';
import type { WaitRecord } from '../../journal/events.ts';
import type { Plan } from '../../model/plan.ts';
import { resourcesOf } from '../locks.ts';
import { planFor } from '../make-plan.ts';
import type { FleetMember } from './choose.ts';
import { asDefect } from './outcome.ts';
import { DEFAULT_VERB } from '../../model/verb.ts';
import type { Preview } from '../../engine/preview.ts';
import { type PreviewRequest, previewRun } from '../preview.ts';

export type PlannedMember = FleetMember & {
  name: string;
  /** Names of the fleet that must have ended before: they share a resource, and one at a time may change it. */
  follows: readonly string[];
} & (
    | { state: 'planned'; plan: Plan; identity: string; planned: { from: number; to: number; waits: readonly WaitRecord[] } }
    /** It is active there already: nothing to do. */
    | { state: 'there'; because: string }
    | { state: 'failed'; error: DrError }
  );

export type ReadyMember = Extract<PlannedMember, { state: 'planned' }>;

const PLANNED_AT_ONCE = 32;

/** How many of all are planned, or were looked at for what would refuse them now. */
export type OnProgress = (what: 'planned' | 'checked', done: number, all: number) => void;

interface FleetDirection {
  region: string;
  from?: string | undefined;
}

/**
 * Plans every member, many at a time, through one caller, so that API limits are shared.
 * @throws DrError when none can be planned for the same reason, e.g. without credentials.
 */
export async function planFleet(effects: Effects, members: readonly FleetMember[], to: FleetDirection, onProgress?: OnProgress): Promise<PlannedMember[]> {
  const planned = new Map<FleetMember, PlannedMember>();
  await inParallel(members, PLANNED_AT_ONCE, async (member) => {
    planned.set(member, await planMember(effects, member, to));
    onProgress?.('planned', planned.size, members.length);
  });
  const all = members.flatMap((member) => planned.get(member) ?? []);
  const [first] = all;
  if (first?.state === 'failed' && all.every((m) => m.state === 'failed' && m.error.code === first.error.code)) throw first.error;
  return inTurn(all);
}

/** Those that change the same resource come one after the other, in their order: the second finds done what the first has done. */
function inTurn(members: readonly PlannedMember[]): PlannedMember[] {
  const last = new Map<string, string>();
  return members.map((member) => {
    if (member.state !== 'planned') return member;
    const resources = resourcesOf(member.plan);
    const before = new Set(resources.flatMap((resource) => last.get(resource) ?? []));
    const follows = [...before].filter((name) => !member.needs.includes(name));
    for (const resource of resources) last.set(resource, member.name);
    return { ...member, follows };
  });
}

export async function planMember(effects: Effects, { loaded, needs }: FleetMember, to: FleetDirection): Promise<PlannedMember> {
  const { name } = loaded.runbook;
  const member = { loaded, needs, name, follows: [] };
  const from = effects.clock.now();
  const trace = traceStep(effects);
  try {
    const { plan, observed } = await planFor(trace.effects, loaded, { verb: DEFAULT_VERB, region: to.region, from: to.from });
    const planned = { from, to: effects.clock.now(), waits: trace.all().waits };
    return { ...member, state: 'planned', plan, identity: observed.identity, planned };
  } catch (error) {
    if (error instanceof DrError && error.code === 'ALREADY_ACTIVE') return { ...member, state: 'there', because: error.message };
    return { ...member, state: 'failed', error: error instanceof DrError ? error : asDefect(error) };
  }
}

/** What would refuse each member now, by its name; a text: why that could not be checked. */
export type FleetPreviews = ReadonlyMap<string, Preview | string>;

/** Each waits for what does not answer: many at a time. Rates of AWS's APIs are kept by the one caller that they share. */
const LOOKED_AT_ONCE = 32;

/** Looks at each planned member as at one application alone. Changes nothing; one that cannot be looked at does not stop the others. */
export async function previewFleet(effects: Effects, members: readonly PlannedMember[], person: Pick<PreviewRequest, 'state' | 'acceptances' | 'impactAt'>, onProgress?: OnProgress): Promise<FleetPreviews> {
  const seen = new Map<string, Preview | string>();
  const planned = members.filter((member) => member.state === 'planned');
  await inParallel(planned, LOOKED_AT_ONCE, async (member) => {
    const { plan, identity } = member;
    seen.set(member.name, await previewRun({ ...person, plan, identity, effects }).catch((error: unknown) => messageOf(error)));
    onProgress?.('checked', seen.size, planned.length);
  });
  return seen;
}

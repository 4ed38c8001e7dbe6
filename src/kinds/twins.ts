import { AwsError } from '../aws/errors.ts';
import { iso } from '../base/clock.ts';
import { partsOfRunId } from '../base/ids.ts';
import { sha256 } from '../base/json.ts';
import { LIMITS } from '../base/limits.ts';
import type { Rented } from '../measure/prices.ts';
import type { DrillContext } from '../model/kind.ts';
import type { Refusal, StepContext } from '../model/step.ts';
import { fact } from '../model/fact.ts';
import * as z from 'zod';

/*
 * Twins: what a drill makes for itself beside production, works on, and deletes.
 *
 * Invariants:
 * 1. The name of a twin begins with `dr-drill-` and the mark of its drill, so that no name of a runbook is one.
 * 2. It carries the id of the run that made it, from the request on that makes it.
 * 3. Nothing is promoted, changed or deleted as a twin that does not prove all three: its name, its tag, and the intent to make it in the
 *    journal of this run. What does not prove them is left as it is, and listed.
 */

const PREFIX = 'dr-drill-';
export const TWIN = 'drill twin';

const RUN_TAG = 'dr:drill';
const RUNBOOK_TAG = 'dr:runbook';
const EXPIRES_TAG = 'dr:drill-expires';
/** A twin that is older than that was left over by its drill, ms. */
export const TWIN_EXPIRES_MS = 24 * 3_600_000;

/** Name of the twin of something, at most `max` characters: without two hyphens in a row, and without one at its end. */
export function twinName({ drill }: Pick<DrillContext, 'drill'>, of: string, max: number): string {
  const whole = `${PREFIX}${drill.mark}-${of}`;
  if (whole.length <= max) return whole;
  const tail = `-${sha256(of).slice(0, 6)}`;
  return `${whole.slice(0, max - tail.length).replace(/[-.]+$/, '')}${tail}`;
}

/** Every name that a twin can have, for permissions. */
export const TWIN_NAMES = `${PREFIX}*`;

export function isTwinName(name: string): boolean {
  return name.toLowerCase().startsWith(PREFIX);
}

export interface Tag {
  Key?: string | undefined;
  Value?: string | undefined;
}

/** The tags of a twin; `also` are those that the original has. */
export function twinTags(ctx: StepContext, also: readonly Tag[] = []): { Key: string; Value: string }[] {
  const own = {
    [RUN_TAG]: ctx.run.id,
    [RUNBOOK_TAG]: ctx.runbook,
    // From the beginning of the run on: EC2 takes a request again only if it is the same to the letter.
    [EXPIRES_TAG]: iso((partsOfRunId(ctx.run.id)?.startedAt ?? ctx.effects.clock.now()) + TWIN_EXPIRES_MS + (ctx.acceptances.keepTwinsMs ?? 0)),
  };
  const rest = also.flatMap(({ Key = '', Value = '' }) => (Key === '' || Key.startsWith('aws:') || Object.hasOwn(own, Key) ? [] : [{ Key, Value }]));
  return [...rest, ...Object.entries(own).map(([Key, Value]) => ({ Key, Value }))];
}

/** The run that a thing says it is a twin of. */
export function runOfTwin(tags: readonly Tag[] | undefined): string | undefined {
  return tags?.find(({ Key }) => Key === RUN_TAG)?.Value;
}

/** A thing of AWS that may be a twin of this run. `resource`: as plans name it. */
export interface Suspect {
  name: string;
  resource: string;
  tags: readonly Tag[] | undefined;
}

/** Which of the three proofs a thing lacks that it is a twin of this run; undefined when it is one. */
export function notOurTwin(ctx: Pick<StepContext, 'intends' | 'run'>, { name, resource, tags }: Suspect): string | undefined {
  if (!isTwinName(name)) return `${name} is no name of a twin`;
  const run = runOfTwin(tags);
  if (run !== ctx.run.id) return run === undefined ? `${name} carries no tag ${RUN_TAG}` : `${name} is a twin of the run ${run}`;
  return ctx.intends(resource, TWIN) ? undefined : `the journal of ${ctx.run.id} does not say that it made ${name}`;
}

/** A thing that has the name of a twin, or the tag of one. */
export interface FoundTwin {
  resource: string;
  name: string;
  /** Region, or the id of the zone. */
  where: string;
  run: string | undefined;
  /** Milliseconds since the epoch, as AWS tells it. */
  madeAt: number | undefined;
  going: boolean;
  rented: readonly Rented[];
  /** The command that deletes it, for a person who is sure. */
  byHand: string;
}

/** The refusal where something that is no twin of this drill has its name. */
export function nameTaken(observed: string, consequence = 'what somebody else has made would be changed and deleted'): Refusal {
  const override = 'none: dr drill clean    deletes what an earlier drill has left; then start again';
  return { rule: 'twin-name', observed, threshold: 'a name that only this drill uses', consequence, override };
}

/** When AWS accepted the request that makes a twin, by its resource name; milliseconds. */
const acceptedFact = fact('twin.accepted', z.number());

export function twinAccepted(ctx: StepContext, resource: string): void {
  acceptedFact.record(ctx, resource, ctx.effects.clock.now());
}

interface Deletion<T> {
  /** Undefined when it is not there. */
  find(): Promise<T | undefined>;
  suspect(found: T): Suspect;
  isGoing(found: T): boolean;
  /** False where AWS is at work on it, and has to be asked again. */
  ask(found: T): Promise<boolean>;
}

/** Whether what a drill makes may be deleted again, asked before it is made: AWS looks at the right first. `right`: action and resource of a policy. */
export async function mayNotDelete(ctx: StepContext, ask: () => Promise<unknown>, { twin, right }: { twin: string; right: string }): Promise<Refusal | undefined> {
  if (ctx.preview === true) return undefined;
  try {
    await ask();
    return undefined;
  } catch (error) {
    if (!(error instanceof AwsError) || !error.isRightMissing) throw error;
    return {
      rule: 'drill-rights',
      observed: error.message,
      threshold: 'the right to delete what a drill makes',
      consequence: `${twin} would be made, and stay`,
      override: `none: allow ${right}${TWIN_NAMES}; dr plan --verb drill --iam shows the whole policy`,
    };
  }
}

/**
 * Deletes one twin: looks, proves, asks, and looks until it is gone. Answers of AWS may be some seconds old, and a request whose answer was
 * lost may still show: what is not there counts as gone only once it was asked to go, or after as long as that can take.
 * @throws Error when what has the name is not ours; what `find` and `ask` throw
 */
export async function deleteTwin<T>(ctx: StepContext, resource: string, twin: Deletion<T>): Promise<void> {
  const { clock } = ctx.effects;
  let shownBy = (acceptedFact.read(ctx, resource) ?? clock.now()) + LIMITS.settleMs;
  let going = false;
  for (let wait: number = LIMITS.pollMinMs; ; wait = Math.min(wait * 1.5, LIMITS.pollMaxMs)) {
    const found = await twin.find();
    if (found === undefined && (going || clock.now() >= shownBy)) return;
    if (found !== undefined) {
      shownBy = clock.now() + LIMITS.settleMs;
      const stranger = notOurTwin(ctx, twin.suspect(found));
      if (stranger !== undefined) throw new Error(`${stranger}: it is left as it is`);
      going = twin.isGoing(found) || (await twin.ask(found));
    }
    await ctx.wait('aws', wait);
  }
}

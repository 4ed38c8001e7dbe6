import { systemClock } from '../base/clock.ts';
import { DrError, messageOf } from '../base/errors.ts';
import { withEnd } from '../base/with-end.ts';
import type { LabTruth } from '../journal/events.ts';
import type { Acceptances } from '../model/step.ts';
import type { LabLedger } from '../lab/status.ts';
import { realpath } from 'node:fs/promises';
import { EXAMPLE_RUNBOOK, findRunbooks } from '../runbook/find.ts';
import { loadRunbook } from '../runbook/load.ts';
import type { LoadedRunbook, Runbook } from '../runbook/runbook.ts';
import { loadAhead, type StartRequest, startRun } from './start-run.ts';
import { type LabHandle, spawnLab } from '../lab/spawn.ts';
import { chooseFleet } from './fleet/choose.ts';
import { fleetFailover, type FleetRequest, type FleetResult } from './fleet/fleet.ts';
import { chooseRunbook } from './make-plan.ts';
import { offlinePlans } from './offline-plan.ts';
import { gitCommit } from './operator.ts';
import type { RunResult } from './run-to-the-end.ts';
import { liveDrill, type LiveDrillRequest } from './live-drill.ts';

interface LabFailoverRequest extends StartRequest {
  /** One line for the person watching. */
  onMessage: (text: string) => void;
}

/** Orders that users have had acknowledged before anything is broken. */
const ORDERS_FIRST = 40;
const ORDERS_WITHIN_MS = 20_000;
/** After the run, for the users to have found the new region. */
const RECOVERY_WITHIN_MS = 10_000;

/**
 * The main job against a lab of its own: starts it, puts users on it, breaks the active region, runs exactly the code
 * that runs against AWS, measures from outside, and leaves nothing running.
 */
export async function labFailover(request: LabFailoverRequest): Promise<RunResult> {
  const loaded = await runbookInLab(request);
  const { runbook } = loaded;
  const source = sourceInLab(runbook, request.region);
  // While the lab starts: nobody is asked here, and against AWS the same is loaded while a person is.
  const git = gitCommit(loaded.path);
  if (request.region !== undefined) void offlinePlans(loaded, request.verb, request.region).then(({ plans }) => Promise.all(plans.map(loadAhead)), () => undefined);
  const result = await inLab({ loaded: [loaded], active: [source], broken: [source] }, request.onMessage, (measureOf) =>
    startRun({
      ...request,
      runbook: loaded.path,
      acceptances: approvedInLab(request.acceptances, [runbook]),
      gitOf: () => git,
      confirm: () => confirmedByLab(request.onMessage),
      measureLab: () => measureOf(runbook.name),
    }),
  );
  return { ...result, resumable: false };
}

/** The one that is named, else the only one of the folder; the example where there is none, or where it lies in that folder. */
export async function runbookInLab(request: Pick<LabFailoverRequest, 'runbook' | 'runbooks'>): Promise<LoadedRunbook> {
  if (request.runbook !== undefined) return chooseRunbook(request);
  const own = await findRunbooks(request.runbooks).catch(() => []);
  const example = await realpath(EXAMPLE_RUNBOOK);
  const real = await Promise.all(own.map((path) => realpath(path)));
  return own.length === 0 || real.includes(example) ? loadRunbook(EXAMPLE_RUNBOOK) : chooseRunbook(request);
}

interface LabFleetRequest extends Omit<FleetRequest, 'confirm' | 'measureOf'> {
  onMessage: (text: string) => void;
}

/**
 * The same with many applications in one lab: those of a folder that are chosen by name.
 * @throws DrError: nothing chosen, a folder that is not sound, runbooks that cannot share a lab
 */
export async function labFleetFailover(request: LabFleetRequest): Promise<FleetResult> {
  const loaded = (await chooseFleet(request)).members.map((member) => member.loaded);
  const runbooks = loaded.map(({ runbook }) => runbook);
  const homes = [...new Set(runbooks.map(({ home }) => home))].filter((home) => home !== request.region);
  const result = await inLab({ loaded, active: homes, broken: homes }, request.onMessage, (measureOf) =>
    fleetFailover({
      ...request,
      acceptances: approvedInLab(request.acceptances, runbooks),
      confirm: () => confirmedByLab(request.onMessage),
      measureOf,
    }),
  );
  return { ...result, resumable: false };
}

function confirmedByLab(say: (text: string) => void): Promise<'lab'> {
  say('lab: confirmed and approved by the lab itself; against AWS a person does both');
  return Promise.resolve('lab');
}

interface LabWish {
  loaded: readonly LoadedRunbook[];
  /** Regions that serve users; only said. */
  active: readonly string[];
  broken: readonly string[];
}

/** Starts a lab, lets orders flow, breaks regions, does the work, and leaves nothing running. */
async function inLab<T>({ loaded, active, broken }: LabWish, say: (text: string) => void, work: (measureOf: (runbook: string) => Promise<LabTruth>) => Promise<T>): Promise<T> {
  const runbooks = loaded.map(({ runbook }) => runbook);
  const regions = new Map(runbooks.flatMap((runbook) => runbook.regions.map(({ id, name }) => [id, name] as const)));
  const named = (ids: readonly string[]) => ids.map((id) => `${regions.get(id) ?? id} (${id})`).join(' and ');
  const verb = active.length === 1 ? 'is' : 'are';
  const served = runbooks.length === 1 ? '' : `, with ${runbooks.map(({ name }) => name).join(', ')}`;
  say(`lab: starting ${[...regions.values()].join(' and ')} on this machine${served}`);
  const lab = await spawnLab({ runbook: loaded, ownedByParent: true });
  const restore = enterLab(lab.env);
  const recover = async (): Promise<T> => {
    say(`lab: real PostgreSQL (${lab.info.engine}); ${named(active)} ${verb} active`);
    for (const { name } of runbooks) await ordersFlow(lab, name);
    for (const region of broken) await lab.breakRegion(region);
    if (broken.length > 0) say(`lab: ${named(broken)} ${verb} broken: database killed, application gone, AWS endpoints swallow requests`);
    return await work((name) => measure(lab, name, runbooks.find((runbook) => runbook.name === name)?.home ?? ''));
  };
  const stop = (): Promise<void> => {
    restore();
    return lab.stop();
  };
  return withEnd(recover, stop, (error, result) => {
    say(`Warning: the lab could not be stopped (${messageOf(error)}). dr lab stop    ends what is left of it`);
    return result;
  });
}

/** The region that a lab has active. @throws DrError where the target is it, or no region */
function sourceInLab(runbook: Runbook, target: string | undefined): string {
  const names = runbook.regions.map((r) => r.id);
  if (target !== undefined && names.includes(target) && target !== runbook.home) return runbook.home;
  throw new DrError({
    code: target === runbook.home ? 'ALREADY_ACTIVE' : 'REGION_UNKNOWN',
    exit: target === runbook.home ? 'refused' : 'usage',
    title: target === runbook.home ? `In the lab ${target} is active already.` : `${runbook.name} has no region "${target ?? ''}".`,
    next: names.filter((name) => name !== runbook.home).map((name) => `dr failover --region ${name} --lab`),
  });
}

/** The SDK reads the process's own environment. Nothing of the person's real account may reach the lab, or the lab's it. */
function enterLab(env: Readonly<Record<string, string>>): () => void {
  const before = { ...process.env };
  const others = Object.entries(before).filter(([name]) => !name.startsWith('AWS_'));
  process.env = { ...Object.fromEntries(others), ...env };
  return () => {
    process.env = before;
  };
}

async function ordersFlow(lab: LabHandle, runbook: string): Promise<void> {
  const until = systemClock.now() + ORDERS_WITHIN_MS;
  for (;;) {
    const { acknowledged, lastError } = await lab.ledger(runbook);
    if (acknowledged >= ORDERS_FIRST) return;
    if (systemClock.now() > until) {
      throw new DrError({
        code: 'LAB_NO_ORDERS',
        exit: 'lab',
        title: `The lab's users of ${runbook} had only ${acknowledged} orders acknowledged in ${ORDERS_WITHIN_MS / 1000} s.`,
        ...(lastError === undefined ? {} : { detail: lastError }),
        next: ['try again; the machine may have been busy'],
      });
    }
    await systemClock.sleep(100);
  }
}

/** The lab has nobody to ask: it approves by itself, and the record says so. It has nobody's key, though: signatures it waits for. */
function approvedInLab(given: Acceptances, runbooks: readonly Runbook[]): Acceptances {
  if (given.approvedBy.length > 0) return given;
  const approvers = runbooks.flatMap((runbook) => runbook.approvals.flatMap((approval) => approval.from.filter(({ keys }) => keys.length === 0).slice(0, approval.quorum)));
  return { ...given, approvedBy: [...new Set(approvers.map(({ name }) => name))] };
}

/** What the client saw, once it has been served again, and what the surviving database lacks. */
async function measure(lab: LabHandle, runbook: string, source: string): Promise<LabTruth> {
  const until = systemClock.now() + RECOVERY_WITHIN_MS;
  let ledger = await lab.ledger(runbook);
  while (outageOf(ledger, source)?.firstGoodAt === undefined && systemClock.now() < until) {
    await systemClock.sleep(100);
    ledger = await lab.ledger(runbook);
  }
  const outage = outageOf(ledger, source);
  const { loss } = ledger;
  if (loss === undefined || loss.notChecked > 0) {
    throw new DrError({
      code: 'LAB_LOSS_UNKNOWN',
      exit: 'lab',
      title: 'The lab could not count the lost orders.',
      detail: ledger.lossUnknown ?? `${loss?.notChecked ?? 0} acknowledged orders were not looked for.`,
    });
  }
  const ended = outage?.firstGoodAt;
  return {
    ...(outage === undefined ? {} : { lastGoodAt: outage.lastGoodAt }),
    ...(outage === undefined || ended === undefined ? {} : { firstGoodAt: ended, clientDowntimeMs: ended - outage.lastGoodAt }),
    acknowledged: ledger.acknowledged,
    lost: loss.lost,
    ...(loss.unreachable === 0 ? {} : { unreachable: loss.unreachable }),
    lostSpanMs: loss.lossMs,
  };
}

/**
 * What the users who suffered longest saw of the break. Where one address after the other is tried, as with weighted
 * records, good answers lie between the bad ones: then it lasts from the last good one before to the last recovery.
 */
function outageOf(ledger: LabLedger, source: string): Pick<LabLedger['outages'][number], 'lastGoodAt' | 'firstGoodAt'> | undefined {
  const brokenAt = ledger.brokenAt[source] ?? 0;
  const after = ledger.outages.filter((o) => o.firstGoodAt === undefined || o.firstGoodAt > brokenAt);
  const length = (o: Pick<LabLedger['outages'][number], 'lastGoodAt' | 'firstGoodAt'>) => (o.firstGoodAt ?? Number.MAX_SAFE_INTEGER) - o.lastGoodAt;
  const spans = [...Map.groupBy(after, ({ from }) => from)].map(([from, outages]) => {
    const longest = outages.toSorted((a, b) => length(b) - length(a))[0];
    if (from === '' || longest === undefined) return longest;
    const ends = outages.map(({ firstGoodAt }) => firstGoodAt);
    const last = ends.includes(undefined) ? undefined : Math.max(...ends.map((end) => end ?? 0));
    return { lastGoodAt: Math.min(...outages.map(({ lastGoodAt }) => lastGoodAt)), firstGoodAt: last };
  });
  return spans.filter((span) => span !== undefined).sort((a, b) => length(b) - length(a))[0];
}

/** A drill against a lab of its own: nothing is broken in it, users order all the time, and nothing is left running. */
export async function labDrill(request: LabFailoverRequest): Promise<RunResult> {
  const loaded = request.runbook === undefined ? await loadRunbook(EXAMPLE_RUNBOOK) : await chooseRunbook(request);
  const source = sourceInLab(loaded.runbook, request.region);
  const result = await inLab({ loaded: [loaded], active: [source], broken: [] }, request.onMessage, () =>
    startRun({ ...request, runbook: loaded.path, confirm: () => confirmedByLab(request.onMessage) }),
  );
  return { ...result, resumable: false };
}

export async function labLiveDrill(request: LiveDrillRequest): Promise<RunResult> {
  const loaded = request.runbook === undefined ? await loadRunbook(EXAMPLE_RUNBOOK) : await chooseRunbook(request);
  const source = sourceInLab(loaded.runbook, request.region);
  const result = await inLab({ loaded: [loaded], active: [source], broken: [] }, request.onMessage, () =>
    liveDrill({ ...request, runbook: loaded.path, acceptances: approvedInLab(request.acceptances, [loaded.runbook]), confirm: () => confirmedByLab(request.onMessage) }),
  );
  return { ...result, resumable: false };
}

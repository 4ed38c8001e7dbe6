import { systemClock } from '../base/clock.ts';
import { DrError } from '../base/errors.ts';
import type { LabTruth } from '../journal/events.ts';
import type { Acceptances } from '../kinds/step.ts';
import type { LabLedger } from '../lab/status.ts';
import { loadRunbook } from '../runbook/load.ts';
import type { Runbook } from '../runbook/runbook.ts';
import { startRun, type StartRequest } from './start-run.ts';
import { type LabHandle, spawnLab } from '../lab/spawn.ts';
import { EXAMPLE_RUNBOOK } from './lab.ts';
import { chooseRunbook } from './make-plan.ts';
import type { RunResult } from './run-to-the-end.ts';

export interface LabFailoverRequest extends StartRequest {
  /** One line for the person watching. */
  onMessage(text: string): void;
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
  // The lab serves one application: shop, unless another is named.
  const loaded = request.runbook === undefined ? await loadRunbook(EXAMPLE_RUNBOOK) : await chooseRunbook(request);
  const { runbook } = loaded;
  const source = sourceInLab(runbook, request.region);
  request.onMessage(`lab: starting ${runbook.regions.map((r) => r.name).join(' and ')} on this machine`);
  const lab = await spawnLab({ runbook: loaded, ownedByParent: true });
  const restore = enterLab(lab.env);
  try {
    const { engine } = lab.info;
    request.onMessage(`lab: ${describeEngine(engine)}; ${nameOf(runbook, source)} is active`);
    await ordersFlow(lab);
    await lab.breakRegion(source);
    request.onMessage(`lab: ${nameOf(runbook, source)} is broken: database killed, application gone, AWS endpoints swallow requests`);
    const result = await startRun({
      ...request,
      runbook: loaded.path,
      acceptances: approvedInLab(request.acceptances, runbook),
      confirm: () => {
        request.onMessage('lab: confirmed and approved by the lab itself; against AWS a person does both');
        return Promise.resolve('lab');
      },
      measureLab: () => measure(lab, source, engine.kind),
    });
    return { ...result, resumable: false };
  } finally {
    restore();
    await lab.stop();
  }
}

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

function nameOf(runbook: Runbook, region: string): string {
  return `${runbook.regions.find((r) => r.id === region)?.name ?? region} (${region})`;
}

function describeEngine(engine: { kind: 'postgresql' | 'model'; note: string }): string {
  return engine.kind === 'postgresql' ? `real PostgreSQL (${engine.note})` : `MODEL ALONE, no PostgreSQL: ${engine.note}`;
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

async function ordersFlow(lab: LabHandle): Promise<void> {
  const until = systemClock.now() + ORDERS_WITHIN_MS;
  for (;;) {
    const { acknowledged, lastError } = await lab.ledger();
    if (acknowledged >= ORDERS_FIRST) return;
    if (systemClock.now() > until) {
      throw new DrError({
        code: 'LAB_NO_ORDERS',
        exit: 'lab',
        title: `The lab's users had only ${acknowledged} orders acknowledged in ${ORDERS_WITHIN_MS / 1000} s.`,
        ...(lastError === undefined ? {} : { detail: lastError }),
        next: ['try again; the machine may have been busy'],
      });
    }
    await systemClock.sleep(100);
  }
}

/** The lab has nobody to ask: it approves by itself, and the record says so. It has nobody's key, though: signatures it waits for. */
function approvedInLab(given: Acceptances, runbook: Runbook): Acceptances {
  if (given.approvedBy.length > 0) return given;
  return { ...given, approvedBy: runbook.approvals.flatMap((approval) => approval.from.filter(({ keys }) => keys.length === 0).slice(0, approval.quorum).map(({ name }) => name)) };
}

/** What the client saw, once it has been served again, and what the surviving database lacks. */
async function measure(lab: LabHandle, source: string, engine: 'postgresql' | 'model'): Promise<LabTruth> {
  const until = systemClock.now() + RECOVERY_WITHIN_MS;
  let ledger = await lab.ledger();
  while (outageOf(ledger, source)?.firstGoodAt === undefined && systemClock.now() < until) {
    await systemClock.sleep(100);
    ledger = await lab.ledger();
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
    postgres: engine === 'postgresql' ? 'real' : 'model',
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

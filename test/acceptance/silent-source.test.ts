import { expect, it } from 'vitest';
import type { CallRecord, JournalRecord } from '../../src/journal/events.ts';
import { APPROVED, envelopeOf, SEOUL, type Stage, stage, TOKYO } from './stage.ts';

/*
 * Endpoints of the lost region that swallow packets, against endpoints that refuse: what hanging costs.
 */

interface Told {
  /** Time during which some call to Seoul was waited for, milliseconds. */
  waited: number;
  /** From the first record to the verdict on the source. */
  judged: number;
  whole: number;
  records: JournalRecord[];
  stage: Stage;
}

async function run(refuse: boolean): Promise<Told> {
  const on = await stage();
  try {
    if (refuse) on.proxy.lay((call) => call.region === SEOUL, 'reset');
    const impact = await on.breakSeoul();
    const ran = await on.dr(['failover', '--region', TOKYO, '--confirm', 'shop', ...APPROVED, '--impact-at', impact, '--json']);
    expect(envelopeOf(ran)).toMatchObject({ exit: 'ok', result: { standing: 'succeeded' } });
    const records = await on.journal();
    const at = (is: (record: JournalRecord) => boolean) => (records.find(is)?.at ?? Number.NaN) - (records[0]?.at ?? 0);
    return {
      waited: covered(callsOf(records).filter(({ region }) => region === SEOUL)),
      judged: at((r) => r.type === 'step.done' && r.step === 'assess.source'),
      whole: at((r) => r.type === 'run.finished'),
      records,
      stage: on,
    };
  } finally {
    await on.close();
  }
}

function callsOf(records: readonly JournalRecord[]): CallRecord[] {
  return records.flatMap((r) => (r.type === 'step.done' ? [...(r.calls ?? [])] : []));
}

/** Length of the union of the calls: two at once are waited for once. */
function covered(calls: readonly CallRecord[]): number {
  let [total, until] = [0, 0];
  for (const { at, ms } of [...calls].sort((a, b) => a.at - b.at)) {
    total += Math.max(0, at + ms - Math.max(at, until));
    until = Math.max(until, at + ms);
  }
  return total;
}

it('a source that swallows packets makes a failover slower by at most 5 s than one that refuses', { timeout: 120_000 }, async () => {
  const hanging = await run(false);
  const refusing = await run(true);
  console.log(
    `source that hangs: waited ${hanging.waited} ms for it, verdict after ${hanging.judged} ms, done after ${hanging.whole} ms; ` +
      `that refuses: ${refusing.waited} ms, ${refusing.judged} ms, ${refusing.whole} ms`,
  );
  // By what was waited for, and not by the clock on the wall: this machine may be busy.
  expect(hanging.waited).toBeGreaterThan(refusing.waited);
  expect(hanging.waited - refusing.waited).toBeLessThanOrEqual(5_000);
  expect(hanging.waited).toBeLessThanOrEqual(5_000);

  for (const { stage: { proxy }, records } of [hanging, refusing]) {
    const toSource = proxy.calls.filter(({ region }) => region === SEOUL);
    // It was asked, gave no answer, and nothing but a signal came of it: no plan needs it, and nothing is changed there.
    expect(toSource.length).toBeGreaterThan(0);
    expect(toSource.filter(({ status }) => status !== undefined)).toEqual([]);
    expect(new Set(toSource.map(({ operation }) => operation))).toEqual(new Set(['DescribeDBInstances']));
    expect(Math.min(...toSource.map(({ at }) => at))).toBeGreaterThanOrEqual(records[0]?.at ?? Number.NaN);
    const planned = proxy.calls.filter(({ at }) => at < (records[0]?.at ?? 0));
    expect(new Set(planned.map(({ region }) => region))).toEqual(new Set([TOKYO, 'us-east-1']));
  }
});

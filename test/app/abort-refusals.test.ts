import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { abort } from '../../src/app/abort.ts';
import { DrError } from '../../src/base/errors.ts';
import type { JournalRecord, RunEvent } from '../../src/journal/events.ts';
import type { Plan } from '../../src/model/plan.ts';
import { VirtualClock } from '../../src/simulator/virtual-clock.ts';
import { tinyEffects } from '../engine/tiny.ts';
import { chained, planStep, planWith, RUN, started, withPlanSchema } from '../journal/fixture.ts';

/* Which runs cannot be rolled back, and what a person is given instead. Each is refused by its journal alone: nobody is asked, and nothing of AWS. */

const folders: string[] = [];

afterEach(async () => {
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true, force: true });
});

const PROMOTE = planStep('databases.orders.promote', { title: 'promote shop-orders', reversibility: 'point-of-no-return' });
const COPY = planStep('databases.audit.promote', { title: 'promote shop-audit', reversibility: 'point-of-no-return' });
const SCALE = planStep('compute.api.scaleOut');
const asked = (step: string): RunEvent => ({ type: 'step.intent', step, attempt: 1, because: 'it is missing' });
const ended = (outcome: 'succeeded' | 'aborted' | 'failed'): RunEvent => ({ type: 'run.finished', outcome });

async function refusal(events: readonly RunEvent[], parts: Partial<Plan> = {}, changed: (records: JournalRecord[]) => JournalRecord[] = (records) => records, first: Parameters<typeof started>[0] = {}): Promise<{ error: DrError; asked: number }> {
  const state = await mkdtemp(join(tmpdir(), 'dr-abort-'));
  folders.push(state);
  await mkdir(join(state, 'runs', RUN), { recursive: true });
  const records = changed(chained([started({ plan: planWith([PROMOTE, COPY, SCALE], parts), ...first }), ...events]));
  await writeFile(join(state, 'runs', RUN, 'journal.jsonl'), records.map((record) => `${JSON.stringify(record)}\n`).join(''));
  let times = 0;
  const confirm = () => {
    times += 1;
    return Promise.reject(new Error('nobody is to be asked'));
  };
  const work = abort({ run: RUN, state: { folder: state }, effects: tinyEffects(new VirtualClock()), drain: new AbortController().signal, onRecord: () => undefined, confirm });
  const error: unknown = await work.catch((thrown: unknown) => thrown);
  if (!(error instanceof DrError)) throw new Error(`expected a refusal, got ${String(error)}`);
  return { error, asked: times };
}

const HOME = ['dr reprotect --standby ap-northeast-2', 'dr switchover --region ap-northeast-2'];

describe('dr abort', () => {
  it.each<[string, RunEvent[], Partial<Plan>, string, string[]]>([
    ['was rolled back', [ended('aborted')], {}, 'was rolled back already', [`dr report ${RUN}`]],
    ['has moved users', [ended('succeeded')], {}, 'has succeeded', HOME],
    ['has succeeded and moved nobody', [ended('succeeded')], { verb: 'drill' }, 'has succeeded', []],
    ['is a drill that failed, and nothing is left of it', [ended('failed')], { verb: 'drill' }, 'is over, and nothing is left of it', []],
  ])('refuses a run that %s, and asks nobody', async (_, events, plan, how, next) => {
    expect(await refusal(events, plan)).toMatchObject({ error: { code: 'RUN_ENDED', exit: 'usage', message: `Run ${RUN} ${how}: there is nothing to abort.`, next }, asked: 0 });
  });

  it('refuses one that is past the line: which steps are, and the way on', async () => {
    const { error, asked: times } = await refusal([asked(SCALE.id), asked(PROMOTE.id), asked(COPY.id)]);
    expect(error).toMatchObject({
      code: 'LINE_CROSSED',
      exit: 'refused',
      detail: 'databases.audit.promote: promote shop-audit\ndatabases.orders.promote: promote shop-orders',
      next: [`dr resume ${RUN}    continues to the end`, ...HOME.map((line) => `then ${line}`)],
    });
    expect(times).toBe(0);
  });

  it('whose run moves no users shows no way home', async () => {
    expect((await refusal([asked(PROMOTE.id)], { verb: 'reprotect' })).error.next).toEqual([`dr resume ${RUN}    continues to the end`]);
  });

  it('looks at the schema of a plan only where something is left of the run, and says which version began it', async () => {
    const old = (records: JournalRecord[]) => withPlanSchema(records, 'dr.plan/1');
    expect((await refusal([], {}, old)).error).toMatchObject({ code: 'PLAN_OF_OTHER_VERSION', detail: 'It was begun by dr 0.1.0.' });
    expect((await refusal([ended('succeeded')], {}, old)).error).toMatchObject({ code: 'RUN_ENDED' });
  });

  it('refuses a run of a lab that this terminal does not lead to', async () => {
    expect(await refusal([], {}, undefined, { mode: 'lab', labId: 'gone' })).toMatchObject({ error: { code: 'LAB_OF_RUN_GONE' }, asked: 0 });
  });
});

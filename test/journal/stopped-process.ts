/** Holds the lock, begins a run, and stops itself between the question for the lock and the write of its second record; then says how it ended. */
import { thisOperator } from '../../src/app/operator.ts';
import { systemClock } from '../../src/base/clock.ts';
import { systemIds } from '../../src/base/ids.ts';
import { Journal } from '../../src/journal/journal.ts';
import { LocalState } from '../../src/journal/local-state.ts';
import { RUN, started } from './fixture.ts';

const [stateDir = ''] = process.argv.slice(2);
const state = new LocalState(stateDir);
const lease = await state.lease({ lock: 'shop', run: RUN, operator: thisOperator('i'), now: systemClock.now(), ids: systemIds });
let asked = 0;
const store = state.run(RUN, async () => {
  await lease.assertHeld();
  if (++asked === 2) process.kill(process.pid, 'SIGSTOP');
});
const journal = new Journal({ store, clock: systemClock, run: RUN, term: lease.term });
const ends: string[] = [];
for (const event of [started(), { type: 'step.started', step: 'one' }, { type: 'step.intent', step: 'one', attempt: 1, because: '' }] as const) {
  ends.push(await journal.append(event).then(() => 'written', (error: unknown) => (error as { code?: string }).code ?? String(error)));
}
process.send?.(ends, () => process.disconnect());

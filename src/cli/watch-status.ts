import { followRun, type FollowRequest } from '../app/follow.ts';
import type { Standing } from '../app/standing.ts';
import { systemClock } from '../base/clock.ts';
import { withEnd } from '../base/with-end.ts';
import { canRedraw, choosePresenter } from './presenters/choose.ts';
import { drainOnSignals } from './signals.ts';

/** Follows a run as its own terminal shows it; Ctrl-C ends only the watching. */
export async function watchStatus(what: Pick<FollowRequest, 'place' | 'run' | 'leftOut'>, json: boolean): Promise<Standing> {
  const presenter = await choosePresenter({ tty: canRedraw(process.stderr, process.env), json, output: 'text' });
  const said = 'No longer watching. The run is not touched.';
  const drain = drainOnSignals(() => presenter.message(said), () => said);
  const work = () => followRun({ ...what, clock: systemClock, until: drain.signal, onRecord: (record, state) => presenter.onRecord(record, state), onMessage: (text) => presenter.message(text) });
  return withEnd(work, async () => {
    drain.dispose();
    await presenter.close();
  }, (_error, result) => result);
}

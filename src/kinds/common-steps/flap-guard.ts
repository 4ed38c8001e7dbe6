import * as z from 'zod';
import { iso } from '../../base/clock.ts';
import { formatDuration } from '../../base/duration.ts';
import { messageOf } from '../../base/errors.ts';
import type { PastMove } from '../../effects/effects.ts';
import { gate } from '../common.ts';
import type { Refusal, StepContext } from '../../model/step.ts';

const params = z.strictObject({ windowMs: z.int().min(1) });
type Params = z.infer<typeof params>;

const OVERRIDE = '--acknowledge-flap NAME --reason "why it has to move again so soon"';

/** The same move started again because the last one did not come to its end: that is no way back. */
function completes(ctx: StepContext, move: PastMove): boolean {
  return !move.complete && move.source === ctx.source && move.target === ctx.target;
}

async function decide(ctx: StepContext, { windowMs }: Params): Promise<string | Refusal> {
  const { clock, history } = ctx.effects;
  const window = formatDuration(windowMs);
  const said = ctx.acceptances.flap === undefined ? '' : `, acknowledged by ${ctx.acceptances.flap}`;
  const now = clock.now();
  const rule = { rule: 'flap-guard', consequence: 'going back and forth makes an outage worse: each move may lose data and stop writes', override: OVERRIDE };
  let moves: readonly PastMove[];
  try {
    if (history === undefined) throw new Error('nothing is known of other runs');
    moves = await history.moves(now - windowMs);
  } catch (error) {
    if (said !== '') return `whether it moved within ${window} cannot be known${said}`;
    return { ...rule, observed: `the runs of the last ${window} cannot be read: ${messageOf(error)}`, threshold: `no move within ${window}, as far as every run can be read` };
  }
  const [last] = moves;
  if (last === undefined) return `no run has moved ${ctx.runbook} within ${window}`;
  const what = `${last.run} moved ${ctx.runbook} from ${last.source} to ${last.target}`;
  if (completes(ctx, last)) return `${what} and did not come to its end: this run continues it`;
  if (said !== '') return `${what} ${formatDuration(now - last.at)} ago${said}`;
  return { ...rule, observed: `${what}, by ${last.by}`, ageMs: now - last.at, threshold: `no move within ${window}: again from ${iso(last.at + windowMs)}` };
}

/** No second failover and no way back so soon after a move, unless somebody says so: a person who sees an outage again looks first. Unknown is not "no". */
export default gate<Params>(params, decide);

import * as z from 'zod';
import { formatDuration } from '../../base/duration.ts';
import { LIMITS } from '../../base/limits.ts';
import { judgeSample } from '../../measure/probe.ts';
import { noCheck, stepKind } from '../common.ts';
import { zonesOfName } from '../route53/sets.ts';
import { leadsThere } from '../route53/settle.ts';
import { probeSchema, probeUnseenFact, probeUnverifiedFact } from '../probe.ts';
import type { Observation, StepContext } from '../../model/step.ts';

const params = z.strictObject({ probe: probeSchema, zones: zonesOfName });
type Params = z.infer<typeof params>;

const NOT_SEEN = 'not seen from here: the name never resolved from this machine, so recovery is not verified from outside';

async function sample(ctx: StepContext, p: Params): Promise<Extract<Observation, { state: 'reached' | 'pending' }>> {
  const answer = await ctx.effects.http.request({ url: p.probe.http, timeoutMs: LIMITS.probeMs, signal: ctx.signal });
  const seen = judgeSample(answer, p.probe);
  // Not seen from here before the run, and not now: that is no bad answer.
  if (answer.address === undefined && probeUnseenFact.read(ctx, p.probe.name) === true) return { state: 'reached', says: 'not judged', because: NOT_SEEN };
  const there = answer.address === undefined || (await leadsThere(ctx, p.zones, new URL(p.probe.http).hostname, answer.address));
  ctx.signal.throwIfAborted();
  if (!seen.up) return { state: 'pending', because: seen.because, waitingFor: 'users' };
  if (!there) return { state: 'pending', because: `${seen.because}, where users are led no more`, waitingFor: 'users' };
  return { state: 'reached', because: seen.because };
}

/** Good answers without a gap for as long as the runbook says, from where users are to be led. Any other starts the time again. */
async function observe(ctx: StepContext, p: Params): Promise<Observation> {
  const { clock } = ctx.effects;
  let since: number | undefined;
  for (;;) {
    const sampledAt = clock.now();
    const seen = await sample(ctx, p);
    if (seen.state !== 'reached') return seen;
    if (seen.says === 'not judged') {
      probeUnverifiedFact.record(ctx, p.probe.name, true);
      return seen;
    }
    since ??= sampledAt;
    const held = clock.now() - since;
    if (held >= p.probe.holdMs) {
      return { state: 'reached', because: `good for ${formatDuration(held)} without a gap; last: ${seen.because}` };
    }
    await ctx.wait('hold', Math.min(p.probe.everyMs, p.probe.holdMs - held));
  }
}

export default stepKind<Params>({
  params,
  check: noCheck,
  observe,
  holds: sample,
});

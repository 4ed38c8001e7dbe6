import * as z from 'zod';
import { refused, stepKind } from '../common.ts';
import type { Refusal, StepContext } from '../step.ts';

const params = z.strictObject({ from: z.array(z.string()), quorum: z.int().min(1) });
type Params = z.infer<typeof params>;

function decide(ctx: StepContext, p: Params): string | Refusal {
  const given = [...new Set(ctx.acceptances.approvedBy)];
  const valid = given.filter((name) => p.from.includes(name));
  if (valid.length >= p.quorum) return `approved by ${valid.join(', ')} (names as given, not verified)`;
  const strangers = given.filter((name) => !p.from.includes(name));
  return {
    rule: 'approval',
    observed: `${valid.length} of ${p.quorum} approvals${strangers.length > 0 ? `; not on the list: ${strangers.join(', ')}` : ''}`,
    threshold: `${p.quorum} of ${p.from.join(', ')}`,
    consequence: 'the point of no return is not crossed without them',
    override: `--approved-by ${p.from.find((name) => !valid.includes(name)) ?? 'NAME'}`,
  };
}

/** Nobody crosses the line alone. The names are recorded as they were given. */
export default stepKind<Params>({
  params,
  check: (ctx, p) => {
    const decision = decide(ctx, p);
    return Promise.resolve(typeof decision === 'string' ? { state: 'ok', because: decision } : refused(decision));
  },
  observe: (ctx, p) => {
    const decision = decide(ctx, p);
    return Promise.resolve(typeof decision === 'string' ? { state: 'reached', because: decision } : refused(decision));
  },
});

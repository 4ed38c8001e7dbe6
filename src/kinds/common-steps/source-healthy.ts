import * as z from 'zod';
import { noCheck, regionName, refused, stepKind } from '../common.ts';
import { signalFact, type Signal, writesStoppedFact } from '../../model/signals.ts';

const params = z.strictObject({ region: regionName, signals: z.array(z.string()) });
type Params = z.infer<typeof params>;

/** What must say "up", and not only not "down": an answer that is missing is no good answer. Users only where there are probes. */
const MUST_BE_UP: ReadonlySet<Signal['vantage']> = new Set(['users', 'source-api', 'replication']);

/** What tells nothing of the source once this run has stopped writes itself: it is resumed after a crash. */
const OWN_DOING: ReadonlySet<Signal['vantage']> = new Set(['users', 'health-checkers']);

function isGood(signal: Signal): boolean {
  return (signal.says === 'up' && signal.unsettled !== true) || (signal.says === 'unknown' && !MUST_BE_UP.has(signal.vantage));
}

/** The gate of a switchover: the source is healthy from every side that was looked at, and its replicas follow. Else a failover leaves it. */
export default stepKind<Params>({
  params,
  check: noCheck,
  observe: (ctx, p) => {
    const seen = p.signals.map((name) => ({ name, signal: signalFact.read(ctx, name) }));
    const noProbe = (s: Signal | undefined) => s?.vantage === 'users' && s.says === 'unknown';
    const stopped = writesStoppedFact.read(ctx) === true;
    const counts = (s: Signal | undefined) => !noProbe(s) && !(stopped && s !== undefined && OWN_DOING.has(s.vantage));
    const bad = seen.filter(({ signal }) => counts(signal) && (signal === undefined || !isGood(signal)));
    const say = (list: typeof seen) => list.map(({ name, signal }) => `${name}: ${signal === undefined ? 'not seen' : `${signal.says} (${signal.because})`}`).join('; ');
    if (bad.length === 0) return Promise.resolve({ state: 'reached', because: say(seen) } as const);
    return Promise.resolve(
      refused({
        rule: 'source-healthy',
        observed: say(bad),
        threshold: 'every signal of the source is up, and its replicas follow',
        consequence: `a switchover needs both sides: without ${p.region} it could neither bring the last writes over nor roll back`,
        override: `none: wait until it is healthy, or, when ${p.region} is lost: dr failover --region ${ctx.target}`,
      }),
    );
  },
});

import * as z from 'zod';
import { LIMITS } from '../../base/limits.ts';
import { judgeSample } from '../../measure/probe.ts';
import { noCheck, recordType, stepKind } from '../common.ts';
import { probeSchema, probeUnseenFact } from '../probe.ts';
import { answerSchema } from '../route53/aim.ts';
import { addressesOfAnswer, keyOf, sourceAnswersFact, zonesOfName } from '../route53/sets.ts';
import { type Signal, signalSeen } from '../../model/signals.ts';
import type { StepContext } from '../../model/step.ts';

const params = z.strictObject({
  probes: z.array(probeSchema),
  /** What the source answers to names, as the runbook says it for each resource that has the name; of others a fact may tell. */
  answers: z.record(z.string(), z.array(answerSchema)).default({}),
  /** By probed name. */
  zones: z.record(z.string(), zonesOfName).default({}),
});
type Params = z.infer<typeof params>;

/** One bad answer may be chance; two, this far apart, are counted. */
const BETWEEN_MS = 150;

/** The addresses at which the source answers a name, of each zone that holds it; empty where they are not known. */
async function sourceOf(ctx: StepContext, p: Params, url: string): Promise<readonly (readonly string[])[]> {
  const name = new URL(url).hostname;
  const said = await Promise.all((p.answers[name] ?? []).map((answer) => addressesOfAnswer(ctx, answer)));
  const seen = (p.zones[name] ?? []).map((zone) => recordType.options.flatMap((type) => sourceAnswersFact.read(ctx, keyOf(zone, { name, type })) ?? []));
  return [...said, ...seen.filter((addresses) => !said.some((known) => addresses.every((one) => known.includes(one))))];
}

interface Seen {
  up: boolean;
  because: string;
  /** Known to be the source's own answer. */
  atSource: boolean;
  /** The name resolved from this machine: only then the answer tells what users get. */
  resolved: boolean;
}

/** One probe: users who are led to the source. The answer of another region says nothing of it: then it is asked where it answers. */
async function ask(ctx: StepContext, p: Params, probe: z.infer<typeof probeSchema>): Promise<Seen> {
  const request = { url: probe.http, timeoutMs: LIMITS.signalMs, signal: ctx.signal };
  const [first, own] = await Promise.all([ctx.effects.http.request(request), sourceOf(ctx, p, probe.http)]);
  // The first of each zone: a private one may not be reached from here.
  const places = own.flatMap(([at]) => at ?? []);
  if (places.length === 0 || first.address === undefined) return { ...judgeSample(first, probe), atSource: false, resolved: first.address !== undefined };
  if (own.flat().includes(first.address)) return { ...judgeSample(first, probe), atSource: true, resolved: true };
  const looks = await Promise.all(places.map(async (at) => judgeSample(await ctx.effects.http.request({ ...request, at }), probe)));
  const there = looks.find((look) => look.up) ?? looks[0] ?? judgeSample(first, probe);
  return { ...there, because: `${there.because}, where the source answers (the name leads to ${first.address})`, atSource: true, resolved: true };
}

async function look(ctx: StepContext, p: Params): Promise<Signal> {
  const vantage = 'users';
  if (p.probes.length === 0) return { vantage, says: 'unknown', because: 'the runbook has no probe' };
  const seen = await Promise.all(
    p.probes.map(async (probe) => {
      const first = await ask(ctx, p, probe);
      if (first.up) return { probe: probe.name, ...first };
      await ctx.wait('users', BETWEEN_MS);
      return { probe: probe.name, ...(await ask(ctx, p, probe)) };
    }),
  );
  for (const { probe, resolved } of seen) probeUnseenFact.record(ctx, probe, !resolved);
  const good = seen.filter((s) => s.up);
  const words = seen.map((s) => `${s.probe}: ${s.because}`).join('; ');
  if (seen.every((s) => !s.resolved)) return { vantage, says: 'unknown', because: `no probed name resolves from this machine, so what users get is not seen from here: ${words}` };
  // A part that works may be a cached page: users are down when every probe says so.
  return { vantage, says: good.length === 0 ? 'down' : 'up', because: words, ...(good.some((s) => s.atSource) ? { atSource: true } : {}) };
}

/** What users get who are led to the source, from where `dr` runs: every probe twice. */
export default stepKind<Params>({
  params,
  check: noCheck,
  observe: async (ctx, p) => {
    return signalSeen(ctx, 'users', await look(ctx, p));
  },
});

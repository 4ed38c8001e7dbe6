import * as z from 'zod';
import { refused, stepKind } from '../common.ts';
import { fact } from '../../model/fact.ts';
import type { Observation, StepContext } from '../../model/step.ts';
import { envOf, loginParams, loginTo, missingLogin, type NamedLogin, positionOf, setReadOnly } from './login.ts';
import { quiescedAt } from './quiesce.ts';
import type { PlanContext, StepDraft } from '../../model/kind.ts';
import { type Database, lookRights, rdsResource } from './instance.ts';
import { isPlannedMove } from '../../model/verb.ts';

/* Lets a new writer write: the read-only setting of a switchover is part of the database, and was promoted with it. The sessions that began under it are ended. */

const params = z.strictObject({ name: z.string(), ...loginParams });
type Params = z.infer<typeof params>;

const openedFact = fact('opened', z.literal(true));

async function observe(ctx: StepContext, p: Params): Promise<Observation> {
  const seen = await positionOf(ctx, p);
  if (typeof seen === 'string') return { state: 'pending', because: seen, waitingFor: 'database' };
  if (seen.role === 'replica') return { state: 'pending', because: `${p.id} is still in recovery`, waitingFor: 'database' };
  if (seen.readOnly) return { state: 'absent', because: `${p.id} is read-only` };
  const quiesced = quiescedAt(ctx, p.name) !== undefined;
  if (quiesced && !openedFact.has(ctx, p.name)) return { state: 'absent', because: `sessions of ${p.id} may still be read-only` };
  return { state: 'reached', because: quiesced ? `${p.id} takes writes` : `${p.id} takes writes; it was not read-only, so nothing was changed` };
}

export const openWrites = stepKind<Params>({
  params,
  check: (ctx, p) => {
    const missing = missingLogin(ctx, p);
    if (missing === undefined) return Promise.resolve({ state: 'ok', because: `login for ${p.id} is there` } as const);
    return Promise.resolve(
      refused({
        rule: 'open-writes',
        observed: missing,
        threshold: `the environment variables ${p.userEnv} and ${p.passwordEnv}`,
        consequence: `${p.id} may stay read-only after its promotion`,
        override: `export ${p.userEnv}=… ${p.passwordEnv}=…`,
      }),
    );
  },
  observe,
  act: async (ctx, p) => {
    await setReadOnly(ctx, p, false);
    openedFact.record(ctx, p.name, true);
  },
});

export function openWritesStep(ctx: PlanContext, copy: Database, login: NamedLogin, after: string): StepDraft {
  const changes = [{ resource: rdsResource(copy.region, copy.id), field: `database ${login.database}`, before: 'read-only', after: 'read and write' }];
  return {
    step: 'openWrites',
    phase: 'data',
    after: [after],
    reversibility: 'reversible',
    title: `Make sure that ${copy.id} takes writes`,
    env: envOf(login),
    params: { ...loginTo(copy, login) } satisfies Params,
    controlPlanes: [],
    permissions: [lookRights(ctx, copy)],
    estimate: { p50: 1, p95: 10, basis: after === 'promote' ? 'one look; one ALTER DATABASE after a switchover' : 'one ALTER DATABASE' },
    limitMs: 300_000,
    changes: isPlannedMove(ctx.verb) ? changes : [],
  };
}

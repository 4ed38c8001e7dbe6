import * as z from 'zod';
import { withDeadline } from '../../base/deadline.ts';
import { messageOf } from '../../base/errors.ts';
import { envName, sqlName } from '../common.ts';
import { fact } from '../../model/fact.ts';
import type { StepContext } from '../../model/step.ts';
import { sampleLag } from './lag.ts';
import { positionOf } from './login.ts';

/* Where the replica had replayed to right before it is promoted, for a later comparison with the old writer. It decides nothing, and nothing waits for it. */

export const loginSchema = z.strictObject({ database: sqlName, userEnv: envName, passwordEnv: envName });

/** Times in milliseconds since the epoch. */
const linePositionSchema = z.strictObject({
  by: z.enum(['sql', 'lag-sample', 'not known']),
  at: z.number(),
  /** Last replayed position of the write-ahead log, as PostgreSQL writes it. */
  lsn: z.string().optional(),
  /** Commit time of the last replayed transaction. */
  replayedAt: z.number().optional(),
  lagMs: z.number().optional(),
  sampledAt: z.number().optional(),
  because: z.string(),
});
type LinePosition = z.infer<typeof linePositionSchema>;

export const linePositionFact = fact('position', linePositionSchema);

/** A promotion must not wait longer for it, ms. */
const READ_MS = 3_000;

interface Replica {
  name: string;
  region: string;
  id: string;
  login?: z.infer<typeof loginSchema> | undefined;
}

export async function recordLinePosition(ctx: StepContext, replica: Replica): Promise<void> {
  const { clock } = ctx.effects;
  const read = (what: string, look: (ctx: StepContext) => Promise<Omit<LinePosition, 'at'> | string>) =>
    withDeadline(clock, READ_MS, what, ctx.signal, (signal) => look({ ...ctx, signal })).catch((error: unknown) => {
      ctx.signal.throwIfAborted();
      return messageOf(error);
    });
  const tell = (known: Omit<LinePosition, 'at'>) => linePositionFact.record(ctx, replica.name, { ...known, at: clock.now() });
  const inside = await read('the position by SQL', (within) => bySql(within, replica));
  if (typeof inside !== 'string') { tell(inside); return; }
  const shown = await read('the newest ReplicaLag', (within) => byLag(within, replica));
  tell(typeof shown === 'string' ? { by: 'not known', because: `${inside}; ${shown}` } : shown);
}

async function bySql(ctx: StepContext, { login, ...instance }: Replica): Promise<Omit<LinePosition, 'at'> | string> {
  if (login === undefined) return 'the runbook names no login';
  const seen = await positionOf(ctx, { region: instance.region, id: instance.id, ...login });
  if (typeof seen === 'string') return seen;
  if (seen.role !== 'replica') return `${instance.id} is no replica`;
  const { replayedAt } = seen;
  return { by: 'sql', lsn: lsnText(seen.at), ...(replayedAt === undefined ? {} : { replayedAt }), because: 'last position that the replica had replayed' };
}

async function byLag(ctx: StepContext, { region, id }: Replica): Promise<Omit<LinePosition, 'at'> | string> {
  const { newestValid } = await sampleLag(ctx, region, id);
  if (newestValid === undefined) return 'no ReplicaLag sample was found';
  return { by: 'lag-sample', ...newestValid, because: 'newest lag that AWS shows' };
}

/** Two hexadecimal numbers: https://www.postgresql.org/docs/17/datatype-pg-lsn.html */
export function lsnText(at: bigint): string {
  const hex = (n: bigint) => n.toString(16).toUpperCase();
  return `${hex(at >> 32n)}/${hex(at & 0xffffffffn)}`;
}

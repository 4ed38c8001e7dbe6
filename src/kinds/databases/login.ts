import * as z from 'zod';
import type { DbInstance } from '../../aws/rds.ts';
import { DrError, messageOf } from '../../base/errors.ts';
import { LIMITS } from '../../base/limits.ts';
import { answeredByServer, type SqlPosition, type SqlTarget } from '../../effects/effects.ts';
import { envName, inRegion, instanceSchema, perRegion, securityGroupId, sqlName } from '../common.ts';
import type { LintFinding, ObserveContext } from '../../model/kind.ts';
import { isPlannedMove } from '../../model/verb.ts';
import type { Looking, StepContext } from '../../model/step.ts';
import { instanceNow } from './instance.ts';

/** How to log in to an instance; user and password stay in the environment. */
export const loginParams = {
  ...instanceSchema.shape,
  database: sqlName,
  userEnv: envName,
  passwordEnv: envName,
};

export type Login = { [K in keyof typeof loginParams]: z.infer<(typeof loginParams)[K]> };

export type NamedLogin = Omit<Login, 'region' | 'id'>;

export function loginTo<D extends object>(at: D, { database, userEnv, passwordEnv }: NamedLogin): D & NamedLogin {
  return { ...at, database, userEnv, passwordEnv };
}

export function envOf({ userEnv, passwordEnv }: NamedLogin): string[] {
  return [userEnv, passwordEnv];
}

/** @throws Error if the runbook names none: `needLogin` has refused before. */
export function loginOf<L extends NamedLogin>({ canary }: { canary?: L | undefined }): L {
  if (canary === undefined) throw new Error('a switchover needs a login');
  return canary;
}

export function missingLogin(ctx: Pick<StepContext, 'effects'>, p: NamedLogin): string | undefined {
  const missing = [p.userEnv, p.passwordEnv].filter((name) => (ctx.effects.env(name) ?? '') === '');
  return missing.length > 0 ? `${missing.join(' and ')} not set` : undefined;
}

/** Where the instance listens, and how to log in; in words why it cannot be told. */
export async function targetOf(ctx: StepContext, p: Login): Promise<SqlTarget | string> {
  return sqlTarget(ctx, p.id, p, await instanceNow(ctx, p));
}

export function sqlTarget(ctx: Pick<StepContext, 'effects'>, id: string, p: NamedLogin, instance: DbInstance | undefined): SqlTarget | string {
  const endpoint = instance?.Endpoint;
  if (endpoint?.Address === undefined || endpoint.Port === undefined) return `${id} shows no endpoint`;
  const noSql = withoutSql(id, instance?.Engine);
  if (noSql !== undefined) return noSql;
  return {
    engine: 'postgres',
    host: endpoint.Address,
    port: endpoint.Port,
    database: p.database,
    user: ctx.effects.env(p.userEnv) ?? '',
    password: ctx.effects.env(p.passwordEnv) ?? '',
  };
}

/** The position of an instance; in words why it cannot be told. Errors of AWS are thrown. */
export async function positionOf(ctx: StepContext, p: Login): Promise<SqlPosition | string> {
  const target = missingLogin(ctx, p) ?? (await targetOf(ctx, p));
  if (typeof target === 'string') return target;
  try {
    return await ctx.effects.sql.position(target, LIMITS.sqlMs, ctx.signal);
  } catch (error) {
    ctx.signal.throwIfAborted();
    return `${p.id}: ${messageOf(error)}`;
  }
}

/** Neither where the database lets a login in. */
export interface LoginSeen {
  /** The words in which it refuses it itself. */
  refused?: string | undefined;
  /** Why nobody answers from there. */
  unreached?: string;
}

export async function loginSeen(ctx: Looking, id: string, { userEnv }: NamedLogin, target: SqlTarget): Promise<LoginSeen> {
  try {
    await ctx.effects.sql.position(target, LIMITS.sqlMs, ctx.signal);
    return {};
  } catch (error) {
    ctx.signal.throwIfAborted();
    return answeredByServer(error) ? { refused: `${id} refuses the login of ${userEnv}: ${messageOf(error)}` } : { unreached: `${id} is not reached from here by SQL: ${messageOf(error)}` };
  }
}

/** Makes a database read-only, or lets it write again. What is cut short is made again: it does no harm twice. */
export async function setReadOnly(ctx: StepContext, p: Login, on: boolean): Promise<void> {
  const target = missingLogin(ctx, p) ?? (await targetOf(ctx, p));
  if (typeof target === 'string') throw new Error(target);
  for (let attempt = 1; ; attempt++) {
    try {
      await ctx.effects.sql.setReadOnly(target, on, LIMITS.quiesceMs, ctx.signal);
      return;
    } catch (error) {
      ctx.signal.throwIfAborted();
      if (attempt === ATTEMPTS) throw error;
    }
    await ctx.wait('database', BETWEEN_MS);
  }
}

const ATTEMPTS = 3;
const BETWEEN_MS = 500;

/** A planned move stops writes by SQL. Without a login they would continue, and the last of them would be lost. @throws DrError */
export function needLogin(ctx: ObserveContext, db: { instances: Readonly<Record<string, string>>; canary?: object | undefined }): void {
  if (!isPlannedMove(ctx.verb) || db.canary !== undefined) return;
  throw new DrError({
    code: 'LOGIN_NEEDED',
    exit: 'refused',
    title: `A switchover to ${inRegion(db.instances, ctx.target)} needs an SQL login, by which dr stops writes.`,
    detail: 'The runbook names none for this database.',
    next: [
      'add to the database: canary: { database: NAME, table: dr_canary, userEnv: DB_USER, passwordEnv: DB_PASSWORD }',
      'the user must have the rights of the owner of that database',
    ],
  });
}

export const canaryFields = z.strictObject({
  database: sqlName.describe('Name of the database'),
  table: sqlName.describe('Table that the row is written to; it is made where it is missing'),
  userEnv: envName.describe('Environment variable that holds the user'),
  passwordEnv: envName.describe('Environment variable that holds the password'),
});

export const quarantineGroups = perRegion(securityGroupId).describe('Id of the security group in each region; it has no inbound rule');

/* `dr` sends SQL to PostgreSQL only. One sentence says so everywhere: by the names of the runbook, or by the engine that AWS shows. */

/** Why nothing can be done inside a database by SQL; undefined where it is PostgreSQL, or AWS shows no engine. */
export function withoutSql(id: string, engine: string | undefined): string | undefined {
  if (engine === undefined || engine === '' || engine.includes('postgres')) return undefined;
  return `SQL is sent to PostgreSQL only, and ${id} is ${engine}`;
}

/** A login that would not work, as far as names tell: the engine is known when AWS shows it. */
export function lintSqlEngine({ instances, canary }: { instances: unknown; canary?: unknown }): LintFinding[] {
  const other = canary === undefined ? undefined : otherEngineNamed(instances);
  return other === undefined ? [] : [{ path: ['canary'], severity: 'warning', message: `SQL is sent to PostgreSQL only, and ${other} sounds like another engine: a run would be refused` }];
}

/** The first name in a resource of a runbook that tells of another engine; what AWS shows is known later only. */
export function otherEngineNamed(resource: unknown): string | undefined {
  return /[\w.-]*(?:mysql|mariadb|oracle|sqlserver)[\w.-]*/i.exec(JSON.stringify(resource))?.[0];
}

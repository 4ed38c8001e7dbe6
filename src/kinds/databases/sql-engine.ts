import type { LintFinding } from '../../model/kind.ts';

/*
 * Canary, switchover, position and own statements are SQL, and `dr` sends it to PostgreSQL only. One sentence says so everywhere: in
 * `dr validate` and the lab by the names of the runbook, in plan, check and run by the engine that AWS shows.
 */

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

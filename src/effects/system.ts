import type { AwsCaller } from '../aws/caller.ts';
import { systemClock } from '../base/clock.ts';
import { systemIds } from '../base/ids.ts';
import { systemDns } from './dns.ts';
import type { Effects } from './effects.ts';
import { systemHttp } from './http.ts';
import { systemSql } from './postgres.ts';
import { systemProcess } from './process.ts';

/**
 * The real world. Of `env` it reads `DR_RESOLVER` (DNS server, `address:port`), `DR_CONNECT_TO` (`PORT:PORT`, as curl's
 * `--connect-to`), `PGSSLMODE` and `PGSSLROOTCERT`. @throws Error when DR_CONNECT_TO is malformed.
 */
export function systemEffects(parts: { aws: AwsCaller; env: Readonly<Record<string, string | undefined>> }): Effects {
  const resolver = parts.env['DR_RESOLVER'];
  const own = resolver !== undefined && resolver.trim() !== '';
  const dns = systemDns(own ? resolver : undefined);
  return {
    clock: systemClock,
    ids: systemIds,
    aws: parts.aws,
    dns,
    http: systemHttp({ dns: own ? dns : undefined, connectTo: parts.env['DR_CONNECT_TO'] }),
    sql: systemSql(parts.env),
    process: systemProcess,
    env: (name) => parts.env[name],
  };
}

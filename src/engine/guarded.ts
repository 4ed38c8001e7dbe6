import type { Effects, HttpRequest, SqlPort, SqlTarget } from '../effects/effects.ts';
import { redacted } from '../effects/redact.ts';

/* What a driver or a server says goes into the journal: each port takes out of its answers what it was given in confidence. */

function without(text: string, values: readonly string[], name: string): string {
  return redacted(text, values.map((value) => ({ name, value })));
}

/** SQL whose errors and answers do not carry the password. What the canary reads is the run's own word. */
export function guardedSql(sql: SqlPort): SqlPort {
  const clean = (target: SqlTarget, text: string) => without(text, [target.password], 'password');
  const guard = async <T>(target: SqlTarget, work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof Error)) throw new Error(clean(target, String(error)));
      const message = clean(target, error.message);
      if (message === error.message) throw error;
      // Not as its cause: that would carry what was taken out.
      throw new Error(message);
    }
  };
  return {
    canary: (target, ...rest) => guard(target, () => sql.canary(target, ...rest)),
    setReadOnly: (target, ...rest) => guard(target, () => sql.setReadOnly(target, ...rest)),
    position: (target, ...rest) => guard(target, () => sql.position(target, ...rest)),
    statement: (target, ...rest) =>
      guard(target, async () => {
        const outcome = await sql.statement(target, ...rest);
        return outcome.state === 'done' ? { ...outcome, text: clean(target, outcome.text) } : { ...outcome, error: clean(target, outcome.error) };
      }),
  };
}

/** HTTP whose errors carry neither the values of headers nor what stands behind the host of an address. */
export function guardedHttp(http: Effects['http']): Effects['http'] {
  return {
    request: async (request) => {
      const sample = await http.request(request);
      if (sample.error === undefined) return sample;
      return { ...sample, error: without(without(sample.error, Object.values(request.headers ?? {}), 'header'), behindTheHost(request), 'address') };
    },
  };
}

/** Of a webhook the path is the secret. What a page that is only read says of itself stays. */
function behindTheHost({ url, method = 'GET' }: HttpRequest): string[] {
  if (method === 'GET' || !URL.canParse(url)) return [];
  const { pathname, search } = new URL(url);
  return [`${pathname}${search}`, pathname].filter((part) => part !== '/');
}

/** What a run touches outside its process, answered by a simulated world. README.md says what the application answers. */
import { isIP } from 'node:net';
import { remembered } from '../base/remembered.ts';
import type { DnsAnswer, Effects, HttpPort, HttpRequest, HttpSample, ProcessPort, SqlOutcome, SqlPosition, SqlPort, SqlTarget } from '../effects/effects.ts';
import { messageOf } from '../base/errors.ts';
import { type DbRef, refKey } from './database-driver.ts';
import { isDown, statusOf } from './db-instance.ts';
import { SeededIds } from './random.ts';
import type { World } from './world.ts';

const DEFAULT_PAGES: Readonly<Record<string, string>> = { '/healthz': 'ok' };

export function simulatedEffects(world: World): Effects {
  const { clock, seed } = world.options;
  return {
    clock,
    // Not the world's own stream: what the tool draws does not move what the world draws.
    ids: new SeededIds(seed ^ 0x2545f491),
    aws: world,
    dns: {
      async resolve(name, type, _timeoutMs, signal): Promise<DnsAnswer> {
        signal?.throwIfAborted();
        const { values, ttl } = world.resolve(name, type);
        return { values, ttl };
      },
    },
    http: httpPort(world),
    sql: sqlPort(world),
    process: processPort(world),
    // Nothing has run in this world before.
    history: { moves: () => Promise.resolve([]), madeBy: () => Promise.resolve(undefined) },
    // Every secret exists; the world's databases ask for none.
    env: (name) => `simulated-${name}`,
  };
}

/** Of the few pages that are asked for all the time. */
export const partsOf = remembered((url) => {
  const { hostname, pathname } = new URL(url);
  return { hostname, pathname, isAddress: isIP(hostname) !== 0 };
});

function httpPort(world: World): HttpPort {
  const { clock } = world.options;
  return {
    async request(request: HttpRequest): Promise<HttpSample> {
      const began = clock.now();
      const url = partsOf(request.url);
      const address = request.at ?? (url.isAddress ? url.hostname : world.resolve(url.hostname, 'A').values[0]);
      const sample = (status: number, body: string, error?: string): HttpSample => ({
        status,
        body,
        address,
        ms: clock.now() - began,
        ...(error === undefined ? {} : { error }),
      });
      if (address === undefined) return sample(0, '', `getaddrinfo ENOTFOUND ${url.hostname}`);
      const { httpMs } = world.state.core.timings;
      const app = world.state.applications.at(address);
      const answers = app !== undefined && world.state.applications.status(app, began) !== 0;
      if (app !== undefined && !answers && world.options.lostApplications === 'refuses' && !world.isAlive(app.region)) return sample(0, '', `connect ECONNREFUSED ${address}`);
      try {
        if (!answers || httpMs > 0) await clock.sleep(answers ? Math.min(httpMs, request.timeoutMs) : request.timeoutMs, request.signal);
      } catch (reason) {
        return sample(0, '', String(reason));
      }
      if (!answers || httpMs > request.timeoutMs) return sample(0, '', `no answer within ${request.timeoutMs} ms`);
      world.tick();
      const status = world.state.applications.status(app, clock.now());
      if (status === 0) return sample(0, '', 'read ECONNRESET');
      if (status !== 200) return sample(status, 'unavailable');
      const page = (app.pages ?? DEFAULT_PAGES)[url.pathname];
      return page === undefined ? sample(404, 'not found') : sample(200, page);
    },
  };
}

function sqlPort(world: World): SqlPort {
  const { clock } = world.options;
  /** The instance that takes connections there. @throws Error in the words of the system. */
  const connect = async (target: SqlTarget, timeoutMs: number, signal: AbortSignal | undefined): Promise<DbRef> => {
    signal?.throwIfAborted();
    world.tick();
    const { databases } = world.state;
    const ref = databases.atEndpoint(target.host, target.port);
    const row = ref === undefined ? undefined : databases.row(ref);
    if (row === undefined) throw new Error(`getaddrinfo ENOTFOUND ${target.host}`);
    if (!databases.reachable(row)) {
      await clock.sleep(timeoutMs, signal);
      throw new Error(`timeout expired: no answer from ${target.host}:${target.port} within ${timeoutMs} ms`);
    }
    const status = statusOf(row, clock.now());
    if (isDown(row, clock.now()) || status === 'rebooting' || status === 'failed' || status === 'stopped') {
      throw new Error(`connect ECONNREFUSED ${target.host}:${target.port} (${refKey(row.ref)} is ${status})`);
    }
    return row.ref;
  };
  const readOnly = (ref: DbRef) => !world.state.databases.acceptsWrites(ref, clock.now());
  return {
    async canary(target, _table, token, timeoutMs, signal): Promise<string> {
      if (readOnly(await connect(target, timeoutMs, signal))) throw new Error('cannot execute CREATE TABLE in a read-only transaction');
      return token;
    },
    async setReadOnly(target, on, timeoutMs, signal): Promise<void> {
      const ref = await connect(target, timeoutMs, signal);
      const { databases } = world.state;
      if (databases.sqlRole(ref, clock.now()) === 'replica') throw new Error('cannot execute ALTER DATABASE in a read-only transaction');
      databases.setReadOnly(ref, on, clock.now());
    },
    async position(target, timeoutMs, signal): Promise<SqlPosition> {
      const ref = await connect(target, timeoutMs, signal);
      const { databases } = world.state;
      const now = clock.now();
      return { role: databases.sqlRole(ref, now), at: BigInt(Math.max(0, Math.floor(databases.position(ref, now)))), readOnly: databases.readOnly(ref, now), mayChange: true };
    },
    async statement(target, text, timeoutMs, signal): Promise<SqlOutcome> {
      try {
        const ref = await connect(target, timeoutMs, signal);
        if (readOnly(ref) && !/^\s*(select|show)\b/i.test(text)) return { state: 'refused', error: 'cannot execute the statement in a read-only transaction' };
        world.ran.statements.push({ ...ref, text, at: clock.now() });
        return { state: 'done', text: 'done' };
      } catch (error) {
        signal?.throwIfAborted();
        return { state: 'refused', error: messageOf(error) };
      }
    },
  };
}

/** Programs are not run: they are recorded, and answered as the world was given to. */
function processPort(world: World): ProcessPort {
  const { clock } = world.options;
  return {
    async run(request) {
      const began = clock.now();
      world.ran.commands.push({ argv: request.argv, env: request.env, at: began });
      const answer = world.ran.answer(request);
      const late = (answer.ms ?? 0) >= request.timeoutMs;
      await clock.sleep(late ? request.timeoutMs : (answer.ms ?? 0), request.signal);
      const ended = { output: answer.output ?? '', cut: false, ms: clock.now() - began };
      if (late) return { ...ended, code: undefined, error: `killed after ${request.timeoutMs} ms` };
      return { ...ended, code: answer.code ?? 0 };
    },
  };
}

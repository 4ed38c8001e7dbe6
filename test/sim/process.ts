import type { AwsCaller } from '../../src/aws/caller.ts';
import { MUTATIONS } from '../../src/aws/operations.ts';
import { AwsError, NO_ANSWER } from '../../src/aws/errors.ts';
import { messageOf } from '../../src/base/errors.ts';
import type { AnyStepKind, StepContext, StepKind } from '../../src/model/step.ts';
import type { Json } from '../../src/base/json.ts';
import type { Verb } from '../../src/model/verb.ts';
import { simulatedAddress } from '../../src/kinds/route53/simulate.ts';
import type { Effects, SqlPort, SqlTarget } from '../../src/effects/effects.ts';
import type { Death, Go } from './scenario.ts';
import { regionsOf } from './shapes.ts';
import type { Stage } from './stage.ts';
import type { Watch } from './watch.ts';

/** So long a machine that is cut off waits for an answer. */
const CUT_OFF_MS = 1_500;

/** What a dead process would throw, if it could. */
export class Died extends Error {}

/** Under which key a call says which step makes it. */
export const MADE_BY = Symbol('made by');

export interface MadeBy {
  kind: string;
  /** `state`: the journal and the lock, which no step writes. */
  part: 'check' | 'observe' | 'act' | 'verify' | 'undo' | 'state';
}

type Tagged = { [MADE_BY]?: MadeBy };

/** A machine does not reach a region that may well live. */
export function isCutOff(host: string, region: string | undefined, { scenario: { cutOff }, chapter, zero, clock }: Stage): boolean {
  if (cutOff?.host !== host || region !== chapter.source) return false;
  const now = clock.now() - zero;
  return now >= cutOff.at && now < Math.min(cutOff.until, chapter.calmAt);
}

/** One process of the tool: it has a term, makes calls, and may die. */
export class Process {
  readonly name: string;
  readonly host: string;
  /** 0 until it holds the application. */
  term = 0;
  readonly #death: Death | undefined;
  #calls = 0;
  #records = 0;
  dead = false;
  /** It has a plan, and a journal. */
  begun = false;
  /** It has ended by itself. */
  over = false;
  /** Where the state lies did not answer its last call. */
  stateAway = false;
  /** Its last record did not reach the bucket. */
  unsent = false;
  /** When it last asked whether it holds the application, wherever that is kept. */
  lockAt = Number.NEGATIVE_INFINITY;
  readonly #pause: Go['pause'];
  #pausedUntil = Number.NEGATIVE_INFINITY;
  /** When it last asked who holds the application, and was answered. */
  askedAt = Number.NEGATIVE_INFINITY;

  /** What its run is about. */
  readonly verb: Verb;

  constructor(name: string, host: string, death: Death | undefined, pause: Go['pause'], verb: Verb) {
    this.verb = verb;
    this.#pause = pause;
    this.name = name;
    this.host = host;
    this.#death = death;
  }

  kill(why: string, stage: Stage): void {
    if (this.dead) return;
    this.dead = true;
    stage.history.note(this.name, () => `DIES: ${why}`);
  }

  cutOffFrom(region: string | undefined, stage: Stage): boolean {
    return isCutOff(this.host, region, stage);
  }

  #stopIfDead(): void {
    if (this.dead) throw new Died('dead');
  }

  /** While its machine stands still; undefined when it does not. */
  #standing({ clock }: Stage): Promise<void> | undefined {
    return this.#pausedUntil > clock.now() ? clock.sleep(this.#pausedUntil - clock.now()) : undefined;
  }

  /** Its machine stops before its n-th record is durable, and continues later; undefined when it does not. */
  pauseBeforeRecord(stage: Stage): Promise<void> | undefined {
    if (this.#pause !== undefined && this.#records === this.#pause.n) {
      this.#pausedUntil = stage.clock.now() + this.#pause.ms;
      const { ms } = this.#pause;
      stage.history.note(this.name, () => `STANDS STILL for ${Math.round(ms / 1000)} s`);
    }
    return this.#standing(stage);
  }

  /** For how long its machine stood still before the record that it writes now, milliseconds: nobody can look in between. */
  heldUp(): number {
    return this.#pause !== undefined && this.#records === this.#pause.n ? this.#pause.ms : 0;
  }

  /** Its machine stands still, or went on less than `ms` ago. */
  stoodStill(now: number, ms: number): boolean {
    return this.#pausedUntil > now - ms;
  }

  /** Before a record is durable. @throws Died */
  beforeRecord(stage: Stage): void {
    this.#records += 1;
    if (this.#death?.at === 'record' && this.#records === this.#death.n) this.kill(`at its record ${this.#records}`, stage);
    if (this.dead) throw new Died('dead');
  }

  /** AWS as this process reaches it: watched, and cut off when it dies. Every attempt counts as a call. */
  caller(stage: Stage, watch: Watch, inner: AwsCaller = stage.world): AwsCaller {
    const call = async (request: Parameters<AwsCaller['call']>[0] & Tagged) => {
      const standing = this.#standing(stage);
      const waited = standing !== undefined;
      if (waited) await standing;
      this.#stopIfDead();
      const mine = (this.#calls += 1);
      const here = this.#death?.n === mine ? this.#death.at : undefined;
      if (here === 'before-call') {
        this.kill(`before call ${mine}`, stage);
        throw new Died('dead');
      }
      const { service, region } = request;
      const operation = String(request.operation);
      const mutation = MUTATIONS.has(`${service}.${operation}`);
      const by = request[MADE_BY];
      const what = `${mutation ? '→ ' : ''}${service}.${operation} ${region}${by === undefined ? '' : ` (${by.kind} ${by.part})`}`;
      const seen = { service, region, operation, input: request.input, mutation, by, waited };
      watch.beforeCall(this, seen);
      const asks = by?.part === 'state' && operation === 'ListObjectsV2' ? stage.clock.now() : undefined;
      if (mutation) stage.history.note(this.name, () => `${what} ${JSON.stringify(request.input).slice(0, 160)}`);
      try {
        if (this.cutOffFrom(region, stage)) {
          await stage.clock.sleep(CUT_OFF_MS, request.signal);
          throw new AwsError({ service, operation, region, code: NO_ANSWER, message: 'this machine is cut off from it' });
        }
        const answer = await inner.call(request);
        watch.afterCall(this, seen);
        const still = this.#standing(stage);
        if (still !== undefined) await still;
        if (request.signal?.aborted !== true) watch.got(this, seen, answer.output);
        stage.history.note(this.name, () => `${what}: ok`);
        if (by?.part === 'state') this.stateAway = false;
        if (by?.part === 'state' && mutation) this.unsent = false;
        if (asks !== undefined) this.askedAt = asks;
        return answer;
      } catch (error) {
        stage.history.note(this.name, () => `${what}: ${error instanceof AwsError ? error.code : messageOf(error)}`);
        if (by?.part === 'state' && !(error instanceof AwsError && error.kind === 'terminal')) {
          this.stateAway = true;
          this.unsent ||= mutation;
        }
        throw error;
      } finally {
        if (here === 'after-call') this.kill(`after call ${mine}`, stage);
        // A read changes nothing; what time changes is looked at every few seconds.
        if (mutation) watch.look();
        this.#stopIfDead();
      }
    };
    return { call: call as AwsCaller['call'] };
  }

  /** Databases and programs as this process reaches them: a dead one reaches nothing. */
  ports(stage: Stage, watch: Watch, { sql, process, http, dns }: Effects): Pick<Effects, 'sql' | 'process' | 'http' | 'dns'> {
    const live = async <T>(work: () => Promise<T>): Promise<T> => {
      this.#stopIfDead();
      try {
        return await work();
      } finally {
        this.#stopIfDead();
      }
    };
    const home = (target: SqlTarget) => stage.world.state.databases.atEndpoint(target.host, target.port)?.region;
    const connect = <T>(target: SqlTarget, work: () => Promise<T>): Promise<T> =>
      live(async () => {
        if (!this.cutOffFrom(home(target), stage)) return work();
        await stage.clock.sleep(CUT_OFF_MS);
        throw new Error(`timeout expired: no answer from ${target.host}`);
      });
    const setReadOnly: SqlPort['setReadOnly'] = (target, on, ...rest) =>
      connect(target, () => {
        const by = (target as Tagged)[MADE_BY];
        const call = { service: 'sql', region: home(target) ?? '', operation: 'SetReadOnly', input: { host: target.host, on }, mutation: true, by, waited: false };
        stage.history.note(this.name, () => `→ sql.SetReadOnly ${target.host} ${String(on)} (${by?.kind ?? ''} ${by?.part ?? ''})`);
        watch.beforeCall(this, call);
        return sql.setReadOnly(target, on, ...rest);
      });
    return {
      sql: {
        canary: (...args) =>
          connect(args[0], () => {
            watch.canary(this, args[0]);
            return sql.canary(...args);
          }),
        setReadOnly,
        position: (...args) => connect(args[0], () => sql.position(...args)),
        statement: (...args) => connect(args[0], () => sql.statement(...args)),
      },
      process: {
        run: (request) =>
          live(() => {
            stage.history.note(this.name, () => `→ ${request.argv.join(' ')}`);
            watch.program(this, request.argv.join(' '));
            return process.run(request);
          }),
      },
      http: {
        request: (request) =>
          live(async () => {
            const sample = await http.request(request);
            const regions = regionsOf(stage.scenario.shape);
            const region = regions.find((r) => simulatedAddress(regions, r) === sample.address);
            return this.cutOffFrom(region, stage) ? { ...sample, status: 0, body: '', error: 'connect ETIMEDOUT' } : sample;
          }),
      },
      dns: { resolve: (...args) => live(() => dns.resolve(...args)) },
    };
  }
}

/** AWS as the store of the journal and the lock uses it. */
export function forState(aws: AwsCaller): AwsCaller {
  const by: MadeBy = { kind: 'state', part: 'state' };
  return { call: ((request: object) => aws.call({ ...request, [MADE_BY]: by } as unknown as Parameters<AwsCaller['call']>[0])) as AwsCaller['call'] };
}

/** A step kind whose calls say that they are its own. */
export function tagged(name: string, kind: AnyStepKind): AnyStepKind {
  const code = kind as unknown as StepKind<Json>;
  const as = (ctx: StepContext, part: MadeBy['part']): StepContext => {
    const { aws, sql } = ctx.effects;
    const by: MadeBy = { kind: name, part };
    const setReadOnly: SqlPort['setReadOnly'] = (target, ...rest) => sql.setReadOnly({ ...target, [MADE_BY]: by } as typeof target, ...rest);
    const call = ((request: object) => aws.call({ ...request, [MADE_BY]: by } as unknown as Parameters<AwsCaller['call']>[0])) as AwsCaller['call'];
    return { ...ctx, effects: { ...ctx.effects, aws: { call }, sql: { ...sql, setReadOnly } } };
  };
  const { act, verify, undo, actMs, holds, made } = code;
  const wrapped: StepKind<Json> = {
    params: code.params,
    check: (ctx, p) => code.check(as(ctx, 'check'), p),
    observe: (ctx, p) => code.observe(as(ctx, 'observe'), p),
    ...(act === undefined ? {} : { act: (ctx, p) => act.call(code, as(ctx, 'act'), p) }),
    ...(actMs === undefined ? {} : { actMs: (p) => actMs.call(code, p) }),
    ...(verify === undefined ? {} : { verify: (ctx, p) => verify.call(code, as(ctx, 'verify'), p) }),
    ...(holds === undefined ? {} : { holds: (ctx, p) => holds.call(code, as(ctx, 'observe'), p) }),
    ...(made === undefined ? {} : { made: (ctx, p) => made.call(code, as(ctx, 'observe'), p) }),
    ...(undo === undefined ? {} : { undo: (ctx, p) => undo.call(code, as(ctx, 'undo'), p) }),
  };
  return wrapped as unknown as AnyStepKind;
}

import type { AwsCaller } from '../../src/aws/caller.ts';
import { MUTATIONS } from '../../src/aws/operations.ts';
import { AwsError } from '../../src/aws/errors.ts';
import { messageOf } from '../../src/base/errors.ts';
import type { AnyStepKind, StepContext, StepKind } from '../../src/kinds/step.ts';
import type { Json } from '../../src/base/json.ts';
import type { Death } from './scenario.ts';
import type { Stage } from './stage.ts';
import type { Watch } from './watch.ts';

/** What a dead process would throw, if it could. */
export class Died extends Error {}

/** Under which key a call says which step makes it. */
export const MADE_BY = Symbol('made by');

export interface MadeBy {
  kind: string;
  part: 'check' | 'observe' | 'act' | 'verify' | 'undo';
}

/** One process of the tool: it has a term, makes calls, and may die. */
export class Process {
  readonly name: string;
  readonly term: number;
  readonly #death: Death | undefined;
  #calls = 0;
  #records = 0;
  dead = false;
  /** It has a plan, and a journal. */
  begun = false;

  constructor(name: string, term: number, death: Death | undefined) {
    this.name = name;
    this.term = term;
    this.#death = death;
  }

  kill(why: string, stage: Stage): void {
    if (this.dead) return;
    this.dead = true;
    stage.history.note(this.name, () => `DIES: ${why}`);
  }

  #stopIfDead(): void {
    if (this.dead) throw new Died('dead');
  }

  /** Before a record is durable. @throws Died */
  beforeRecord(stage: Stage): void {
    this.#records += 1;
    if (this.#death?.at === 'record' && this.#records === this.#death.n) this.kill(`at its record ${this.#records}`, stage);
    if (this.dead) throw new Died('dead');
  }

  /** AWS as this process reaches it: watched, and cut off when it dies. Every attempt counts as a call. */
  caller(stage: Stage, watch: Watch, inner: AwsCaller = stage.world): AwsCaller {
    const call = async (request: Parameters<AwsCaller['call']>[0] & { [MADE_BY]?: MadeBy }) => {
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
      watch.beforeCall(this, { service, region, operation, input: request.input, mutation, by });
      if (mutation) stage.history.note(this.name, () => `${what} ${JSON.stringify(request.input).slice(0, 160)}`);
      try {
        const answer = await inner.call(request);
        watch.afterCall(this, { service, region, operation, input: request.input, mutation, by });
        stage.history.note(this.name, () => `${what}: ok`);
        return answer;
      } catch (error) {
        stage.history.note(this.name, () => `${what}: ${error instanceof AwsError ? error.code : messageOf(error)}`);
        throw error;
      } finally {
        if (here === 'after-call') this.kill(`after call ${mine}`, stage);
        watch.look();
        this.#stopIfDead();
      }
    };
    return { call: call as AwsCaller['call'] };
  }
}

/** A step kind whose calls say that they are its own. */
export function tagged(name: string, kind: AnyStepKind): AnyStepKind {
  const code = kind as unknown as StepKind<Json>;
  const as = (ctx: StepContext, part: MadeBy['part']): StepContext => {
    const { aws } = ctx.effects;
    const by: MadeBy = { kind: name, part };
    const call = ((request: object) => aws.call({ ...request, [MADE_BY]: by } as unknown as Parameters<AwsCaller['call']>[0])) as AwsCaller['call'];
    return { ...ctx, effects: { ...ctx.effects, aws: { call } } };
  };
  const { act, verify, undo, actMs } = code;
  const wrapped: StepKind<Json> = {
    params: code.params,
    check: (ctx, p) => code.check(as(ctx, 'check'), p),
    observe: (ctx, p) => code.observe(as(ctx, 'observe'), p),
    ...(act === undefined ? {} : { act: (ctx, p) => act.call(code, as(ctx, 'act'), p) }),
    ...(actMs === undefined ? {} : { actMs: (p) => actMs.call(code, p) }),
    ...(verify === undefined ? {} : { verify: (ctx, p) => verify.call(code, as(ctx, 'verify'), p) }),
    ...(undo === undefined ? {} : { undo: (ctx, p) => undo.call(code, as(ctx, 'undo'), p) }),
  };
  return wrapped as unknown as AnyStepKind;
}

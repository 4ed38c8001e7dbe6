import { createHash, createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import { messageOf } from '../../src/base/errors.ts';
import { ed25519Blob } from '../../src/approvals/public-key.ts';
import { signText } from '../../src/approvals/signature.ts';
import { CLOCK_SKEW_MS, fileText, type Statement, statementText } from '../../src/approvals/statement.ts';
import type { Plan } from '../../src/model/plan.ts';
import type { Desk } from './desk.ts';
import { BOSS, LEAD } from './scenario.ts';
import type { Stage } from './stage.ts';

/*
 * The people whose signatures a run needs, each on a machine of their own, and somebody who forges them. What they really
 * decided is remembered here: the watch asks for that, and not for what the tool made of their files.
 */

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
/** Once all is calm they look so often. */
const CALM_LOOK_MS = 20_000;

/** What comes into the state of a run. All but the first two must not count. */
export const IDEAS = ['approve', 'reject', 'another-key', 'another-run', 'another-plan', 'expired', 'altered', 'rubbish'] as const;
export interface Idea {
  what: (typeof IDEAS)[number];
  by: typeof BOSS | typeof LEAD;
}

/** A decision that somebody really made. */
export interface Made {
  run: string;
  by: string;
  decision: Statement['decision'];
  /** Milliseconds, as the world has it. */
  signed: number;
  expires: number;
  /** The state has taken it. False: it may be there all the same. */
  kept: boolean;
}

/** The same keys in each run of the simulation: the same seed tells the same story. */
function keyOf(name: string): { privateKey: KeyObject; publicKey: KeyObject } {
  const secret = Buffer.alloc(32, name);
  const privateKey = createPrivateKey({ key: Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), secret]), format: 'der', type: 'pkcs8' });
  return { privateKey, publicKey: createPublicKey(privateKey) };
}

const KEYS = { [BOSS]: keyOf(BOSS), [LEAD]: keyOf(LEAD) };
/** One of them has two keys, of two machines, and signs with either in turn: still one person. */
const SECOND_KEY = keyOf(`second key of ${BOSS}`);
const MALLORY = keyOf('mallory@example.com');

/** As a runbook names them. */
export function publicLines(name: typeof BOSS | typeof LEAD): string[] {
  const keys = name === BOSS ? [KEYS[name], SECOND_KEY] : [KEYS[name]];
  return keys.map(({ publicKey }) => `ssh-ed25519 ${ed25519Blob(publicKey).toString('base64')} ${name}`);
}

export class Approvers {
  readonly #stage: Stage;
  readonly #desk: Desk;

  constructor(stage: Stage, desk: Desk) {
    this.#stage = stage;
    this.#desk = desk;
  }

  /** Works through a chapter's ideas, and signs what is asked for when they are over. `open`: the run that waits, if there is one. */
  async work(open: () => string | undefined, signal: AbortSignal): Promise<void> {
    const { clock, chapter, zero } = this.#stage;
    const { signing } = chapter;
    if (signing === undefined) return;
    const ideas = [...signing.ideas];
    for (;;) {
      const calmIn = zero + chapter.calmAt - clock.now();
      await clock.sleep(calmIn <= 0 ? CALM_LOOK_MS : Math.min(signing.everyMs, calmIn), signal);
      const run = open();
      const first = run === undefined ? undefined : this.#desk.all(run)[0];
      if (run === undefined || first?.type !== 'run.started') continue;
      const idea = clock.now() >= zero + chapter.calmAt ? undefined : ideas.shift();
      const now: readonly Idea[] = idea === undefined ? this.#missing(run) : [idea];
      for (const one of now) await this.#put(run, first.plan, one);
    }
  }

  /** Somebody has still to sign for it. */
  waits(run: string): boolean {
    return this.#stage.chapter.signing !== undefined && this.#missing(run).length > 0;
  }

  /** Who has not approved yet, or whose approval is about to run out. */
  #missing(run: string): Idea[] {
    const { made, clock } = this.#stage;
    const newest = (by: string) => made.findLast((one) => one.run === run && one.by === by && one.kept);
    const stands = (by: string): boolean => {
      const last = newest(by);
      // One that is not later than a rejection of the same person by more than clocks may differ does not count.
      const rejected = made.findLast((one) => one.run === run && one.by === by && one.decision === 'reject');
      const later = last !== undefined && (rejected === undefined || last.signed >= rejected.signed + CLOCK_SKEW_MS);
      return last?.decision === 'approve' && later && last.expires > clock.now() + 10 * MINUTE;
    };
    return ([BOSS, LEAD] as const).flatMap((by) => (stands(by) ? [] : [{ what: 'approve' as const, by }]));
  }

  async #put(run: string, plan: Plan, { what, by }: Idea): Promise<void> {
    const { clock, history, made } = this.#stage;
    const gate = plan.steps.find((step) => step.kind === 'run.approval')?.id;
    if (gate === undefined) return;
    const signed = what === 'expired' ? clock.now() - 2 * HOUR : clock.now();
    const statement: Statement = {
      run: what === 'another-run' ? run.replace(/\d{6}$/, '999999') : run,
      plan: what === 'another-plan' ? 'a'.repeat(64) : plan.hash,
      application: plan.runbook.name,
      account: plan.account,
      verb: plan.verb,
      from: plan.source,
      to: plan.target,
      gate,
      decision: what === 'reject' || what === 'altered' ? 'reject' : 'approve',
      approver: by,
      signed,
      // A rejection that has run out must not make an older approval count again.
      expires: signed + (what === 'reject' ? MINUTE : HOUR),
    };
    const text = statementText(statement);
    const { privateKey, publicKey } = what === 'another-key' ? MALLORY : by === BOSS && made.filter((one) => one.by === by).length % 2 === 1 ? SECOND_KEY : KEYS[by];
    const signature = signText(text, privateKey, publicKey);
    const file = what === 'rubbish' ? '{"schema":"dr.approval/1"' : fileText({ text: what === 'altered' ? text.replace('decision: reject', 'decision: approve') : text, signature });
    const keep = (kept: boolean): void => {
      if (what === 'approve' || what === 'reject') made.push({ run, by, decision: what, signed, expires: statement.expires, kept });
    };
    try {
      await this.#desk.addApproval(run, `${createHash('sha256').update(file).digest('hex').slice(0, 32)}.json`, file);
    } catch (error) {
      history.note(by, () => `${what}: the state does not take it (${messageOf(error)})`);
      keep(false);
      return;
    }
    history.note(by, () => `signs: ${what}`);
    keep(true);
  }
}

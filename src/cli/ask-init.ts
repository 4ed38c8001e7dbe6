import type { Draft, Wishes } from '../app/init/draft.ts';
import { parseDuration } from '../base/duration.ts';
import type { ConfirmIo } from './confirm.ts';

/* What `dr init` asks a person. Return takes what stands in brackets. */

async function ask(io: ConfirmIo, question: string, otherwise: string): Promise<string> {
  const answer = (await io.ask(`${question} [${otherwise}]: `)).trim();
  return answer === '' ? otherwise : answer;
}

/** Asked again so often, after an answer that is none. */
const TRIES = 3;

async function askDuration(io: ConfirmIo, question: string, otherwise: string): Promise<string> {
  for (let i = 0; i < TRIES; i++) {
    const answer = await ask(io, question, otherwise);
    if (parseDuration(answer) !== undefined) return answer;
    io.write(`"${answer}" is no duration: write a number with its unit, e.g. 15m.\n`);
  }
  return otherwise;
}

/** Regions with commas. */
export async function askRegions(io: ConfirmIo, known: readonly string[]): Promise<string[]> {
  const answer = await ask(io, 'Which regions? The one where it runs first, with commas', known.length > 1 ? known.join(',') : `${known[0] ?? 'ap-northeast-2'},`);
  return answer.split(',').map((region) => region.trim()).filter((region) => region !== '');
}

/** Which applications, and of all of them what AWS does not know. */
export async function askWishes(io: ConfirmIo, drafts: readonly Draft[], given: Wishes): Promise<{ drafts: readonly Draft[]; wishes: Wishes }> {
  io.write(`\nFound:\n${drafts.map(({ name, strategy, because }) => `  ${name}: ${strategy} (${because})`).join('\n')}\n\n`);
  const all = drafts.map(({ name }) => name).join(',');
  const wanted = drafts.length === 1 ? [all] : (await ask(io, 'Runbooks for which of them, with commas', all)).split(',').map((name) => name.trim());
  const chosen = drafts.filter(({ name }) => wanted.includes(name));
  const [first] = chosen;
  if (first === undefined) return { drafts: [], wishes: given };
  const { rpo, rto } = first.value.objectives as { rpo: string; rto: string };
  const owner = given.owner ?? (await ask(io, 'Who answers for it at 3 a.m.?', 'on-call@example.com'));
  const approver = given.approvers === undefined ? await ask(io, 'Who must agree before the point of no return?', 'nobody') : '';
  return {
    drafts: chosen,
    wishes: {
      ...given,
      owner: owner === 'on-call@example.com' ? undefined : owner,
      rpo: given.rpo ?? (await askDuration(io, 'How much of the newest data may be lost (RPO)?', rpo)),
      rto: given.rto ?? (await askDuration(io, 'How long may it be down (RTO)?', rto)),
      approvers: given.approvers ?? (approver === 'nobody' ? undefined : approver.split(',').map((name) => name.trim())),
    },
  };
}

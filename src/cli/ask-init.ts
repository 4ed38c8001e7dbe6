import type { Draft, Wishes } from '../app/init/draft.ts';
import { parseDuration } from '../base/duration.ts';
import { nearestRegion, REGION_SHAPE } from '../base/regions.ts';
import type { ConfirmIo } from './confirm.ts';

/* What `dr init` asks a person. Return takes what stands in brackets. */

async function ask(io: ConfirmIo, question: string, otherwise: string): Promise<string> {
  const answer = (await io.ask(`${question} [${otherwise}]: `)).trim();
  return answer === '' ? otherwise : answer;
}

/** Asked again so often, after an answer that is none. */
const TRIES = 3;

/** `wrong` says why an answer is none. After the last try it is `otherwise`. */
async function askUntil(io: ConfirmIo, question: string, otherwise: string, wrong: (answer: string) => string | undefined): Promise<string> {
  for (let i = 0; i < TRIES; i++) {
    const answer = await ask(io, question, otherwise);
    const why = wrong(answer);
    if (why === undefined) return answer;
    io.write(`${why}\n`);
  }
  return otherwise;
}

function askDuration(io: ConfirmIo, question: string, otherwise: string): Promise<string> {
  return askUntil(io, question, otherwise, (answer) => (parseDuration(answer) === undefined ? `"${answer}" is no duration: write a number with its unit, e.g. 15m.` : undefined));
}

function listed(answer: string): string[] {
  return answer.split(',').map((one) => one.trim()).filter((one) => one !== '');
}

/** Regions with commas. */
export async function askRegions(io: ConfirmIo, known: readonly string[]): Promise<string[]> {
  const answer = await askUntil(io, 'Which regions? The one where it runs first, with commas', known.length > 1 ? known.join(',') : `${known[0] ?? 'ap-northeast-2'},`, (text) => {
    const bad = listed(text).find((region) => !REGION_SHAPE.test(region));
    const near = bad === undefined ? undefined : nearestRegion(bad);
    if (bad !== undefined) return `"${bad}" is no region${near === undefined ? '' : `: did you mean ${near}?`}`;
    return new Set(listed(text)).size < 2 ? 'Two regions or more are needed, with commas, e.g. ap-northeast-2,ap-northeast-1.' : undefined;
  });
  return listed(answer);
}

/** Which applications, and of all of them what AWS does not know. */
export async function askWishes(io: ConfirmIo, drafts: readonly Draft[], given: Wishes): Promise<{ drafts: readonly Draft[]; wishes: Wishes }> {
  io.write(`\nFound:\n${drafts.map(({ name, strategy, because }) => `  ${name}: ${strategy} (${because})`).join('\n')}\n\n`);
  const all = drafts.map(({ name }) => name).join(',');
  const names = drafts.map(({ name }) => name);
  const unknown = (text: string): string | undefined => {
    const bad = listed(text).find((name) => !names.includes(name));
    return bad === undefined ? undefined : `"${bad}" was not found: ${all}.`;
  };
  const wanted = drafts.length === 1 ? [all] : listed(await askUntil(io, 'Runbooks for which of them, with commas', all, unknown));
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

import type { Evidence } from './evidence-schema.ts';
import { visible } from './format.ts';

/** Requests that are no point of no return; the report names all. */
const OTHERS = 4;

/** `06:01:31 UTC` */
export function utcSecond(iso: string): string {
  return `${iso.slice(11, 19)} UTC`;
}

/** `requested at 06:01:31 UTC, result not yet known` */
export function requestedText(at: string | null): string {
  return at === null ? 'made or under way by another machine, result not yet known' : `requested at ${utcSecond(at)}, result not yet known`;
}

/**
 * What to believe, and what to do, where changes were requested and nobody has seen how they ended. Each line is a sentence of its own;
 * none where there is no such request. `resume`: the command that continues, where there is one.
 */
export function requestLines(requests: Evidence['requests'], resume: string | undefined): string[] {
  const final = requests.filter((request) => request.pointOfNoReturn);
  const others = requests.filter((request) => !request.pointOfNoReturn);
  if (requests.length === 0) return [];
  const more = others.length - OTHERS;
  return [
    ...final.map(requestSentence),
    ...(final.length === 0 ? [] : [`The point of no return is passed: treat it as done.${final.some(({ movesData }) => movesData) ? ' Do not reopen the old writer.' : ''}`]),
    ...others.slice(0, OTHERS).map(requestSentence),
    ...(more > 0 ? [`${more} more changes were requested, result not yet known: see the report.`] : []),
    ...(resume === undefined ? [] : [`To continue: ${resume}`]),
  ];
}

function requestSentence({ title, at, because }: Evidence['requests'][number]): string {
  return visible(`${title}: ${requestedText(at)}${because === '' ? '' : ` (${because})`}.`);
}

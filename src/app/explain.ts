import { readFile } from 'node:fs/promises';
import { DrError } from '../base/errors.ts';
import { nearest } from '../base/nearest.ts';

/* What a name of this tool means, out of the pages of docs/reference, which are written from the code and come with the package. */

export type Explained = 'rule' | 'finding' | 'kind' | 'custom step' | 'step' | 'exit code';

export interface Explanation {
  what: Explained;
  name: string;
  /** As on the page, without its marks. */
  lines: string[];
  /** Addresses of AWS's own pages. */
  pages: string[];
}

interface Section {
  what: Explained;
  name: string;
  body: string;
}

const PAGES: readonly (readonly [Explained, string])[] = [['rule', 'rules.md'], ['finding', 'findings.md'], ['kind', 'kinds.md'], ['custom step', 'custom-steps.md'], ['step', 'steps.md']];

/** Everything that has that name: a rule, a finding of `dr check`, a kind, a step of a plan (by its sort or its id), an exit code (by its name or number). @throws DrError */
export async function explain(name: string): Promise<Explanation[]> {
  const sections = [...(await Promise.all(PAGES.map(sectionsOf))).flat(), ...exitCodes(await page('exit-codes.md'))];
  const wanted = name.trim().toLowerCase();
  const found = sections.filter((one) => namesOf(one).includes(wanted));
  const near = found.length > 0 ? found : sections.filter((one) => one.what === 'step' && one.name.endsWith(`.${wanted.split('.').at(-1) ?? ''}`) && wanted.includes('.'));
  if (near.length > 0) return near.map((one) => explanation(one, sections));
  const others = sections.filter((one) => one.what !== 'step');
  const meant = nearest(wanted, others.flatMap(namesOf)) ?? nearest(wanted, sections.flatMap(namesOf));
  throw new DrError({
    code: 'NAME_UNKNOWN',
    exit: 'usage',
    title: `"${name}" is no rule, finding, kind, step or exit code.`,
    next: meant === undefined ? ['dr explain    lists all names'] : [`did you mean: dr explain ${meant}`],
  });
}

export async function explainable(): Promise<{ what: Explained; names: string[] }[]> {
  const sections = [...(await Promise.all(PAGES.map(sectionsOf))).flat(), ...exitCodes(await page('exit-codes.md'))];
  return [...Map.groupBy(sections, ({ what }) => what)].map(([what, members]) => ({ what, names: members.map(({ name }) => name) }));
}

function page(file: string): Promise<string> {
  return readFile(new URL(`../../docs/reference/${file}`, import.meta.url), 'utf8');
}

async function sectionsOf([what, file]: readonly [Explained, string]): Promise<Section[]> {
  const text = await page(file);
  return text.split(/^## /m).slice(1).map((part) => {
    const [name = '', ...body] = part.split('\n');
    return { what, name: name.trim(), body: body.join('\n').trim() };
  });
}

function exitCodes(text: string): Section[] {
  return [...text.matchAll(/^\| (\d+) \| `(\w+)` \| (.*) \|$/gm)].map(([, code = '', name = '', meaning = '']) => ({ what: 'exit code', name: `${code} ${name}`, body: `- meaning: ${meaning}` }));
}

/** What a section is found by, in small letters. */
function namesOf({ what, name, body }: Section): string[] {
  if (what === 'exit code') return name.toLowerCase().split(' ');
  const ids = what === 'step' ? [...(/^- in a plan: (.*)$/m.exec(body)?.[1] ?? '').matchAll(/`([^`]+)`/g)].map(([, id = '']) => id.toLowerCase()) : [];
  return [name.toLowerCase(), ...ids];
}

function explanation({ what, name, body }: Section, all: readonly Section[]): Explanation {
  const text = what === 'kind' ? `${body}\n${all.filter((one) => one.what === 'step' && one.name.startsWith(`${name}.`)).map((one) => `- step ${one.name}: ${/^- does: (.*)$/m.exec(one.body)?.[1] ?? ''}`).join('\n')}` : body;
  const sources = what === 'kind' ? all.filter((one) => one.what === 'step' && one.name.startsWith(`${name}.`)).map((one) => one.body) : [body];
  const pages = [...new Set(sources.flatMap((source) => [...source.matchAll(/\((https:\/\/docs\.aws\.amazon\.com[^)]+)\)/g)].map(([, url = '']) => url)))];
  const lines = text.split('\n').flatMap((line) => (line.startsWith('- AWS: ') || /^\|[-|]+\|$/.test(line) || line.trim() === '' || line.startsWith('| key |') ? [] : [plain(line)]));
  return { what, name, lines: [...lines, ...whatToDo(what)], pages };
}

function whatToDo(what: Explained): string[] {
  if (what === 'step') return ['if it failed or was stopped, dr status says what was seen last, and dr resume looks again and does only what is missing'];
  if (what === 'finding') return ['this is one example; dr check says what it saw itself'];
  return what === 'rule' ? ['this is one example; a refusal names what it saw itself, and how long ago'] : [];
}

/** A line of Markdown for a terminal; of a row of keys its name, whether it is needed, and what it is. */
function plain(line: string): string {
  const bare = line.replace(/\[([^\]]+)\]\([^)]+\)/g, '$1').replaceAll('`', '').replaceAll('\\|', '/').replace(/^- /, '');
  const cells = bare.startsWith('|') ? bare.split('|').slice(1, -1).map((cell) => cell.trim()) : undefined;
  return cells === undefined ? bare : `key ${cells[0] ?? ''}${cells[1] === 'yes' ? ' (required)' : ''}: ${cells.at(-1) ?? ''}`;
}

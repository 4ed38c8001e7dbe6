import type { InitResult, MadeRunbook } from '../app/init/init.ts';
import { columns, fit, indent, type Painter } from './text.ts';

/** What was written, what a person has to decide, and what is in no runbook. */
export function initText(result: InitResult, paint: Painter, width: number | undefined): string {
  const { runbooks, notPlaced, notRead, counts, calls } = result;
  const read = Object.entries(counts).filter(([, n]) => n > 0).map(([what, n]) => `${n} ${what}`).join(', ');
  const lines = [
    `Account ${result.account}, ${result.regions.join(' and ')}: ${read === '' ? 'nothing is there' : read} (${calls} calls, read only).`,
    '',
    ...runbooks.flatMap((one) => [...aboutOne(one, paint), '']),
    ...(runbooks.length === 0 ? ['Nothing was found that is in two regions and that dr could move.', ''] : []),
    ...list('Not read', notRead.map(({ region, what, because }) => `${what} of ${region}: ${because}`), paint),
    ...list('In no runbook', notPlaced, paint),
    ...next(runbooks),
  ];
  return fit(lines.join('\n').trimEnd(), width);
}

const STATES = { written: 'written', there: 'there already, and not touched', shown: 'not written' } as const;

function aboutOne({ name, path, state, strategy, because, home, regions, decide, text }: MadeRunbook, paint: Painter): string[] {
  return [
    `${paint('bold', name)}: ${path}: ${paint(state === 'there' ? 'yellow' : 'green', STATES[state])}`,
    ...indentAll(columns([['strategy', `${strategy} (${because})`], ['home', `${home}; ${regions.slice(1).join(', ')} stands by`]])),
    ...(decide.length === 0 ? [] : ['  A person decides:', ...indentAll(columns(decide.map(({ path: at, what }) => [at, what])).map((line) => `  ${line}`))]),
    ...(state === 'shown' ? ['', text.trimEnd()] : []),
  ];
}

function indentAll(lines: readonly string[]): string[] {
  return lines.map((line) => indent(line, 2));
}

const SHOWN = 20;

function list(title: string, items: readonly string[], paint: Painter): string[] {
  if (items.length === 0) return [];
  const more = items.length > SHOWN ? [`and ${items.length - SHOWN} more: --json`] : [];
  return [paint('yellow', `${title}:`), ...[...items.slice(0, SHOWN), ...more].map((item) => `  ${item}`), ''];
}

function next(runbooks: readonly MadeRunbook[]): string[] {
  const [first] = runbooks.filter(({ state }) => state === 'written');
  if (first === undefined) return [];
  const target = first.regions.find((region) => region !== first.home) ?? '';
  return [`Next: dr validate ${first.path}; dr rehearse --region ${target} --runbook ${first.path}; dr plan --region ${target} --runbook ${first.path}`];
}

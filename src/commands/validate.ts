import type { ValidateResult } from '../app/validate.ts';
import { DrCommand } from '../cli/base-command.ts';

export default class Validate extends DrCommand {
  static override summary = 'Check runbooks, offline: every problem with file, line and column.';
  static override usage = 'validate FILE|FOLDER... [FLAGS]';
  static override strict = false;
  static override examples = ['<%= config.bin %> validate runbooks/shop.yaml', '<%= config.bin %> validate runbooks --json'];

  override async run(): Promise<void> {
    const { argv } = await this.parse(Validate);
    const { validate } = await import('../app/validate.ts');
    const results = await validate(argv.map(String));
    const ok = results.every((result) => result.ok);
    const text = lines(results);
    this.done({ files: results }, () => [...text, summary(results)].join('\n'), ok ? 'ok' : 'runbook');
  }
}

/** `file:line:col message`, the form that editors and terminals turn into a link. A warning that many places share is given once. */
function lines(results: readonly ValidateResult[]): string[] {
  const all = results.flatMap(({ path, problems }) => problems.map((problem) => ({ at: `${path}:${problem.line}:${problem.col}`, ...problem })));
  const errors = all.filter(({ severity }) => severity === 'error').map(({ at, message }) => `${at} ${message}`);
  // Without the place in the runbook that a message begins with.
  const warnings = Map.groupBy(all.filter(({ severity }) => severity === 'warning'), ({ message }) => message.replace(/^[\w.[\]-]+: /, ''));
  return [...errors, ...[...warnings.values()].flatMap(([first, ...more]) => (first === undefined ? [] : [`${first.at} warning: ${first.message}`, ...again(more.map(({ at }) => at))]))];
}

/** Of a warning that many share, so many more places are shown: hundreds of the same bury the others. */
const SHOWN_AGAIN = 5;

function again(places: readonly string[]): string[] {
  const left = places.length - SHOWN_AGAIN;
  return [...places.slice(0, left > 1 ? SHOWN_AGAIN : undefined).map((at) => `${at} warning: the same`), ...(left > 1 ? [`… and the same in ${left} more places: --json lists them`] : [])];
}

function summary(results: readonly ValidateResult[]): string {
  const bad = results.filter((result) => !result.ok).length;
  const warnings = results.flatMap(({ problems }) => problems).filter(({ severity }) => severity === 'warning').length;
  const files = `${results.length} ${results.length === 1 ? 'file' : 'files'} checked`;
  const also = warnings === 0 ? '' : `, ${warnings} ${warnings === 1 ? 'warning' : 'warnings'}`;
  return `${files}: ${bad === 0 ? 'valid' : `${bad} not valid`}${also}`;
}

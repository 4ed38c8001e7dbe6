import type { ValidateResult } from '../app/validate.ts';
import { DrCommand } from '../cli/base-command.ts';

export default class Validate extends DrCommand {
  static override summary = 'Check runbooks, offline: every problem with file, line and column.';
  static override usage = 'validate FILE|FOLDER...';
  static override strict = false;
  static override examples = ['<%= config.bin %> validate runbooks/shop.yaml', '<%= config.bin %> validate runbooks --json'];

  override async run(): Promise<void> {
    const { argv } = await this.parse(Validate);
    const { validate } = await import('../app/validate.ts');
    const results = await validate(argv.map(String));
    const ok = results.every((result) => result.ok);
    const text = results.flatMap(lines);
    this.done({ files: results }, () => [...text, summary(results)].join('\n'), ok ? 'ok' : 'runbook');
  }
}

/** `file:line:col message`, the form that editors and terminals turn into a link. */
function lines({ path, problems }: ValidateResult): string[] {
  return problems.map((problem) => {
    const kind = problem.severity === 'warning' ? 'warning: ' : '';
    return `${path}:${problem.line}:${problem.col} ${kind}${problem.message}`;
  });
}

function summary(results: readonly ValidateResult[]): string {
  const bad = results.filter((result) => !result.ok).length;
  const files = `${results.length} ${results.length === 1 ? 'file' : 'files'}`;
  return bad === 0 ? `${files} checked: valid` : `${files} checked: ${bad} not valid`;
}

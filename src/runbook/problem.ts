import { DrError } from '../base/errors.ts';

type Severity = 'error' | 'warning';

/** Line and column of a text, both from 1; the column counts UTF-16 units. */
export interface Position {
  line: number;
  col: number;
}

/** One thing that is wrong, or risky, at one place of a runbook. */
export interface Problem extends Position {
  message: string;
  severity: Severity;
}

/** Problems that a message lists in full; a broken file can have thousands. */
const LISTED = 50;

/** `file:line:col message`, the form that editors and terminals turn into a link. */
export function formatProblem(path: string, problem: Problem): string {
  const kind = problem.severity === 'warning' ? 'warning: ' : '';
  return `${path}:${problem.line}:${problem.col} ${kind}${problem.message}`;
}

/** In the order of the file; what was said twice about the same place is said once. */
export function sortProblems(problems: readonly Problem[]): Problem[] {
  const seen = new Set<string>();
  const unique = problems.filter((p) => {
    const key = `${p.line}:${p.col}:${p.message}`;
    return seen.has(key) ? false : seen.add(key);
  });
  return unique.sort((a, b) => a.line - b.line || a.col - b.col);
}

/** A runbook that cannot be used. `detail` lists every problem with its place; `problems` is the same as data. */
export class RunbookError extends DrError {
  readonly path: string;
  readonly problems: readonly Problem[];

  constructor(path: string, problems: readonly Problem[]) {
    const sorted = sortProblems(problems);
    const count = sorted.filter((p) => p.severity === 'error').length;
    const lines = sorted.slice(0, LISTED).map((p) => formatProblem(path, p));
    if (sorted.length > LISTED) lines.push(`and ${sorted.length - LISTED} more`);
    super({
      code: 'RUNBOOK_INVALID',
      exit: 'runbook',
      title: `The runbook ${path} has ${count} ${count === 1 ? 'error' : 'errors'}`,
      detail: lines.join('\n'),
      next: [`dr validate ${/^[\w./-]+$/.test(path) ? path : JSON.stringify(path)}`],
    });
    this.name = 'RunbookError';
    this.path = path;
    this.problems = sorted;
  }
}

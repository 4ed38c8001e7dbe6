// A reporter for vitest: writes what failed to the file that DR_FAILURES names, short enough for the end of a log.
import { appendFileSync } from 'node:fs';
import { relative } from 'node:path';
import { stripVTControlCharacters } from 'node:util';

const LINES = 20;

/** What was said, the lines that differ, and where. */
function tell(title, errors) {
  const lines = errors.flatMap(({ name, message, diff, stacks }) => [
    ...`${name ?? 'Error'}: ${message}`.split('\n').slice(0, LINES),
    ...stripVTControlCharacters(diff ?? '').split('\n').filter((line) => /^[-+]/.test(line)).slice(0, LINES),
    ...(stacks ?? []).slice(0, 1).map(({ file, line }) => `at ${relative(process.cwd(), file)}:${line}`),
  ]);
  appendFileSync(process.env.DR_FAILURES, [`FAILED ${title}`, ...lines.map((line) => `    ${line}`), ''].join('\n'));
}

export default class Failures {
  onTestRunEnd(modules, unhandled) {
    for (const module of modules) {
      if (module.errors().length > 0) tell(module.relativeModuleId, module.errors());
      for (const test of module.children.allTests('failed')) tell(`${module.relativeModuleId}: ${test.fullName}`, test.result().errors);
      for (const suite of module.children.allSuites()) if (suite.errors().length > 0) tell(`${module.relativeModuleId}: ${suite.fullName}`, suite.errors());
    }
    if (unhandled.length > 0) tell('outside of any test', unhandled);
  }
}

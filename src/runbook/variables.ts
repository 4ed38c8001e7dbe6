import { prefix } from './explain.ts';
import type { Problem } from './problem.ts';
import { printable } from './secrets.ts';
import type { Path } from './yaml-reader.ts';
import type { YamlText } from './yaml.ts';

/** `${NAME}`, and what stands in it for a default. */
const VARIABLE = /\$\{[A-Za-z_][^}]*\}/;

/**
 * Values that a reader may take for variables: a runbook is read as it is written. Not those of `steps`: a command that they start may
 * have a shell of its own.
 */
export function lintVariables(file: Readonly<Record<string, unknown>>, text: YamlText): Problem[] {
  return Object.entries(file).flatMap(([key, value]) => (key === 'steps' ? [] : variablesIn(value, [key], text)));
}

function variablesIn(value: unknown, path: Path, text: YamlText): Problem[] {
  if (typeof value === 'string') {
    const found = VARIABLE.exec(value);
    if (found === null) return [];
    const message = `variables are not expanded: ${printable(found[0], 60)} is used as it stands; write the value itself`;
    return [{ ...text.at(path), message: prefix(path) + message, severity: 'warning' }];
  }
  if (Array.isArray(value)) return value.flatMap((item, i) => variablesIn(item, [...path, i], text));
  if (value === null || typeof value !== 'object') return [];
  return Object.entries(value).flatMap(([key, item]) => variablesIn(item, [...path, key], text));
}

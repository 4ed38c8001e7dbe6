import type { Hook } from '@oclif/core';
import { DrError } from '../base/errors.ts';
import { nearest } from '../base/nearest.ts';

/** oclif's `command_not_found`: the nearest name, and an exit code that says "usage". */
const commandNotFound: Hook.CommandNotFound = async function ({ id, config }) {
  const names = config.commands.filter((command) => !command.hidden).map((command) => command.id);
  return Promise.reject(unknownCommand(id, names));
};

export default commandNotFound;

/**
 * `id` and `names` in oclif's form, with colons. With spaces as separators oclif takes every word before a flag for a
 * part of the name, so an argument too many looks like an unknown command.
 */
export function unknownCommand(id: string, names: readonly string[]): DrError {
  const words = id.split(':');
  const typed = words.join(' ');
  for (let n = words.length - 1; n > 0; n--) {
    const head = words.slice(0, n);
    if (!names.includes(head.join(':'))) continue;
    return new DrError({
      code: 'UNEXPECTED_ARGUMENT',
      exit: 'usage',
      title: `\`dr ${head.join(' ')}\` does not take the argument "${words.slice(n).join(' ')}".`,
      next: [`dr ${head.join(' ')} --help`],
    });
  }
  const spaced = names.map((name) => name.replaceAll(':', ' '));
  const near = nearest(typed, spaced) ?? nearest(words[0] ?? '', spaced);
  return new DrError({
    code: 'UNKNOWN_COMMAND',
    exit: 'usage',
    title: `There is no command "${typed}".${near === undefined ? '' : ` Did you mean "${near}"?`}`,
    next: [near === undefined ? 'dr --help' : `dr ${near} --help`],
  });
}

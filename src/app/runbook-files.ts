import { stat } from 'node:fs/promises';
import { DrError } from '../base/errors.ts';
import { findRunbooks } from '../runbook/find.ts';

/** The runbook files of some paths; a folder stands for the YAML files directly in it. @throws DrError where there are none. */
export async function runbookFiles(paths: readonly string[]): Promise<string[]> {
  const lists = await Promise.all(
    paths.map(async (path) => {
      const isFolder = await stat(path).then((s) => s.isDirectory(), () => false);
      return isFolder ? findRunbooks(path) : [path];
    }),
  );
  const files = [...new Set(lists.flat())];
  if (files.length > 0) return files;
  throw new DrError({ code: 'RUNBOOK_NOT_FOUND', exit: 'runbook', title: `There is no runbook in ${paths.join(', ')}.`, next: ['name files or folders'] });
}

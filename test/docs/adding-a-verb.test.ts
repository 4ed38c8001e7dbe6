import { expect, it } from 'vitest';
import { Followed } from './follow.ts';

it('adds a verb: the table, then what the compiler names, then a command', async () => {
  const tree = await Followed.page('adding-a-verb.md');
  const edits = tree.of('edit');
  const table = edits.filter(({ path }) => path === 'src/model/verb.ts');
  const rest = edits.filter(({ path }) => path !== 'src/model/verb.ts');
  expect(rest.length).toBeGreaterThan(0);
  for (const edit of table) await tree.edit(edit);
  await tree.write('tsconfig.src.json', JSON.stringify({ extends: './tsconfig.json', include: ['src'] }));
  const errors = await tree.run('npx tsc --noEmit --pretty false -p tsconfig.src.json').then(() => '', (error: unknown) => String(error));
  const named = [...errors.matchAll(/^(src\/\S+?)\(\d+,\d+\): error/gm)].map(([, path = '']) => path);
  expect([...new Set(named)].sort()).toEqual([...new Set(rest.map(({ path }) => path))].sort());

  for (const edit of rest) await tree.edit(edit);
  for (const { path, text } of tree.of('file')) {
    expect(tree.page).toContain(`\`${path}\``);
    await tree.write(path, text);
  }
  await tree.commands();
}, 600_000);

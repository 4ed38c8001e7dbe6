import { expect, it } from 'vitest';
import { Followed } from './follow.ts';

it('adds two kinds, each with one file of src/, its line in the registry, its test, and the schema', async () => {
  const tree = await Followed.page('adding-a-kind.md');
  const added = ['src/kinds/resources/rds-pair.ts', 'src/kinds/resources/s3-marker.ts'];
  expect(tree.of('file').map(({ path }) => path).sort()).toEqual([...added, 'test/kinds/rds-pair.test.ts', 'test/kinds/s3-marker.test.ts']);
  expect(tree.of('line').map(({ path }) => path)).toEqual(['src/kinds/registry.ts', 'src/kinds/registry.ts']);
  expect(tree.of('run')).toHaveLength(1);

  for (const { path, text } of tree.of('line')) await tree.write(path, (await tree.read(path)).replace(/^const RESOURCES.*\{\n/m, (head) => head + text));
  const before = await tree.hashes();
  for (const { path, text } of tree.of('file')) {
    // Said in the text, not only in the block.
    expect(tree.page).toContain(`\`${path}\``);
    await tree.write(path, text);
  }
  await tree.commands();
  const after = await tree.hashes();
  expect(Object.keys(after).filter((path) => !(path in before)).sort()).toEqual(added);
  expect(Object.keys(before).filter((path) => after[path] !== before[path])).toEqual([]);
  const schema = await tree.read('schema/runbook.json');
  for (const name of ['s3-marker', 'rds-pair']) expect(schema).toContain(`"title": "${name}"`);
}, 600_000);

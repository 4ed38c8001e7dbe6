// Start-up: zod and yaml are 170 files, of which `dr validate` needs a part. They become one file each in dist/vendor/.
import { copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { rolldown } from 'rolldown';

const PACKAGES = ['yaml', 'zod'];

/** Bundles what the files of `dist` use of PACKAGES, and points their imports to it. @param root folder of package.json */
export async function vendor(root, dist) {
  const files = readdirSync(dist, { recursive: true })
    .filter((name) => name.endsWith('.js'))
    .map((name) => join(dist, name));
  const texts = new Map(files.map((file) => [file, readFileSync(file, 'utf8')]));
  const folder = join(dist, 'vendor');
  mkdirSync(folder, { recursive: true });
  for (const name of PACKAGES) {
    const entry = join(folder, `${name}.entry.js`);
    writeFileSync(entry, `export { ${[...usedNames(name, texts.values())].sort().join(', ')} } from '${name}';\n`);
    const bundle = await rolldown({ input: entry, platform: 'node', logLevel: 'warn' });
    await bundle.write({ file: join(folder, `${name}.js`), format: 'esm' });
    await bundle.close();
    rmSync(entry);
    const licence = readdirSync(join(root, 'node_modules', name)).find((file) => /^licen[cs]e/i.test(file));
    if (licence === undefined) throw new Error(`${name} has no licence file to ship`);
    copyFileSync(join(root, 'node_modules', name, licence), join(folder, `${name}.LICENSE`));
  }
  for (const [file, text] of texts) {
    const to = (name) => {
      const path = relative(dirname(file), join(folder, `${name}.js`));
      return path.startsWith('.') ? path : `./${path}`;
    };
    const changed = text.replace(/from '(yaml|zod)'/g, (_all, name) => `from '${to(name)}'`);
    if (changed !== text) writeFileSync(file, changed);
  }
}

/** `import { a, b } from 'x'` names them; after `import * as z from 'x'` they are what follows `z.`. */
function usedNames(name, texts) {
  const used = new Set();
  for (const text of texts) {
    for (const [, names] of text.matchAll(new RegExp(`import \\{([^}]*)\\} from '${name}'`, 'g'))) {
      for (const part of names.split(',')) if (part.trim() !== '') used.add(part.trim().split(' ')[0]);
    }
    for (const [, star] of text.matchAll(new RegExp(`import \\* as (\\w+) from '${name}'`, 'g'))) {
      for (const [, member] of text.matchAll(new RegExp(`\\b${star}\\.(\\w+)`, 'g'))) used.add(member);
    }
    if (new RegExp(`import \\w+ from '${name}'`).test(text)) throw new Error(`vendor: a default import of ${name} is not understood`);
  }
  return used;
}

// Builds dist/ and oclif.manifest.json, unless they are what these sources give already.
//   --no-check  leaves the type check to `npm run types`
//   --force     builds even if nothing has changed
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { bundle } from './bundle.mjs';
import { whichNode } from './which-node.mjs';

/** The narrowest that oclif knows, and one from which no line is broken. */
const HELP_WIDTHS = { min: 40, max: 160 };

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const at = (...parts) => join(root, ...parts);
const stamp = at('dist', '.sources');
const checked = !process.argv.includes('--no-check');
const sources = hashOfSources();

// npm runs this more often than it seems: `npx dr` in a clone prepares the package again, also two of them at once.
if (!process.argv.includes('--force') && isCurrent()) {
  console.log('build: dist/ is up to date');
} else {
  const node = whichNode(process.env, process.versions.node);
  if (node !== undefined) console.log(node);
  await compile();
  await writeManifest();
  await writeHelp();
  writeFileSync(stamp, checked ? sources : `${sources} unchecked`);
}

function hashOfSources() {
  const code = readdirSync(at('src'), { recursive: true }).filter((name) => name.endsWith('.ts'));
  const files = ['package.json', 'tsconfig.json', 'tsconfig.build.json', 'scripts/build.mjs', 'scripts/bundle.mjs', ...code.sort().map((name) => join('src', name))];
  const hash = createHash('sha256');
  for (const file of files) hash.update(`${file}\0`).update(readFileSync(at(file))).update('\0');
  return hash.digest('hex');
}

function isCurrent() {
  if (!existsSync(stamp) || !existsSync(at('oclif.manifest.json'))) return false;
  const built = readFileSync(stamp, 'utf8');
  return built === sources || (!checked && built === `${sources} unchecked`);
}

async function compile() {
  // Beside dist/, and swapped in when it is whole: a dr that runs meanwhile does not lose its files.
  const fresh = at(`.dist-${process.pid}`);
  const old = at(`.dist-${process.pid}-old`);
  try {
    const tsc = at('node_modules/typescript/bin/tsc');
    if (checked) execFileSync(process.execPath, [tsc, '-p', at('tsconfig.build.json')], { stdio: 'inherit', cwd: root });
    await bundle(root, fresh);
  } catch (error) {
    rmSync(fresh, { recursive: true, force: true });
    // The compiler has said by itself what is wrong.
    if (error.status === undefined) console.error(error);
    console.error('build: failed, see above; dist/ is as it was');
    process.exit(1);
  }
  if (existsSync(at('dist'))) renameSync(at('dist'), old);
  renameSync(fresh, at('dist'));
  rmSync(old, { recursive: true, force: true });
}

/** With a manifest, start-up reads one JSON file instead of importing every command. */
async function writeManifest() {
  // One of an older build hides new commands.
  rmSync(at('oclif.manifest.json'), { force: true });
  // Never transpile on the fly: the manifest describes dist/.
  delete process.env.NODE_ENV;
  const { Plugin } = await import('@oclif/core/config');
  const plugin = new Plugin({ root, type: 'core', isRoot: true, ignoreManifest: true, errorOnManifestCreate: true });
  await plugin.load();
  const fresh = at(`.dist-${process.pid}.json`);
  writeFileSync(fresh, `${JSON.stringify(plugin.manifest, null, 2)}\n`);
  renameSync(fresh, at('oclif.manifest.json'));
}

/** `dr --help` as oclif prints it, for each width of a terminal up to that from which nothing is broken: bin/dr.js shows it without loading anything. */
async function writeHelp() {
  process.env.NO_COLOR = '1';
  const [{ Config }, { default: DrHelp }] = await Promise.all([import('@oclif/core/config'), import(pathToFileURL(at('dist/cli/help.js')))]);
  const config = await Config.load({ root, pjson: JSON.parse(readFileSync(at('package.json'), 'utf8')) });
  const texts = [];
  for (let maxWidth = HELP_WIDTHS.min; maxWidth <= HELP_WIDTHS.max; maxWidth += 1) {
    const lines = [];
    const help = new DrHelp(config, { maxWidth, stripAnsi: true });
    help.log = (...args) => lines.push(args.join(' '));
    await help.showHelp([]);
    texts.push(`${lines.join('\n')}\n`.replaceAll(config.userAgent, '{userAgent}'));
  }
  mkdirSync(at('dist/help'));
  texts.forEach((text, i) => writeFileSync(at('dist/help', `${HELP_WIDTHS.min + i}.txt`), text));
}

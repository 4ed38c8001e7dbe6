// Builds dist/ and oclif.manifest.json. `--no-check` leaves the type check to `npm run types`.
import { execFileSync } from 'node:child_process';
import { existsSync, lstatSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const at = (...parts) => join(root, ...parts);

// Beside dist/, and swapped in when it is whole: a dr that runs meanwhile does not lose its files.
const fresh = at(`.dist-${process.pid}`);

const check = process.argv.includes('--no-check') ? ['--noCheck'] : [];
try {
  execFileSync(process.execPath, [at('node_modules/typescript/bin/tsc'), '-p', at('tsconfig.build.json'), '--outDir', fresh, ...check], {
    stdio: 'inherit',
    cwd: root,
  });
} catch {
  rmSync(fresh, { recursive: true, force: true });
  console.error('build: the type check failed; see above. dist/ is as it was.');
  process.exit(1);
}
swapIn();

await writeManifest();
linkBin();

function swapIn() {
  const old = at(`.dist-${process.pid}-old`);
  if (existsSync(at('dist'))) renameSync(at('dist'), old);
  renameSync(fresh, at('dist'));
  rmSync(old, { recursive: true, force: true });
  // A manifest of an older build hides new commands.
  rmSync(at('oclif.manifest.json'), { force: true });
}

/** With a manifest, start-up reads one JSON file instead of importing every command. */
async function writeManifest() {
  // Never transpile on the fly: the manifest describes dist/.
  delete process.env.NODE_ENV;
  const { Plugin } = await import('@oclif/core/config');
  const plugin = new Plugin({ root, type: 'core', isRoot: true, ignoreManifest: true, errorOnManifestCreate: true });
  await plugin.load();
  writeFileSync(at('oclif.manifest.json'), `${JSON.stringify(plugin.manifest, null, 2)}\n`);
}

/**
 * `npx dr` in a clone: npm finds a project's own bin only by installing it into its cache first.
 * A link beside the other bins makes it immediate, and safe for two at once.
 */
function linkBin() {
  const link = at('node_modules', '.bin', 'dr');
  if (process.platform === 'win32' || !existsSync(dirname(link)) || lstatSync(link, { throwIfNoEntry: false })) return;
  try {
    symlinkSync('../../bin/dr.js', link);
  } catch {
    // A folder that is not ours to write: `npx dr` then takes npm's slower way.
  }
}

#!/usr/bin/env node
// Must parse and run on old Node versions: it is this file that tells their users what is missing.
// So: no `node:` prefixes, no optional chaining, no top-level await.
import { existsSync, readFileSync } from 'fs';
import * as module from 'module';
import { dirname, join } from 'path';
import { fileURLToPath, pathToFileURL } from 'url';

// Name look-ups occupy threads of libuv, and of four there are two for them. Before the first use of a thread, or it has no effect.
if (!process.env.UV_THREADPOOL_SIZE) process.env.UV_THREADPOOL_SIZE = '64';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const EXIT_BUG = 1;
const EXIT_USAGE = 2;

/** Compares `[major, minor]` of the running Node with `engines.node` of package.json, e.g. `>=22.13`. */
function neededNode() {
  const engines = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).engines.node;
  const need = engines.replace(/[^0-9.]/g, '').split('.').map(Number);
  const have = process.versions.node.split('.').map(Number);
  const enough = have[0] > need[0] || (have[0] === need[0] && have[1] >= (need[1] || 0));
  return enough ? undefined : engines;
}

function refuse(code, exit, exitName, title, next) {
  if (process.argv.includes('--json')) {
    const error = { code, message: title, next: [next] };
    console.log(JSON.stringify({ schema: 'dr.output.error/1', ok: false, exit: exitName, error, warnings: [] }, null, 2));
  } else {
    console.error('Error: ' + title + '\n\n  ' + next);
  }
  process.exitCode = exit;
}

/** Runs this command again with the project's own Node. Signals reach it; it decides what they mean. */
async function runWith(node) {
  const { spawn } = await import('child_process');
  const child = spawn(node, process.argv.slice(1), {
    stdio: 'inherit',
    env: Object.assign({}, process.env, { DR_NODE_STARTED: '1' }),
  });
  ['SIGINT', 'SIGTERM', 'SIGHUP'].forEach((signal) => {
    process.on(signal, () => child.kill(signal));
  });
  child.on('error', (error) => {
    refuse('NODE_NOT_STARTED', EXIT_BUG, 'bug', 'Node at ' + node + ' could not be started: ' + error.message, 'npm ci');
  });
  child.on('exit', (code, signal) => {
    if (signal === null) {
      process.exitCode = code;
      return;
    }
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
  });
}

/** What may change how oclif shows its help. Where one of them is set, oclif is asked. */
const HELP_ENV = ['NO_COLOR', 'FORCE_COLOR', 'CLICOLOR', 'CLICOLOR_FORCE', 'NODE_DISABLE_COLORS', 'CI', 'OCLIF_COLUMNS', 'DEBUG', 'WSL_DISTRO_NAME'];

/** `dr --help` as the build has made it with oclif (`writeHelp` of scripts/build.mjs), for this terminal. Undefined: oclif is asked. */
function readyHelp() {
  const env = process.env;
  const tty = process.stdout.isTTY === true;
  if (process.argv.length !== 3 || process.argv[2] !== '--help') return undefined;
  if (HELP_ENV.some((name) => env[name] !== undefined) || (tty && (!env.TERM || env.TERM === 'dumb'))) return undefined;
  const width = tty ? Math.min(Math.max(process.stdout.columns || 80, 40), 160) : 80;
  const file = join(root, 'dist', 'help', width + '.txt');
  if (!existsSync(file)) return undefined;
  const { name, version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const text = readFileSync(file, 'utf8').replace('{userAgent}', `${name}/${version} ${process.platform}-${process.arch} node-${process.version}`);
  return tty ? text.replace(/^[A-Z][A-Z ]+$/gm, '\x1b[1m$&\x1b[22m') : text;
}

const needed = neededNode();
const help = needed === undefined ? readyHelp() : undefined;
const entry = join(root, 'dist', 'cli', 'main.js');
if (needed !== undefined) {
  const own = join(root, 'node_modules', 'node', 'bin', process.platform === 'win32' ? 'node.exe' : 'node');
  if (!process.env.DR_NODE_STARTED && existsSync(own)) {
    runWith(own);
  } else {
    const title = 'dr needs Node ' + needed + ', and this is Node ' + process.versions.node + '.';
    refuse('NODE_TOO_OLD', EXIT_USAGE, 'usage', title, 'Install a newer Node (https://nodejs.org), or run `npm ci` in a clone of dr: it brings one.');
  }
} else if (!existsSync(entry)) {
  refuse('NOT_BUILT', EXIT_USAGE, 'usage', 'dr is not built: ' + join(root, 'dist') + ' is missing.', 'npm run build');
} else if (help !== undefined) {
  // A reader that has gone (`| head`) is no failure.
  process.stdout.on('error', () => undefined);
  process.stdout.write(help);
} else {
  if (module.enableCompileCache) module.enableCompileCache();
  // A stack names the files of src/: dist/ has fewer.
  if (process.env.DEBUG && process.setSourceMapsEnabled) process.setSourceMapsEnabled(true);
  import(pathToFileURL(entry).href)
    .then((main) => main.main(process.argv.slice(2), root))
    .catch((error) => {
      console.error(error);
      process.exitCode = EXIT_BUG;
    });
}

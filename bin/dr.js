#!/usr/bin/env node
// Must parse and run on old Node versions: it is this file that tells their users what is missing.
// So: no `node:` prefixes, no optional chaining, no top-level await.
import { spawn } from 'child_process';
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
function runWith(node) {
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

const needed = neededNode();
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

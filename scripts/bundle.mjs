// Start-up: most of its time is spent per file. The program and the packages that every command needs become few files.
import { globSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { rolldown } from 'rolldown';

/** What is loaded by its path: by bin/dr.js, by oclif, by another process. */
const ENTRIES = ['cli/main.ts', 'cli/help.ts', 'cli/not-found.ts', 'lab/daemon.ts', 'app/rehearse-worker.ts', 'commands/**/*.ts'];
/** Stay packages: large, and loaded only when something is done with AWS, a database, a name server or a terminal. oclif asks for typescript in development. */
const EXTERNAL = [/^@aws-sdk\//, /^@smithy\//, 'pg', 'listr2', 'dns-packet', 'typescript'];

/**
 * What every command that reads a runbook needs becomes one file, and what all commands need another. The files of one kind, of AWS's
 * clients and of the lab stay apart: they are loaded when a runbook names them.
 */
const GROUPS = [
  { name: 'ground', priority: 3, test: /\/src\/(base\/|model\/verb)/ },
  { name: 'oclif', priority: 2, test: /\/node_modules\/@oclif\/core\/|\/src\/cli\/(base-command|envelope|state-dir|style|text)\./ },
  { name: 'kinds', priority: 1, test: /\/src\/(model\/|runbook\/(?!json-schema)|aws\/(states\/(?!all)|answers|errors|rds|route53|ec2|elbv2|autoscaling|cloudwatch|pages|call-options)|report\/format\.|kinds\/(discovery\/(group|names|quarantine|records)\.|common\.|duration|outage|databases|route53|autoscaling))|\/node_modules\/(zod|yaml)\// },
];

/** What oclif does at every start, and need not for dr: file, what stands there, what does instead. */
const LEANER = [
  // By the rules of a language, which loads a collator: 5 ms of the 24 ms that Node itself takes. Names of commands are ASCII.
  ['config/plugin.js', 'a.id.localeCompare(b.id)', '(a.id < b.id ? -1 : 1)'],
  // The plugins of package.json are names, not patterns.
  ['config/plugin-loader.js', 'require("minimatch")', '{ minimatch: (name, pattern) => name === pattern }'],
  // The kernel of WSL has the name in its release: https://learn.microsoft.com/en-us/windows/wsl/release-notes-kernel
  ['util/os.js', "(await import('wsl-utils')).isWsl ? 'wsl'", "/microsoft/i.test((0, node_os_1.release)()) && (await import('wsl-utils')).isWsl ? 'wsl'"],
];
const leanOclif = {
  name: 'lean-oclif',
  transform(code, id) {
    const changes = LEANER.filter(([name]) => id.endsWith(`/@oclif/core/lib/${name}`));
    const other = changes.find(([, there]) => !code.includes(there));
    if (other !== undefined) throw new Error(`${id} has no ${other[1]} any more: take its line out of scripts/bundle.mjs, or mend it`);
    return changes.length === 0 ? null : { code: changes.reduce((text, [, there, instead]) => text.replace(there, instead), code), map: null };
  },
};

/** Imports of Node's own modules, as they stand in a chunk. */
const BUILTIN = /\bimport(?: ([\w$]+),?|\*as ([\w$]+))?(?:\{([^{}]*)\})? ?from"(node:[\w/]+)";/g;

/**
 * An import of one of Node's modules makes a module of all that it exports, and loads what stands behind each getter of it (`util.diff`,
 * `fs.promises`, `buffer.File` …): a third of the time that Node itself takes. `process.getBuiltinModule` gives the same object without that.
 */
function withoutFacades(code) {
  return code.replace(BUILTIN, (_, whole, star, names, id) => {
    const module = `process.getBuiltinModule("${id}")`;
    const named = names === undefined ? undefined : `{${names.replaceAll(' as ', ':')}}`;
    return `var ${[whole, star, named].filter((part) => part !== undefined).map((part) => `${part}=${module}`).join(',')};`;
  });
}

/** Writes the program to `dist`, with maps to its sources and the licences of the packages in it. @param root folder of package.json */
export async function bundle(root, dist) {
  const src = join(root, 'src');
  const input = Object.fromEntries(globSync(ENTRIES, { cwd: src }).map((file) => [file.replace(/\.ts$/, ''), join(src, file)]));
  const built = await rolldown({ input, cwd: root, platform: 'node', external: EXTERNAL, logLevel: 'warn', plugins: [leanOclif] });
  const { output } = await built.write({ dir: dist, chunkFileNames: 'chunks/[name].js', sourcemap: true, minify: { compress: false, mangle: false, codegen: { removeWhitespace: true } }, codeSplitting: { groups: GROUPS } });
  await built.close();
  // Lines are enough for a stack: anyone who reads it has the sources.
  for (const { fileName, source } of output.filter((file) => file.fileName.endsWith('.map'))) {
    writeFileSync(join(dist, fileName), JSON.stringify({ ...JSON.parse(source), sourcesContent: undefined }));
  }
  const chunks = output.filter(({ type }) => type === 'chunk');
  for (const { fileName, code } of chunks) writeFileSync(join(dist, fileName), withoutFacades(code));
  for (const { fileName, code } of chunks) {
    // `new URL('../../package.json', import.meta.url)` means the same from src/FOLDER/ and from dist/FOLDER/.
    if (code.includes('import.meta.url') && fileName.split('/').length !== 2) throw new Error(`${fileName} uses import.meta.url, and is not directly in a folder of dist/`);
  }
  writeFileSync(join(dist, 'LICENSES-OF-PACKAGES.txt'), licences(root, chunks.flatMap(({ moduleIds }) => moduleIds)));
}

function licences(root, files) {
  const folders = new Set(files.flatMap((file) => /^.*\/node_modules\/(@[^/]+\/)?[^/]+/.exec(file)?.[0] ?? []));
  const texts = [...folders].sort().map((folder) => {
    const { name, version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
    const licence = readdirSync(folder).find((file) => /^licen[cs]e/i.test(file));
    if (licence === undefined) throw new Error(`${relative(root, folder)} has no licence file to ship`);
    return `${name} ${version}\n\n${readFileSync(join(folder, licence), 'utf8').trim()}\n`;
  });
  return texts.join(`\n${'-'.repeat(80)}\n\n`);
}

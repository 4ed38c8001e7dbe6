// Mutation test of what decides: `npm run mutation [-- GROUP or FILE…]`. Each mutant (a changed condition, literal, call, …) must make
// a test fail. Prints the score of each file and ends with 1 where one is below MINIMUM, or was not measured at all.
import { globSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { Stryker } from '@stryker-mutator/core';
import { GROUPS } from './mutation-groups.mjs';

const MINIMUM = 92;
const ROOT = resolve(import.meta.dirname, '..');

async function scoresOf(name, { mutate, tests }, folder) {
  // Read by scripts/mutation.vitest.mjs and mutation.setup.mjs, in each of Stryker's processes.
  process.env.DR_MUTATION_TESTS = JSON.stringify(tests);
  process.env.DR_MUTATION_FILES = JSON.stringify(mutate);
  const file = join(folder, `${name}.json`);
  await new Stryker({
    mutate,
    testRunner: 'vitest',
    plugins: ['@stryker-mutator/vitest-runner'],
    vitest: { configFile: 'scripts/mutation.vitest.mjs', related: false },
    coverageAnalysis: 'perTest',
    ignoreStatic: process.argv.includes('--without-static'),
    concurrency: Number(process.env.DR_MUTATION_CONCURRENCY ?? Math.min(2, availableParallelism())),
    timeoutMS: 15_000,
    ignorePatterns: ['/dist', '/coverage', '/.dist-*', '/.dr'],
    reporters: ['json'],
    jsonReporter: { fileName: file },
    logLevel: 'warn',
    tempDirName: '.stryker-tmp',
    allowConsoleColors: false,
  }).runMutationTest();
  const { files } = JSON.parse(await readFile(file, 'utf8'));
  return Object.entries(files).map(([path, { source, mutants }]) => ({ path, source, mutants }));
}

const isCaught = ({ status }) => status === 'Killed' || status === 'Timeout';
const isMissed = ({ status }) => status === 'Survived' || status === 'NoCoverage';

/** Prints one file; true where its score is high enough. */
function judge({ path, source, mutants }, verbose) {
  const caught = mutants.filter(isCaught).length;
  const missed = mutants.filter(isMissed);
  const ignored = mutants.filter(({ status }) => status === 'Ignored').length;
  const score = (100 * caught) / (caught + missed.length);
  const good = score >= MINIMUM;
  console.log(`${good ? 'ok    ' : 'BELOW '} ${score.toFixed(1).padStart(5)} %  ${path}  (${caught} of ${caught + missed.length}${ignored > 0 ? `, ${ignored} left out with a reason` : ''})`);
  if (verbose || !good) {
    const lines = source.split('\n');
    for (const { location, mutatorName, replacement, status } of missed) {
      const { line, column } = location.start;
      const end = location.end.line === line ? location.end.column - 1 : undefined;
      const text = (lines[line - 1] ?? '').slice(column - 1, end);
      console.log(`         ${path}:${line}:${column} ${mutatorName} ${status === 'NoCoverage' ? '(no test)' : ''} ${text} → ${(replacement ?? '').replaceAll(/\s+/g, ' ')}`);
    }
  }
  return good;
}

const asked = process.argv.slice(2).filter((arg) => !arg.startsWith('-'));
const verbose = process.argv.includes('--survivors');
process.chdir(ROOT);
/** The files of a group that are asked for: all, or those that are named. */
const chosen = ([name, group]) => {
  const files = group.mutate.flatMap((pattern) => globSync(pattern));
  return [name, { ...group, mutate: asked.length === 0 || asked.includes(name) ? files : files.filter((file) => asked.includes(file)) }];
};
const groups = Object.entries(GROUPS).map(chosen).filter(([, { mutate }]) => mutate.length > 0);
const unknown = asked.filter((name) => !groups.some(([group, { mutate }]) => group === name || mutate.includes(name)));
if (unknown.length > 0) {
  console.error(`no group and no file of one: ${unknown.join(', ')}; there are ${Object.keys(GROUPS).join(', ')}`);
  process.exit(2);
}

const folder = await mkdtemp(join(tmpdir(), 'dr-mutation-'));
try {
  const all = [];
  for (const [name, group] of groups) {
    const files = await scoresOf(name, group, folder);
    console.log(`── ${name}`);
    all.push(...files.map((file) => ({ ...file, good: judge(file, verbose) })));
  }
  const mutants = all.flatMap((file) => file.mutants);
  const caught = mutants.filter(isCaught).length;
  const low = all.filter(({ good }) => !good).map(({ path }) => path);
  console.log(`mutation score ${((100 * caught) / (caught + mutants.filter(isMissed).length)).toFixed(1)} %, ${caught} mutants caught; at least ${MINIMUM} % in each of ${all.length} files: ${low.length === 0 ? 'yes' : `NO (${low.join(', ')})`}`);
  process.exitCode = low.length === 0 && all.length > 0 ? 0 : 1;
} finally {
  await rm(folder, { recursive: true, force: true });
}

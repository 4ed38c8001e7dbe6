// Mutation test of what decides: `npm run mutation [-- GROUP…]`. Each mutant (a changed condition, literal, call, …) must make
// a test fail. Prints the score of each file and ends with 1 where one is below MINIMUM, or was not measured at all.
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { Stryker } from '@stryker-mutator/core';

const MINIMUM = 85;
const ROOT = resolve(import.meta.dirname, '..');

/** What is changed, and the tests that must see it: only those, so that it stays fast. */
const GROUPS = {
  transitions: {
    mutate: ['src/engine/transitions.ts'],
    tests: ['test/engine/transitions.test.ts', 'test/docs/architecture.test.ts'],
  },
  line: {
    mutate: ['src/engine/{line,end-look}.ts'],
    tests: ['test/engine/{line-decisions,end-look}.test.ts', 'test/refusals/line.test.ts'],
  },
  fold: {
    mutate: ['src/journal/fold.ts'],
    tests: ['test/journal/{fold,fold-notes}.test.ts'],
  },
  term: {
    mutate: ['src/journal/lease.ts'],
    tests: ['test/journal/{lease,lease-parts,local-state}.test.ts'],
  },
  answers: {
    mutate: ['src/aws/{answers,errors,pages}.ts'],
    tests: ['test/aws/{answers,pages,retry-classes,sdk-errors,sdk-caller,refused-signature}.test.ts'],
  },
  loss: {
    mutate: ['src/measure/rpo.ts', 'src/kinds/outage.ts', 'src/kinds/databases/{rpo-gate,loss,verdict}.ts', 'src/kinds/databases/recovery-gate.ts'],
    tests: ['test/measure/rpo.test.ts', 'test/kinds/outage.test.ts', 'test/kinds/databases/{replica,loss,weigh,backup-errors,recovery-gate}*.test.ts', 'test/refusals/{databases,restore}.test.ts', 'test/report/evidence.test.ts'],
  },
  gates: {
    mutate: ['src/kinds/databases/{position-gate,standby-gate,fence,cut-off,promote}.ts', 'src/kinds/ec2/image-gate.ts'],
    tests: ['test/kinds/databases/{fence,fence-undo,position-gate,standby-gate,replica,promote,weigh-at-line}.test.ts', 'test/kinds/ec2/image-gate.test.ts', 'test/refusals/{databases,compute}.test.ts'],
  },
  people: {
    mutate: ['src/model/signals.ts', 'src/approvals/judge.ts', 'src/kinds/common-steps/{assess-users,judge-source,source-healthy,approval,flap-guard}.ts'],
    tests: ['test/approvals/judge.test.ts', 'test/kinds/common-steps/{assess,flap-guard,person-and-hold,approval,source-healthy}.test.ts', 'test/refusals/people.test.ts'],
  },
};

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
const unknown = asked.filter((name) => !(name in GROUPS));
if (unknown.length > 0) {
  console.error(`no group ${unknown.join(', ')}; there are ${Object.keys(GROUPS).join(', ')}`);
  process.exit(2);
}

process.chdir(ROOT);
const folder = await mkdtemp(join(tmpdir(), 'dr-mutation-'));
try {
  const all = [];
  for (const [name, group] of Object.entries(GROUPS)) {
    if (asked.length > 0 && !asked.includes(name)) continue;
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

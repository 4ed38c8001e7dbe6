import { defineConfig } from 'vitest/config';

/** Tests that start processes, real servers or a whole lab, that set the environment of their process, or that take minutes. */
const LAB = [
  'test/{acceptance,browser,matrix}/**/*.test.ts',
  'test/commands/{command-line,fleet,iam-doctor,runs}.test.ts',
  'test/docs/{adding-a-kind,adding-a-verb,matrix,readme-first,readme-lab}.test.ts',
  'test/engine/{crash-sweep-*,property}.test.ts',
  'test/journal/{explore,s3-object-lock}.test.ts',
  'test/kinds/through-wire.test.ts',
  'test/kinds/databases/{restore,verbs}-through-wire.test.ts',
  'test/lab/{active-active,binaries,check,databases,drills,engines,fence,init,journey,lab,lab-app,lag-meter,rehearse,restore,spawn,three-regions}.test.ts',
  'test/lab/wire/{foreign-clients,world}.test.ts',
  'test/runbook/mutations.test.ts',
  'test/sim/{drills,planted,seeds}.test.ts',
];

/**
 * Two projects. `unit` shares one set of loaded modules between the files of a worker, which is several times faster: its tests
 * leave nothing behind in modules or in the environment. `lab` gives each file a process of its own, and time for a busy machine.
 */
export default defineConfig({
  test: {
    projects: [
      { test: { name: 'unit', include: ['test/**/*.test.ts'], exclude: LAB, isolate: false, maxWorkers: '100%', testTimeout: 60_000, hookTimeout: 60_000, disableConsoleIntercept: true } },
      { test: { name: 'lab', include: LAB, maxWorkers: '100%', testTimeout: 120_000, hookTimeout: 120_000, disableConsoleIntercept: true } },
    ],
  },
});

import { defineConfig } from 'vitest/config';

/** Tests that start processes, real servers or a whole lab, that set the environment of their process, or that take minutes. */
const LAB = [
  'test/{acceptance,browser,matrix}/**/*.test.ts',
  'test/app/bad-disk.test.ts',
  'test/commands/{command-line,fleet,iam-doctor,runs}.test.ts',
  'test/docs/{adding-a-kind,adding-a-verb,matrix,readme-first,readme-lab}.test.ts',
  'test/effects/postgres.test.ts',
  'test/engine/{crash-sweep-*,property}.test.ts',
  'test/journal/{explore,s3-object-lock}.test.ts',
  'test/kinds/through-wire.test.ts',
  'test/kinds/databases/{restore,verbs}-through-wire.test.ts',
  'test/lab/{active-active,binaries,check,databases,drills,engines,fence,init,journey,lab,lab-app,lag-meter,rehearse,restore,spawn,three-regions}.test.ts',
  'test/lab/wire/{foreign-clients,world}.test.ts',
  'test/runbook/mutations.test.ts',
  'test/sim/{drills,planted,seeds}.test.ts',
];

/** Whole runs of the tool, many of them, or the whole source: each file takes seconds, and together four fifths of the time of all that is not `LAB`. */
const FLOWS = [
  'test/app/{abort,approvals,doctor,drill-custom-steps,failover-over-drill,flap-guard,fleet,iam,live-drill,pack,resume,secrets,start-run,sweep-drills,unreadable-runs,verify}.test.ts',
  'test/app/{assess/watch,check/check,check/objectives,check/readiness,rehearse/account,rehearse/prove,rehearse/rehearse}.test.ts',
  'test/approvals/ssh-keygen.test.ts',
  'test/aws/sdk-caller.test.ts',
  'test/cli/{flag-values,signals,thread-pool}.test.ts',
  'test/docs/reference.test.ts',
  'test/effects/{process,statement}.test.ts',
  'test/engine/{active-active,backup-restore,drill,drill-instances,instances-home,reprotect}.test.ts',
  'test/{incidents,refusals}/**/*.test.ts',
  'test/journal/{lease,local-store}.test.ts',
  'test/kinds/route53/{many-records,never-empty,through-sdk}.test.ts',
  'test/lab/wire/{codecs,round-trip}.test.ts',
  'test/runbook/yaml.test.ts',
  'test/sim/sim.test.ts',
];

/**
 * V8 loses count of its pages of machine code where threads come and go, and aborts ("Check failed: jit_page.has_value()"); it counts them only
 * where the processor has keys for memory. https://github.com/nodejs/node/issues/64500
 */
const execArgv = ['--no-memory-protection-keys'];

const SEED = ['test/seed.ts'];

/** Of one set of loaded modules for all files of a worker, which is several times faster: a test leaves nothing behind in modules or in the environment. */
const SHARED = { isolate: false, maxWorkers: '100%', testTimeout: 60_000, hookTimeout: 60_000, disableConsoleIntercept: true, execArgv, setupFiles: SEED };

/**
 * Three projects. `unit` is what `npm test` runs: three quarters of the lines of src/, from the rules up to what a person reads. Commands, fleets, rehearsals and the lab itself
 * are tested by `flows` and `lab`, which run beside it in `npm run test:all`. `lab` gives each file a
 * process of its own, and time for a busy machine.
 */
export default defineConfig({
  test: {
    projects: [
      { test: { name: 'unit', include: ['test/**/*.test.ts'], exclude: [...FLOWS, ...LAB], ...SHARED } },
      { test: { name: 'flows', include: FLOWS, ...SHARED } },
      { test: { name: 'lab', include: LAB, maxWorkers: '100%', testTimeout: 120_000, hookTimeout: 120_000, disableConsoleIntercept: true, execArgv, setupFiles: SEED } },
    ],
  },
});

import { defineConfig } from 'vitest/config';

/** Runs every runbook in every verb: `npm run matrix`. It takes minutes, so it is no part of `npm test`. */
export default defineConfig({
  test: {
    include: ['test/matrix/*.matrix.ts'],
    disableConsoleIntercept: true,
    testTimeout: 240_000,
    hookTimeout: 90_000,
    // One lab at a time: durations that are waited for are real.
    fileParallelism: false,
  },
});

import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    disableConsoleIntercept: true,
    // Whole labs start in some: a busy machine is no failure.
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
});

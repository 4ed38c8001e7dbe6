// Vitest as scripts/mutation.mjs needs it: only the tests of the files that are being mutated.
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: JSON.parse(process.env.DR_MUTATION_TESTS ?? '[]'),
    setupFiles: ['scripts/mutation.setup.mjs'],
    testTimeout: 30_000,
    hookTimeout: 30_000,
  },
});

/* DR_SEED=N makes the tests that draw their cases draw the same each time: `.ci/run` sets it, and it repeats a failure. Without it they draw others each time. */

if (process.env['DR_SEED'] !== undefined) {
  const { default: fc } = await import('fast-check');
  fc.configureGlobal({ ...fc.readConfigureGlobal(), seed: Number(process.env['DR_SEED']) });
}

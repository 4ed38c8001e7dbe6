import tseslint from 'typescript-eslint';

/** Time and chance come in through Clock and Ids, so that a simulated run can be replayed from its seed. */
const WALL_CLOCK = [
  { object: 'Date', property: 'now', message: 'Use the injected Clock.' },
  { object: 'Math', property: 'random', message: 'Use the injected Ids, or a seeded generator.' },
  { object: 'performance', property: 'now', message: 'Use the injected Clock.' },
  { object: 'crypto', property: 'randomUUID', message: 'Use the injected Ids.' },
];
const TIMERS = ['setTimeout', 'setInterval'].map((name) => ({ name, message: 'Use the injected Clock.' }));
const NO_EXIT = { object: 'process', property: 'exit', message: 'Throw a DrError: only bin/ and cli/ end the process.' };

export default tseslint.config(
  { ignores: ['dist/', '.dist-*/', 'coverage/', '.stryker-tmp/', 'node_modules/', 'test/**/fixtures/'] },
  {
    files: ['src/**/*.ts', 'test/**/*.ts', 'vitest.config.ts'],
    extends: [tseslint.configs.strictTypeChecked],
    languageOptions: { parserOptions: { project: './tsconfig.json', tsconfigRootDir: import.meta.dirname } },
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    rules: {
      // Numbers in messages are what this tool is about.
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true, ignoreVoidReturningFunctions: true }],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      '@typescript-eslint/consistent-type-imports': 'error',
      'no-duplicate-case': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      // Adapters answer at once where the port allows them to take time.
      '@typescript-eslint/require-await': 'off',
      // A value of an index that the compiler cannot know is undefined is checked all the same.
      '@typescript-eslint/no-unnecessary-condition': ['error', { allowConstantLoopConditions: 'only-allowed-literals' }],
      'no-console': 'error',
      eqeqeq: 'error',
    },
  },
  {
    files: ['src/**/*.ts'],
    ignores: ['src/cli/**'],
    rules: { 'no-restricted-properties': ['error', NO_EXIT] },
  },
  {
    files: ['src/{plan,engine,journal,kinds,measure,simulator}/**/*.ts'],
    rules: {
      'no-restricted-properties': ['error', NO_EXIT, ...WALL_CLOCK],
      'no-restricted-globals': ['error', ...TIMERS],
      'no-restricted-syntax': [
        'error',
        { selector: "NewExpression[callee.name='Date'][arguments.length=0]", message: 'Use the injected Clock.' },
      ],
      'no-restricted-imports': [
        'error',
        { paths: [{ name: 'node:timers', message: 'Use the injected Clock.' }, { name: 'node:timers/promises', message: 'Use the injected Clock.' }] },
      ],
    },
  },
  {
    // Tests look at what a production file may not assume.
    files: ['test/**/*.ts'],
    rules: {
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/no-unsafe-argument': 'off',
      '@typescript-eslint/unbound-method': 'off',
      'no-console': 'off',
    },
  },
  {
    files: ['bin/**/*.js', 'scripts/**/*.mjs', 'eslint.config.js'],
    extends: [tseslint.configs.disableTypeChecked],
    rules: { eqeqeq: 'error' },
  },
);

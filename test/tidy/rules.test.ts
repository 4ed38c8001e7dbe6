import { describe, expect, it } from 'vitest';
import * as rules from './rules.ts';

/** Each rule, shown to fail on a planted file and to pass on a good one. */
const file = (path: string, text: string) => ({ path, text });

describe('floors', () => {
  it('refuses an import that runs up, however it is written', () => {
    for (const text of [
      "import { x } from '../engine/run.ts';",
      "import type { X } from '../engine/run.ts';",
      "export { x } from '../engine/run.ts';",
      "const x = await import('../engine/run.ts');",
      "type X = import('../engine/run.ts').X;",
    ]) {
      expect(rules.upwardImports([file('src/plan/a.ts', text)]), text).toEqual([
        'src/plan/a.ts imports src/engine/run.ts, which is above it',
      ]);
    }
  });

  it('allows down, sideways and packages', () => {
    const text = "import '../base/x.ts'; import './b.ts'; import 'zod'; import 'node:fs';";
    expect(rules.upwardImports([file('src/plan/a.ts', text)])).toEqual([]);
  });

  it('refuses a file on no floor', () => {
    expect(rules.upwardImports([file('src/utils/a.ts', '')])).toEqual(['src/utils/a.ts stands on no floor']);
  });
});

describe('circles', () => {
  it('finds them at any length, also of types', () => {
    const files = [
      file('src/plan/a.ts', "import './b.ts';"),
      file('src/plan/b.ts', "import type { C } from './c.ts';"),
      file('src/plan/c.ts', "export * from './a.ts';"),
      file('src/plan/d.ts', "import './a.ts';"),
    ];
    expect(rules.importCycles(files)).toEqual(['src/plan/a.ts → src/plan/b.ts → src/plan/c.ts → src/plan/a.ts']);
    expect(rules.importCycles(files.slice(0, 2))).toEqual([]);
  });
});

describe('the SDK', () => {
  it('is refused outside of aws/, types too, and inside when it is not lazy', () => {
    const type = "import type { X } from '@aws-sdk/client-rds';";
    const value = "import { RDSClient } from '@aws-sdk/client-rds';";
    const lazy = "const rds = await import('@aws-sdk/client-rds');";
    expect(rules.sdkImports([file('src/kinds/a.ts', type)])).toHaveLength(1);
    expect(rules.sdkImports([file('src/aws/a.ts', value)])).toEqual(['src/aws/a.ts loads @aws-sdk/client-rds at once: use import()']);
    expect(rules.sdkImports([file('src/aws/a.ts', type + lazy)])).toEqual([]);
  });
});

describe('sizes', () => {
  it('refuses a file over the limit', () => {
    expect(rules.longFiles([file('src/plan/a.ts', 'x\n'.repeat(401))])).toEqual(['src/plan/a.ts has 401 lines (limit 400)']);
    expect(rules.longFiles([file('src/plan/a.ts', 'x\n'.repeat(400))])).toEqual([]);
  });

  it.each([
    ['function f() {\n', '}'],
    ['const f = () => {\n', '};'],
    ['class A { m() {\n', '} }'],
  ])('refuses a function over the limit: %s', (open, close) => {
    expect(rules.longFunctions([file('src/plan/a.ts', open + ';\n'.repeat(69) + close)])).toEqual([
      'src/plan/a.ts:1 is a function of 71 lines (limit 70)',
    ]);
    expect(rules.longFunctions([file('src/plan/a.ts', open + ';\n'.repeat(68) + close)])).toEqual([]);
  });
});

describe('time and chance', () => {
  it.each([
    'const t = Date.now();',
    'const t = new Date();',
    'const r = Math.random();',
    'setTimeout(() => 1, 5);',
    'const t = performance.now();',
    "import { setTimeout as sleep } from 'node:timers/promises';",
    'const id = randomUUID();',
  ])('refuses %s in a pure room', (text) => {
    expect(rules.impurities([file('src/engine/a.ts', text)])).toHaveLength(1);
    expect(rules.impurities([file('src/lab/a.ts', text)])).toEqual([]);
  });

  it('allows what is computed from a given time', () => {
    expect(rules.impurities([file('src/engine/a.ts', 'new Date(ms).toISOString(); clock.now(); // Date.now()')])).toEqual([]);
  });
});

describe('the rest', () => {
  it('refuses phrases that are no plain English, and says what to say', () => {
    const bad = ['it was led back', 'leads itself back', 'an Own step', 'made anew', 'decides afresh', 'the run goes on', 'Whoever holds it', 'nobody is told', 'it was already so', 'as they are to be'];
    for (const text of bad) expect(rules.bannedPhrases([file('src/plan/a.ts', text)]), text).toHaveLength(1);
    expect(rules.bannedPhrases([file('src/plan/a.ts', 'rolled back; its own file; told; ongoing; who ever')])).toEqual([]);
    expect(rules.bannedPhrases([file('a.md', 'x\nmade anew')])).toEqual(['a.md:2 says "anew": say again']);
  });

  it('refuses a barrel', () => {
    expect(rules.barrels([file('src/plan/index.ts', ''), file('src/plan/a.ts', '')])).toEqual(['src/plan/index.ts is a barrel']);
  });

  it('refuses a status of AWS that is compared with a text', () => {
    const planted = (path: string) => file(path, "if (db.DBInstanceStatus !== 'available' || 'available' === status) go(kind === 'available');");
    expect(rules.statusTexts([planted('src/kinds/a.ts')], new Set(['available']))).toHaveLength(2);
    expect(rules.statusTexts([planted('src/aws/states/a.ts')], new Set(['available']))).toEqual([]);
    const listed = file('src/kinds/a.ts', `
      const GOOD = new Set(['available', 'x']);
      GOOD.has(db.DBInstanceStatus ?? ''); ['available'].includes(i.State?.Name); GOOD.has(word); ['other'].includes(status);
      switch (snapshot.Status) { case 'available': break; }
      switch (seen.state) { case 'available': break; }`);
    expect(rules.statusTexts([listed], new Set(['available']))).toHaveLength(3);
  });

  it('refuses a kind, an id or a fact that is known by name outside kinds/', () => {
    const planted = (path: string) => file(path, "if (step.kind === 'run.approval' || id.startsWith('own.') || fact.startsWith('rpo.') || type === 'run.started') go();");
    expect(rules.kindTexts([planted('src/app/a.ts')], new Set(['run.approval']))).toHaveLength(3);
    expect(rules.kindTexts([planted('src/kinds/a.ts')], new Set(['run.approval']))).toEqual([]);
  });

  it('refuses an engine that knows AWS', () => {
    const text = "import type { AwsCaller } from '../aws/caller.ts';\nimport { x } from '../effects/x.ts';";
    expect(rules.engineImports([file('src/engine/a.ts', text), file('src/kinds/a.ts', text)])).toHaveLength(1);
  });

  it('refuses a verb that is compared by its name', () => {
    const text = "if (plan.verb === 'reprotect' || policy === 'failover' || 'failover' !== verb || verb === other) go();";
    expect(rules.verbTexts([file('src/app/a.ts', text), file('src/model/verb.ts', text)], new Set(['failover', 'reprotect']))).toHaveLength(2);
  });

  it('refuses what is decided by the words of a sentence', () => {
    const text = "if (run.because.startsWith('down') || SAID.has(run.because) || seen.because === NOT_SEEN || refusal.observed === 'no answer' || /up/.test(because)) go();";
    expect(rules.sentencesRead([file('src/cli/a.ts', text)])).toHaveLength(5);
    expect(rules.sentencesRead([file('src/journal/old-journals.ts', text)])).toEqual([]);
    expect(rules.sentencesRead([file('src/cli/a.ts', "if (run.because !== '' || a.because === b.because || run.says === 'down') go();")])).toEqual([]);
  });

  it('refuses paths of the machine on which it was written', () => {
    const path = ['/work', 'main', 'src'].join('/');
    expect(rules.machinePaths([file('docs/a.md', `one\nsee ${path}`)])).toHaveLength(1);
    expect(rules.machinePaths([file('docs/a.md', 'homework/maintenance')])).toEqual([]);
  });
});

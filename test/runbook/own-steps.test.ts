import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { parseRunbook } from '../../src/runbook/load.ts';
import { RunbookError } from '../../src/runbook/problem.ts';
import { VALID } from './fixture.ts';

const LINE = VALID.split('\n').length;

/** Problems of a runbook that ends with these custom steps; the first of their lines is 1. */
async function problems(steps: string): Promise<string[]> {
  try {
    await parseRunbook(Buffer.from(`${VALID}${steps}`), 'x.yaml');
    return [];
  } catch (error) {
    if (!(error instanceof RunbookError)) throw error;
    return error.problems.map((p) => `${p.line - LINE + 1}:${p.col} ${p.message}`);
  }
}

const step = (lines: string) => `steps:\n  warm:\n${lines.split('\n').map((line) => `    ${line}`).join('\n')}\n`;

describe('custom steps', () => {
  it('of docs/custom-steps.md are valid', async () => {
    const page = await readFile(new URL('../../docs/custom-steps.md', import.meta.url), 'utf8');
    const example = /^```yaml\n([^]*?)^```$/m.exec(page)?.[1] ?? '';
    expect(example).toContain('kind: manual');
    expect(await problems(example)).toEqual([]);
  });

  it('of every kind are read, with their defaults', async () => {
    const { runbook } = await parseRunbook(
      Buffer.from(`${VALID}steps:
  warm: { kind: http-request, after: compute, limit: 30s, method: POST, url: "https://ops.example.com/warm?in={target}", changes: nothing }
  job: { kind: command, before: traffic, limit: 2m, run: [./job, "{target}"], env: [JOB_TOKEN], undo: { run: [./job, --undo] } }
  call: { kind: manual, after: fence, limit: 1h, instruction: Call the bank., changes: nothing }
  rest: { kind: wait, after: traffic, limit: 2m, for: 90s }
  fill:
    kind: lambda-invoke
    after: data
    limit: 1m
    functions: { ap-northeast-2: fill, ap-northeast-1: fill-tokyo }
    payload: { region: "{target}", deep: [1, "{source}"] }
  seq:
    kind: sql
    after: data
    limit: 10s
    instances: { ap-northeast-2: shop-orders, ap-northeast-1: shop-orders-tokyo }
    database: shop
    userEnv: SHOP_DB_USER
    passwordEnv: SHOP_DB_PASSWORD
    statement: SELECT setval('orders_id', 1000000)
    repeatable: true
`),
      'x.yaml',
    );
    expect(runbook.steps.map(({ name, kind, frame, harmless }) => [name, kind, frame.before ?? null, frame.after ?? null, frame.limit, harmless])).toEqual([
      ['warm', 'http-request', null, 'compute', 30_000, false],
      ['job', 'command', 'traffic', null, 120_000, false],
      ['call', 'manual', null, 'fence', 3_600_000, false],
      ['rest', 'wait', null, 'traffic', 120_000, true],
      ['fill', 'lambda-invoke', null, 'data', 60_000, false],
      ['seq', 'sql', null, 'data', 10_000, false],
    ]);
    expect(runbook.steps[0]?.frame).toMatchObject({ verbs: ['failover', 'switchover'], optional: false, repeatable: false });
  });

  it.each<[string, string, string[]]>([
    ['no limit', step('{ kind: wait, after: compute, for: 30s }'), ['3:5 steps.warm: the key "limit" is missing: expected a duration with its unit, e.g. 30s or 15m']],
    ['command as a text', step('kind: command\nafter: traffic\nlimit: 30s\nrun: ./warm --all'),
      ['6:10 steps.warm.run: expected a list of program and arguments, e.g. [./warm-cache, --region, "{target}"]: no shell reads it, found "./warm --all"']],
    ['command without a program', step('kind: command\nafter: traffic\nlimit: 30s\nrun: []'),
      ['6:10 steps.warm.run: expected a list of program and arguments, e.g. [./warm-cache, --region, "{target}"]: no shell reads it, found an empty list']],
    ['unknown kind', step('{ kind: commnd, after: traffic, limit: 30s }'), ['3:13 steps.warm.kind: unknown kind "commnd"; did you mean "command"?']],
    ['unknown phase', step('kind: wait\nafter: trafic\nlimit: 30s\nfor: 3s'),
      ['4:12 steps.warm.after: expected a phase: assess, fence, data, compute, traffic, verify, protect, found "trafic"; did you mean "traffic"?']],
    ['no place', step('kind: wait\nlimit: 30s\nfor: 3s'), ['2:3 steps.warm: stands nowhere: add before: or after: and a phase']],
    ['two places', step('kind: wait\nbefore: data\nafter: fence\nlimit: 30s\nfor: 3s'), ['5:12 steps.warm.after: stands before one phase and after another: choose one']],
    ['limit below the wait', step('kind: wait\nafter: data\nlimit: 3s\nfor: 1m'), ['5:12 steps.warm.limit: expected at least 1m, the time that it waits, found "3s"']],
    ['change before the assessment', step('kind: command\nbefore: assess\nlimit: 3s\nrun: [./a]\nundo: { run: [./b] }'),
      ['4:13 steps.warm.before: nothing is changed before the assessment is over: say `changes: nothing`, or put it after assess']],
    ['no way back before the line', step('kind: command\nbefore: data\nlimit: 3s\nrun: [./a]'),
      ['4:13 steps.warm.before: cannot be taken back, and stands before the point of no return: give it an undo, say `changes: nothing`, or put it after data']],
    ['undo of nothing', step('kind: command\nafter: data\nlimit: 3s\nrun: [./a]\nchanges: nothing\nundo: { run: [./b] }'),
      ['8:11 steps.warm.undo: it changes nothing, so there is nothing to undo: choose one']],
    ['user and password in the URL', step('kind: http-request\nafter: data\nlimit: 3s\nurl: "https://a:b@c.example.com/"'),
      ['6:10 steps.warm.url: expected an http or https URL without user and password, e.g. https://ops.example.com/warm?region={target}, found "<a password in a URL, not shown>c.example.com/"',
        '6:11 this looks like a password in a URL. Secrets never stand in a runbook: name an environment variable instead']],
    ['unknown key', step('kind: wait\nafter: data\nlimit: 3s\nfor: 1s\nundo: 1'), ['7:5 steps.warm: unknown key "undo"; known: kind, description, before, after, limit, takes, verbs, optional, for']],
    ['function in one region', step('kind: lambda-invoke\nafter: data\nlimit: 3s\nfunctions: { ap-northeast-1: fill }'),
      ['6:16 steps.warm.functions: no value for ap-northeast-2; every region of the runbook needs one']],
    ['database nowhere', step('kind: sql\nafter: data\nlimit: 3s\ndatabase: shop\nuserEnv: U\npasswordEnv: P\nstatement: SELECT 1'),
      ['2:3 steps.warm: expected either instances or hosts: where does the database listen?']],
    ['depends on itself twice', 'dependsOn: [identity, identity]\n', ['1:23 dependsOn[1]: identity stands here twice']],
    ['depends on a text', 'dependsOn: identity\n', ['1:12 dependsOn: expected a list of runbooks, e.g. [identity], found "identity"']],
  ])('are refused: %s', async (_what, steps, expected) => {
    expect(await problems(steps)).toEqual(expected);
  });
});

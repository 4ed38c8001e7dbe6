import { appendFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it, onTestFinished, vi } from 'vitest';
import { boundToLab, refuseHalfLab, refuseOtherLab } from '../../src/app/in-lab.ts';
import type { CommandRequest, Effects, HttpRequest } from '../../src/effects/effects.ts';
import { loadStepKind } from '../../src/kinds/registry.ts';
import { APPROVED } from '../engine/simulated.ts';
import { bench, refusalOf, stopAt } from './fixture.ts';

const STEPS = `
steps:
  job: { kind: command, after: data, limit: 5s, run: [./job], env: [PATH, AWS_PROFILE] }
  warm: { kind: http-request, after: compute, limit: 5s, method: POST, url: "http://ops.example.com/warm", changes: nothing }
  call: { kind: manual, after: traffic, limit: 1h, instruction: Call the bank. }
  fill: { kind: lambda-invoke, after: data, limit: 5s, functions: { ap-northeast-2: fill, ap-northeast-1: fill } }
  seq: { kind: sql, after: data, limit: 5s, hosts: { ap-northeast-2: "db.example.com:5432", ap-northeast-1: "db.example.com:5432" }, database: shop, userEnv: U, passwordEnv: P, statement: SELECT 1 }
`;

/** The shop with custom steps of every sort, and whatever leaves the lab. */
async function shop() {
  const { sim, runbooks, start } = await bench();
  await appendFile(join(runbooks, 'shop.yaml'), STEPS);
  await Promise.all(['command', 'http-request', 'manual', 'lambda-invoke', 'sql'].map((name) => loadStepKind(`own.${name}`)));
  const left: string[] = [];
  const effects: Effects = {
    ...sim.effects,
    env: (name) => ({ PATH: '/bin', U: 'u', P: 'p', SLACK_WEBHOOK_URL: 'https://hooks.slack.example/x' })[name] ?? sim.effects.env(name),
    http: {
      request: (request) => {
        if ((request.method ?? 'GET') === 'GET') return sim.effects.http.request(request);
        left.push(`${request.reach ?? ''} ${request.url}`);
        return Promise.resolve({ status: 200, body: 'ok', address: undefined, ms: 1 });
      },
    },
    process: {
      run: ({ argv, env }: CommandRequest) => {
        left.push(`${argv.join(' ')} ${Object.keys(env).filter((name) => /^(AWS_|PATH)/.test(name)).join(' ')}`);
        return Promise.resolve({ code: 0, output: '', cut: false, ms: 1 });
      },
    },
    sql: {
      ...sim.effects.sql,
      statement: ({ host }) => {
        left.push(host);
        return Promise.resolve({ state: 'done', text: '' });
      },
    },
    person: { confirm: (word) => Promise.resolve(void left.push(word)) },
  };
  return { left, start: (customSteps: object) => start({ effects, acceptances: { ...APPROVED, ...customSteps } }) };
}

it('simulates in the lab what reaches anything else, and says so', async () => {
  const { left, start } = await shop();
  const { state, summary } = await start({});
  expect(state.mode).toBe('lab');
  expect(left).toEqual([]);
  expect([...state.steps.values()].filter((step) => step.simulated).map(({ id, because }) => `${id}: ${because}`).sort()).toEqual([
    'notify.slack-2: simulated: not run in the lab',
    'own.call: simulated: not run in the lab (--run-custom-steps runs it)',
    'own.fill: simulated: not run in the lab: it has no Lambda functions',
    'own.job: simulated: not run in the lab (--run-custom-steps runs it)',
    'own.seq: simulated: not run in the lab (--run-custom-steps runs it)',
    'own.warm: simulated: not run in the lab (--run-custom-steps runs it)',
  ]);
  expect(summary.join('\n')).toMatch(/no AWS account was involved[^]*Simulated, not run: .*own\.job/);
});

it('runs custom steps in the lab if a person says so: with nothing of the machine’s AWS settings, and no claim that nothing was reached', async () => {
  const { left, start } = await shop();
  const { summary } = await start({ customSteps: true });
  expect(left.toSorted()).toEqual([
    './job PATH AWS_ENDPOINT_URL AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_CONFIG_FILE AWS_SHARED_CREDENTIALS_FILE AWS_EC2_METADATA_DISABLED',
    'call',
    'db.example.com',
    'outside http://ops.example.com/warm',
  ]);
  expect(summary[0]).toBe('[LAB] a two-region lab on one machine; these custom steps ran for real: own.warm, own.job, own.seq');
});

it('gives a program the lab’s endpoints, and never those of the machine', async () => {
  const seen: CommandRequest[] = [];
  const effects = { process: { run: (request: CommandRequest) => Promise.resolve(void seen.push(request)) }, env: () => 'the machine’s' } as unknown as Effects;
  const run = { mode: 'lab', plan: { probes: [] }, acceptances: { approvedBy: [], customSteps: true } } as never;
  const bound = boundToLab({ effects, stepKind: loadStepKind }, run, { AWS_ENDPOINT_URL: 'http://127.0.0.1:4000', AWS_REGION: 'ap-northeast-2', AWS_PROFILE: 'prod', AWS_SESSION_TOKEN: 'x' });
  await bound.effects.process.run({ argv: ['./job'], env: { AWS_PROFILE: 'prod', AWS_ENDPOINT_URL: '' }, timeoutMs: 1 });
  expect(seen[0]?.env).toEqual({
    AWS_ENDPOINT_URL: 'http://127.0.0.1:4000',
    AWS_ACCESS_KEY_ID: 'lab',
    AWS_SECRET_ACCESS_KEY: 'lab',
    AWS_REGION: 'ap-northeast-2',
    AWS_DEFAULT_REGION: 'ap-northeast-2',
    AWS_CONFIG_FILE: '/dev/null',
    AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
    AWS_EC2_METADATA_DISABLED: 'true',
  });
  expect(bound.effects.env('AWS_PROFILE')).toBe('');
});

it('sends probes to addresses of this machine only', async () => {
  const seen: HttpRequest[] = [];
  const effects = { http: { request: (request: HttpRequest) => Promise.resolve(void seen.push(request)) } } as unknown as Effects;
  const bound = boundToLab({ effects, stepKind: loadStepKind }, { mode: 'lab', plan: {} as never, acceptances: { approvedBy: [] } });
  await bound.effects.http.request({ url: 'http://shop.example.com/', timeoutMs: 1 });
  expect(seen[0]?.reach).toBe('this-machine');
});

it('refuses the endpoints of a lab without its DNS', async () => {
  const refused = await refusalOf(Promise.resolve().then(() => refuseHalfLab('lab', ['AWS_ENDPOINT_URL=http://127.0.0.1:4000'], {})));
  expect(refused.code).toBe('LAB_ENV_INCOMPLETE');
});

it('binds a run to its lab: elsewhere it is not resumed, and nobody is notified to log in', async () => {
  vi.stubEnv('DR_LAB', 'one');
  onTestFinished(() => void vi.unstubAllEnvs());
  const { start, goOn } = await bench();
  const first = await start(stopAt((record) => record.type === 'checks.green'));
  expect(first.state.labId).toBe('one');
  vi.stubEnv('DR_LAB', 'two');
  expect((await refusalOf(goOn())).code).toBe('LAB_OF_RUN_GONE');
  const gone = await refusalOf(Promise.resolve().then(() => refuseOtherLab(first.state, {})));
  expect(gone.message).toContain('belongs to a lab, and this terminal leads to none');
  vi.stubEnv('DR_LAB', 'one');
  expect((await goOn()).state.outcome).toBe('succeeded');
});

import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { resume } from '../../src/app/resume.ts';
import type { RunResult } from '../../src/app/run-to-the-end.ts';
import { startRun } from '../../src/app/start-run.ts';
import { EXIT } from '../../src/base/exit-codes.ts';
import type { AwsCaller, AwsRequest } from '../../src/aws/caller.ts';
import { errorEnvelope, resultEnvelope, toJsonText } from '../../src/cli/envelope.ts';
import { planText } from '../../src/cli/plan-view.ts';
import { JsonlPresenter, PlainPresenter } from '../../src/cli/presenters/plain.ts';
import { TreePresenter } from '../../src/cli/presenters/tree.ts';
import { historyText, runJson, statusText } from '../../src/cli/run-view.ts';
import { renderError, shownError } from '../../src/cli/shown-error.ts';
import { plain } from '../../src/cli/text.ts';
import type { Effects } from '../../src/effects/effects.ts';
import type { JournalRecord } from '../../src/journal/events.ts';
import type { RunState } from '../../src/journal/state.ts';
import { loadStepKind } from '../../src/kinds/registry.ts';
import { criticalPath } from '../../src/plan/feasibility.ts';
import { APPROVED, planOf, SEOUL, SHOP, simulation, TOKYO } from '../engine/simulated.ts';
import { BRISK } from './fixture.ts';

/*
 * Unique values in every place that holds a secret, and counterparts that repeat all they are given. Nothing that is
 * written anywhere may hold one of them, in any form: folder, bucket, terminal, documents, errors.
 */

const CANARIES = {
  SHOP_DB_PASSWORD: 'canary-db-pass w0rd/+1',
  SLACK_WEBHOOK_URL: 'https://hooks.slack.example/services/T0CANARY/B0CANARY/slackcanary4711',
  JOBS_TOKEN: 'canary-jobs-token-99',
  OPS_TOKEN: 'Bearer canary-ops-header-77',
  AWS_SECRET_ACCESS_KEY: 'canarySecretAccessKey/0123456789abcdefgh',
  AWS_SESSION_TOKEN: 'canary-session-token-IQoJb3JpZ2lu',
};
const ENDPOINT_PASSWORD = 'canary-endpoint-pass';

/** What must not be seen, in the forms in which a value may come back. */
const NEEDLES = [...Object.values(CANARIES), 'slackcanary4711', 'canary-ops-header-77', ENDPOINT_PASSWORD].flatMap((secret) => {
  const base64 = Buffer.from(secret).toString('base64').replace(/=+$/, '');
  return [secret, encodeURIComponent(secret), JSON.stringify(secret).slice(1, -1), base64, Buffer.from(secret).toString('hex')];
});

function leaksIn(texts: Readonly<Record<string, string>>): string[] {
  return Object.entries(texts).flatMap(([place, text]) => NEEDLES.filter((needle) => text.includes(needle)).map((needle) => `${place}: ${needle}`));
}

const STEPS = `
steps:
  pause: { kind: command, before: fence, limit: 30s, run: [./jobs, pause], env: [JOBS_TOKEN], undo: { run: [./jobs, resume] } }
  warm: { kind: http-request, after: compute, limit: 30s, optional: true, method: POST, url: "https://ops.example.com/warm", headersEnv: { authorization: OPS_TOKEN }, changes: nothing }
  raise: { kind: sql, after: data, limit: 10s, optional: true, instances: { ap-northeast-2: shop-orders, ap-northeast-1: shop-orders-tokyo }, database: shop, userEnv: SHOP_DB_USER, passwordEnv: SHOP_DB_PASSWORD, statement: "select 1", changes: nothing }

probes:`;

type Trouble = 'none' | 'sql' | 'http' | 'command' | 'aws';

/** A world that repeats what it is given, in every form, and fails where it is to. */
function talkative(effects: Effects, trouble: Trouble): Effects {
  const echo = (text: string) => `${text} ${Buffer.from(text).toString('base64')} ${encodeURIComponent(text)}`;
  return {
    ...effects,
    env: (name) => (name === 'SHOP_DB_USER' ? 'shop' : (CANARIES as Record<string, string>)[name]),
    sql: {
      ...effects.sql,
      canary: (target, ...rest) =>
        trouble === 'sql' ? Promise.reject(new Error(`password authentication failed for "${target.user}" with ${echo(target.password)}`)) : effects.sql.canary(target, ...rest),
      statement: (target) => Promise.resolve({ state: 'refused', error: `no: ${echo(target.password)}` }),
    },
    http: {
      request: async (request) => {
        if (request.method === undefined || request.method === 'GET') return effects.http.request(request);
        const said = `${request.url} ${echo(JSON.stringify(request.headers))} ${Object.values(request.headers ?? {}).map(echo).join(' ')}`;
        return trouble === 'http' ? { status: 0, body: '', address: undefined, ms: 1, error: `connect ECONNREFUSED ${said}` } : { status: 200, body: said, address: '192.0.2.1', ms: 1 };
      },
    },
    process: {
      run: ({ env }) => Promise.resolve({ code: trouble === 'command' ? 3 : 0, output: Object.values(env).map(echo).join('\n'), cut: false, ms: 1 }),
    },
  };
}

/** Everything that a run has written, by place. */
interface Written {
  texts: Record<string, string>;
  folder: string;
  result: RunResult | undefined;
}

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'dr-test-'));
  vi.stubEnv('PATH', '');
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', CANARIES.AWS_SECRET_ACCESS_KEY);
  vi.stubEnv('AWS_SESSION_TOKEN', CANARIES.AWS_SESSION_TOKEN);
  vi.stubEnv('AWS_ENDPOINT_URL_SNS', `https://user:${ENDPOINT_PASSWORD}@sns.example.com`);
  vi.stubEnv('DR_RESOLVER', '127.0.0.1:9');
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(folder, { recursive: true, force: true });
});

async function run(trouble: Trouble, verb: 'failover' | 'switchover' = 'failover'): Promise<Written> {
  const path = join(folder, 'runbooks', 'shop.yaml');
  await import('node:fs/promises').then(({ mkdir }) => mkdir(join(folder, 'runbooks')));
  await writeFile(path, (await readFile(SHOP, 'utf8')).replace('\nprobes:', STEPS));
  const sim = await simulation({ path, timings: BRISK });
  sim.world.addBucket({ region: TOKYO, name: 'dr-state' });
  const direction = { verb, region: TOKYO } as const;
  const plan = await planOf(sim, direction);
  await Promise.all(plan.steps.map((step) => loadStepKind(step.kind)));
  if (verb === 'failover') sim.world.breakRegion(SEOUL);
  if (trouble === 'aws') {
    const message = `The security token ${CANARIES.AWS_SESSION_TOKEN.slice(0, 3)}… is wrong`;
    sim.world.addFault({ service: 'rds', operation: 'PromoteReadReplica', effect: { kind: 'error', httpStatus: 403, code: 'SignatureDoesNotMatch', message } });
  }
  const sent: string[] = [];
  const inner = talkative(sim.effects, trouble);
  const aws = {
    call: (request: AwsRequest) => {
      sent.push(JSON.stringify(request.input));
      return sim.effects.aws.call(request);
    },
  } as AwsCaller;
  const effects: Effects = { ...inner, aws };
  const shown = { plain: capture(), tree: capture(), jsonl: capture() };
  const presenters = [new PlainPresenter(shown.plain.stream), new TreePresenter(shown.tree.stream as unknown as NodeJS.WriteStream), new JsonlPresenter(shown.jsonl.stream)];
  const onRecord = (record: JournalRecord, state: RunState) => presenters.forEach((presenter) => presenter.onRecord(record, state));
  const state = { folder: join(folder, 'state'), s3: `s3://dr-state/runs?region=${TOKYO}` };
  const watch = { onRecord, drain: new AbortController().signal, acceptances: { ...APPROVED, customSteps: true as const }, effects, state };
  const errors: unknown[] = [];
  const attempt = (work: () => Promise<RunResult>) =>
    sim.clock.run(work).catch((error: unknown) => {
      errors.push(error);
      return undefined;
    });
  let result = await attempt(() => startRun({ ...watch, ...direction, runbooks: join(folder, 'runbooks'), confirm: () => Promise.resolve('flag' as const) }));
  if (result?.state.outcome !== 'succeeded') result = (await attempt(() => resume({ ...watch, acceptances: { approvedBy: [] } }))) ?? result;
  const texts: Record<string, string> = {
    'calls to AWS, the bucket too': sent.join('\n'),
    'what the world remembers of its buckets': sent.filter((text) => text.includes('dr-state')).join('\n'),
    plan: planText({ plan, critical: criticalPath(plan), preview: { refusals: [], notEvaluated: [], warnings: [] }, command: 'dr failover', iam: true, width: undefined }, plain),
  };
  if (result !== undefined) {
    texts['--json'] = toJsonText(resultEnvelope('x', runJson(result.state), result.exit, []));
    texts['status'] = statusText({ state: result.state, now: result.state.lastAt, seen: false }, plain);
    texts['history'] = historyText([result.state], result.state.lastAt);
    texts['summary'] = result.summary.join('\n');
    texts['the whole state'] = toJsonText(result.state);
  }
  for (const error of errors) {
    const one = shownError(error, { command: 'failover', flags: [], debug: true });
    texts['error'] = `${texts['error'] ?? ''}${renderError(one, plain)}${toJsonText(errorEnvelope('x', one, []))}${EXIT[one.exit]}`;
  }
  for (const presenter of presenters) await presenter.close();
  for (const [name, { text }] of Object.entries(shown)) texts[`${name} presenter`] = text();
  Object.assign(texts, await filesIn(folder));
  return { texts, folder, result };
}

function capture() {
  const stream = Object.assign(new PassThrough(), { columns: 120, isTTY: false });
  const chunks: string[] = [];
  stream.on('data', (chunk: Buffer) => chunks.push(chunk.toString()));
  return { stream, text: () => chunks.join('') };
}

async function filesIn(dir: string): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const entry of await readdir(dir, { recursive: true, withFileTypes: true })) {
    if (entry.isFile()) found[join(entry.parentPath, entry.name)] = await readFile(join(entry.parentPath, entry.name), 'utf8');
  }
  return found;
}

describe('no secret is written anywhere', () => {
  it.each([
    ['none', 'failover'],
    ['sql', 'failover'],
    ['http', 'failover'],
    ['command', 'failover'],
    ['aws', 'failover'],
    ['none', 'switchover'],
    ['sql', 'switchover'],
  ] as const)('with trouble %s in a %s', async (trouble, verb) => {
    const { texts, result } = await run(trouble, verb);
    const places = Object.keys(texts).map((place) => place.replace(folder, ''));
    // Everything was there to be looked at.
    for (const name of ['journal', 'report.html', 'report.json', 'plain presenter', 'tree presenter', 'jsonl presenter', '--json']) {
      expect(places.filter((place) => place.includes(name)).length, name).toBeGreaterThan(0);
    }
    for (const [place, text] of Object.entries(texts)) if (place.endsWith('presenter')) expect(text.length, place).toBeGreaterThan(200);
    expect(texts['calls to AWS, the bucket too']).toContain('dr-state');
    expect(result?.state.outcome).toBe(trouble === 'none' || trouble === 'http' ? 'succeeded' : verb === 'switchover' ? result?.state.outcome : 'failed');
    // The counterparts were heard, so that there was something to leak.
    if (trouble !== 'aws') expect(texts['the whole state']).toMatch(/\[(password|JOBS_TOKEN|OPS_TOKEN|header|SHOP_DB_PASSWORD)\]/);
    expect(leaksIn(texts)).toEqual([]);
  });

  it('and a leak would be found, whole or encoded', () => {
    expect(leaksIn({ a: `x ${CANARIES.JOBS_TOKEN} y` })).not.toEqual([]);
    expect(leaksIn({ a: Buffer.from(CANARIES.SHOP_DB_PASSWORD).toString('base64') })).not.toEqual([]);
    expect(leaksIn({ a: encodeURIComponent(CANARIES.SHOP_DB_PASSWORD) })).not.toEqual([]);
  });
});

describe('what is written belongs to the person who ran it', () => {
  it('files 0600, folders 0700, whatever the mask', async () => {
    const before = process.umask(0);
    try {
      await run('none');
    } finally {
      process.umask(before);
    }
    const wrong: string[] = [];
    const state = join(folder, 'state');
    const entries = await readdir(state, { recursive: true, withFileTypes: true });
    for (const entry of [...entries.map((e) => join(e.parentPath, e.name)), state]) {
      const { mode } = await stat(entry);
      const isFolder = (await stat(entry)).isDirectory();
      if ((mode & 0o777) !== (isFolder ? 0o700 : 0o600)) wrong.push(`${entry.replace(folder, '')} ${(mode & 0o777).toString(8)}`);
    }
    expect(entries.length).toBeGreaterThan(4);
    expect(wrong).toEqual([]);
  });
});

import { describe, expect, it } from 'vitest';
import type { AwsCaller } from '../../../src/aws/caller.ts';
import { AwsError } from '../../../src/aws/errors.ts';
import type { Json } from '../../../src/base/json.ts';
import type { CommandRequest, CommandResult, Effects, HttpRequest, HttpSample, SqlOutcome, SqlTarget } from '../../../src/effects/effects.ts';
import command from '../../../src/kinds/custom/command.ts';
import httpRequest from '../../../src/kinds/custom/http-request.ts';
import lambdaInvoke from '../../../src/kinds/custom/lambda-invoke.ts';
import manual from '../../../src/kinds/custom/manual.ts';
import sql from '../../../src/kinds/custom/sql.ts';
import wait from '../../../src/kinds/custom/wait.ts';
import type { AnyOwnKind } from '../../../src/kinds/own-steps/frame.ts';
import type { PlanContext } from '../../../src/model/kind.ts';
import { VirtualClock } from '../../../src/simulator/virtual-clock.ts';
import { SEOUL, stepOf, TOKYO } from '../context.ts';

/* Each kind of custom step: what the runbook may say, what the plan shows, what is sent, and what its end means. */

const CTX = { runbook: 'shop', verb: 'failover', source: SEOUL, target: TOKYO, account: '111122223333' } as unknown as PlanContext;
const ONCE = { name: 'job', limitMs: 5_000, repeatable: false };
const SECRET = 'hunter2-secret';

function draftOf(kind: unknown, step: object) {
  const own = kind as AnyOwnKind;
  return own.draft(CTX, 'job', own.schema.parse({ after: 'data', limit: '5s', ...step }));
}
function problems(kind: unknown, step: object): string[] {
  return (kind as AnyOwnKind).schema.safeParse({ after: 'data', limit: '5s', ...step }).error?.issues.map(({ path, message }) => `${path.join('.')}: ${message}`) ?? [];
}

/** What the act of a step leaves: its own words, or the code of its error with them. */
async function end(step: Awaited<ReturnType<typeof stepOf>>, what: 'act' | 'undo' = 'act'): Promise<unknown> {
  try {
    await step[what]();
    const key = what === 'act' ? 'own.job' : 'own.job.undone';
    return step.recorded[key] === undefined ? 'nothing' : ((step.recorded[key] as { said?: string }).said ?? step.recorded[key]);
  } catch (error) {
    return `${(error as { code?: string }).code ?? 'thrown'}: ${(error as Error).message}`;
  }
}
const env = (name: string) => (name === 'TOKEN' ? SECRET : name === 'USER_NAME' ? 'app' : undefined);

describe('command', () => {
  const params = { ...ONCE, run: ['./job', 'a b'], undo: ['./job', '--undo'], env: ['TOKEN'], given: { DR_TARGET: TOKYO } };
  async function ran(result: Partial<CommandResult>, more: Record<string, Json> = {}) {
    const asked: CommandRequest[] = [];
    const run = (request: CommandRequest) => (asked.push(request), Promise.resolve({ code: 0, output: '', cut: false, ms: 1, ...result }));
    return { asked, step: await stepOf('own.command', { ...params, ...more }, { effects: { process: { run }, env } }) };
  }

  it('gets its arguments, and of the environment what is named', async () => {
    const { asked, step } = await ran({});
    expect([await end(step), await end(step, 'undo')]).toEqual(['exit code 0', 'exit code 0']);
    expect(asked).toMatchObject([
      { argv: ['./job', 'a b'], env: { TOKEN: SECRET, DR_TARGET: TOKYO }, timeoutMs: 5_000 },
      { argv: ['./job', '--undo'] },
    ]);
    expect(asked[0]?.signal).toBeDefined();
    expect(await end((await ran({}, { undo: undefined as unknown as Json })).step, 'undo')).toBe('nothing');
  });

  it.each([
    [{ output: `token ${SECRET}\n` }, 'exit code 0; it said: token [TOKEN]'],
    [{ output: 'x'.repeat(2_500) }, `exit code 0; it said: …${'x'.repeat(2_000)}`],
    [{ output: `${SECRET.slice(5)} ${'.'.repeat(190)} the end`, cut: true }, `exit code 0; it said: ${'.'.repeat(18)} the end`],
    [{ code: 3, output: 'no disk' }, 'OWN_STEP_FAILED: exit code 3; it said: no disk'],
    [{ code: undefined, notStarted: true, error: `no such file ${SECRET}` }, 'OWN_STEP_FAILED: no such file [TOKEN]'],
    [{ code: undefined, error: 'killed after 5 s', output: 'half' }, 'OWN_STEP_UNKNOWN: killed after 5 s; it said: half: it may have happened.'],
    [{ code: undefined }, 'OWN_STEP_UNKNOWN: it did not end: it may have happened.'],
  ] as [Partial<CommandResult>, string][])('ends by %o', async (result, said) => {
    expect(await end((await ran(result)).step)).toBe(said);
  });

  it('is shown as a person would type it', () => {
    const run = ['./job', '--in={target}', 'a b', '', 'x;y', 'A_1@%+=:,./-'];
    const draft = draftOf(command, { kind: 'command', run, env: ['TOKEN', 'PATH'], undo: { run: ['./job', '{source} back'] } });
    expect(draft).toEqual({
      params: { name: 'job', limitMs: 5_000, repeatable: false, run: ['./job', `--in=${TOKYO}`, 'a b', '', 'x;y', 'A_1@%+=:,./-'], undo: ['./job', `${SEOUL} back`], env: ['TOKEN', 'PATH'], given: { DR_RUNBOOK: 'shop', DR_VERB: 'failover', DR_SOURCE: SEOUL, DR_TARGET: TOKYO } },
      does: `run ./job --in=${TOKYO} "a b" "" "x;y" A_1@%+=:,./- with TOKEN, PATH`,
      env: ['TOKEN', 'PATH'], outside: 'program', undoes: `run ./job "${SEOUL} back"`,
    });
    const bare = draftOf(command, { kind: 'command', run: ['./job'] });
    expect(bare).toMatchObject({ does: 'run ./job', undoes: undefined });
    expect('undo' in (bare.params as object)).toBe(false);
  });

  it('needs a program', () => {
    expect(problems(command, { kind: 'command', run: ['', 'x'] })).toEqual(['run.0: expected the name or the path of a program']);
    expect(problems(command, { kind: 'command', run: ['./job', ''] })).toEqual([]);
  });
});

describe('http-request', () => {
  const request = { method: 'POST', url: 'https://ops.example.com/x', headers: { A: '1' }, headersEnv: { Authorization: 'TOKEN' }, body: 'b' };
  const params = { ...ONCE, env: ['TOKEN'], request, expect: {}, undo: { ...request, method: 'DELETE', headersEnv: {} } };
  async function sent(sample: Partial<HttpSample>, more: Record<string, Json> = {}) {
    const asked: HttpRequest[] = [];
    const http = { request: (one: HttpRequest) => (asked.push(one), Promise.resolve({ status: 200, body: '', address: '192.0.2.1', ms: 1, ...sample })) };
    return { asked, step: await stepOf('own.http-request', { ...params, ...more }, { effects: { http, env } }) };
  }

  it('sends what the runbook says, with its secrets', async () => {
    const { asked, step } = await sent({});
    expect([await end(step), await end(step, 'undo')]).toEqual(['status 200', 'status 200']);
    expect(asked).toMatchObject([
      { method: 'POST', url: request.url, headers: { A: '1', Authorization: SECRET }, body: 'b', timeoutMs: 5_000 },
      { method: 'DELETE', headers: { A: '1' } },
    ]);
    expect(asked[0]?.signal).toBeDefined();
    const { body: _, ...bare } = request;
    const none = await sent({}, { request: bare, undo: undefined as unknown as Json });
    expect([await end(none.step), await end(none.step, 'undo')]).toEqual(['status 200', 'nothing']);
    expect('body' in (none.asked[0] ?? {})).toBe(false);
  });

  it.each([
    ['any status from 200 on', { status: 200, body: ' ok ' }, {}, 'status 200: ok'],
    ['up to 299', { status: 299 }, {}, 'status 299'],
    ['one below', { status: 199 }, {}, 'OWN_STEP_FAILED: status 199'],
    ['one above', { status: 300, body: 'moved' }, {}, 'OWN_STEP_FAILED: status 300: moved'],
    ['the status that is expected', { status: 404 }, { status: 404 }, 'status 404'],
    ['a good one that is not expected', { status: 200 }, { status: 404 }, 'OWN_STEP_FAILED: status 200'],
    ['a text that is expected', { body: 'all well' }, { body: 'well' }, 'status 200: all well'],
    ['one that is not there', { body: 'all' }, { body: 'well' }, 'OWN_STEP_FAILED: the answer lacks "well"; status 200: all'],
    ['a bad status with the text', { status: 500, body: 'well' }, { body: 'well' }, 'OWN_STEP_FAILED: status 500: well'],
    ['a secret in the answer', { body: `you sent ${SECRET}` }, {}, 'status 200: you sent [TOKEN]'],
    ...['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH', 'x does not resolve'].map((error) => [error, { status: 0, error }, {}, `OWN_STEP_FAILED: ${error}`] as const),
    ['an answer that did not come', { status: 0, error: `socket hang up ${SECRET}` }, {}, 'OWN_STEP_UNKNOWN: socket hang up [header]: it may have happened.'],
    ['nothing at all', { status: 0 }, {}, 'OWN_STEP_UNKNOWN: no answer: it may have happened.'],
  ] as [string, Partial<HttpSample>, Record<string, Json>, string][])('ends by %s', async (_what, sample, expect_, said) => {
    expect(await end((await sent(sample, { expect: expect_ })).step)).toBe(said);
  });

  it('a long answer is kept from its beginning', async () => {
    expect(await end((await sent({ body: 'x'.repeat(2_500) })).step)).toBe(`status 200: ${'x'.repeat(2_000)}…`);
  });

  it('an answer that may end in the middle of a secret loses its end', async () => {
    // Spaces are cut away, so that the end of 65000 characters is what is seen.
    const body = (length: number) => `${' '.repeat(length - SECRET.length)}${SECRET.slice(0, 7)}${'.'.repeat(7)}`;
    expect(await end((await sent({ body: body(64_999) })).step)).toBe('status 200: hunter2.......');
    expect(await end((await sent({ body: body(65_000) })).step)).toBe('status 200');
    // It is cut by bytes: this space has three.
    expect(await end((await sent({ body: `${'\u3000'.repeat(21_700)}${SECRET.slice(0, 7)}` })).step)).toBe('status 200');
  });

  it('is shown without the values of its secrets', () => {
    const action = { url: 'https://ops.example.com/{target}', headers: { X: '{verb}' }, headersEnv: { Authorization: 'TOKEN', Other: 'OTHER' } };
    const draft = draftOf(httpRequest, { kind: 'http-request', ...action, method: 'POST', body: '{runbook}', expect: { status: 204 }, undo: { url: 'https://ops.example.com/{source}', method: 'DELETE', headersEnv: { Authorization: 'TOKEN', Z: 'THIRD' } } });
    expect(draft).toEqual({
      params: {
        name: 'job', limitMs: 5_000, repeatable: false, env: ['TOKEN', 'OTHER', 'THIRD'],
        request: { method: 'POST', url: `https://ops.example.com/${TOKYO}`, headers: { X: 'failover' }, headersEnv: action.headersEnv, body: 'shop' },
        expect: { status: 204 },
        undo: { method: 'DELETE', url: `https://ops.example.com/${SEOUL}`, headers: {}, headersEnv: { Authorization: 'TOKEN', Z: 'THIRD' } },
      },
      does: `POST https://ops.example.com/${TOKYO} with TOKEN, OTHER`, env: ['TOKEN', 'OTHER', 'THIRD'], outside: 'address', undoes: `DELETE https://ops.example.com/${SEOUL} with TOKEN, THIRD`,
    });
  });

  it('may be made again where it only asks', () => {
    const plan = (more: object) => draftOf(httpRequest, { kind: 'http-request', url: 'https://ops.example.com/', ...more });
    expect(plan({})).toMatchObject({ does: 'GET https://ops.example.com/', undoes: undefined, env: [], params: { repeatable: true } });
    expect(plan({ method: 'PUT' }).params).toMatchObject({ repeatable: false });
    expect(plan({ method: 'PUT', repeatable: true }).params).toMatchObject({ repeatable: true });
    expect('undo' in (plan({}).params as object)).toBe(false);
    expect('body' in (plan({}).params as { request: object }).request).toBe(false);
  });
});

describe('lambda-invoke', () => {
  const params = { ...ONCE, region: TOKYO, function: 'fill', payload: { a: 1 }, undo: { back: true } };
  const failure = (code: string, httpStatus: number) => new AwsError({ service: 'lambda', operation: 'Invoke', region: TOKYO, code, message: 'said AWS', httpStatus });
  async function invoked(answer: unknown, more: Record<string, Json> = {}) {
    const asked: Record<string, unknown>[] = [];
    const call = (request: Record<string, unknown>) => (asked.push(request), answer instanceof Error ? Promise.reject(answer) : Promise.resolve({ output: answer }));
    return { asked, step: await stepOf('own.lambda-invoke', { ...params, ...more }, { effects: { aws: { call } as unknown as AwsCaller } }) };
  }
  const payload = (text: string) => ({ Payload: Buffer.from(text) });

  it('invokes, and waits for the answer', async () => {
    const { asked, step } = await invoked(payload('{"filled":3}'));
    expect([await end(step), await end(step, 'undo')]).toEqual(['fill answered {"filled":3}', 'fill answered {"filled":3}']);
    expect(asked).toMatchObject([
      { service: 'lambda', region: TOKYO, operation: 'Invoke', input: { FunctionName: 'fill', InvocationType: 'RequestResponse', Payload: Buffer.from('{"a":1}') }, timeoutMs: 5_000 },
      { input: { Payload: Buffer.from('{"back":true}') } },
    ]);
    expect(asked[0]?.['signal']).toBeDefined();
    expect(await end((await invoked({}, { undo: undefined as unknown as Json })).step, 'undo')).toBe('nothing');
  });

  it.each([
    [{}, 'fill answered '],
    [payload('x'.repeat(2_500)), `fill answered ${'x'.repeat(2_000)}…`],
    [{ ...payload('{"errorMessage":"no"}'), FunctionError: 'Unhandled' }, 'OWN_STEP_FAILED: fill failed (Unhandled): {"errorMessage":"no"}'],
    [failure('ServiceException', 500), `OWN_STEP_UNKNOWN: ${failure('ServiceException', 500).message}: it may have happened.`],
    [failure('InvalidRequestContentException', 400), `OWN_STEP_FAILED: ${failure('InvalidRequestContentException', 400).message}`],
    [new TypeError('broken'), 'thrown: broken'],
  ])('ends by %o', async (answer, said) => {
    expect(await end((await invoked(answer)).step)).toBe(said);
  });

  it('is checked by a dry run', async () => {
    const { asked, step } = await invoked({});
    expect(await step.check()).toEqual({ state: 'ok', because: 'fill is there and may be invoked' });
    expect(asked).toMatchObject([{ service: 'lambda', region: TOKYO, operation: 'Invoke', input: { FunctionName: 'fill', InvocationType: 'DryRun' } }]);
    const denied = failure('AccessDeniedException', 403);
    expect(await (await invoked(denied)).step.check()).toEqual({ state: 'refused', refusal: {
      rule: 'own-step', observed: denied.message, threshold: `the function fill in ${TOKYO}, and the right to invoke it`, consequence: 'job could not run when its turn comes', override: `deploy it to ${TOKYO}, or --done job if it is done already`,
    } });
    for (const error of [failure('ServiceException', 500), new TypeError('broken')]) await expect((await invoked(error)).step.check()).rejects.toBe(error);
  });

  const functions = { [SEOUL]: 'f', [TOKYO]: 'fill' };
  it('is shown with its payload, and asks for one right', () => {
    expect(draftOf(lambdaInvoke, { kind: 'lambda-invoke', functions, payload: { to: '{target}' }, undo: { payload: ['{source}'] } })).toEqual({
      params: { name: 'job', limitMs: 5_000, repeatable: false, region: TOKYO, function: 'fill', payload: { to: TOKYO }, undo: [SEOUL] },
      does: `invoke fill in ${TOKYO} with {"to":"${TOKYO}"}`, outside: 'function', undoes: `invoke fill in ${TOKYO} with ["${SEOUL}"]`,
      permissions: [{ actions: ['lambda:InvokeFunction'], resources: [`arn:aws:lambda:${TOKYO}:111122223333:function:fill`] }],
    });
    const bare = draftOf(lambdaInvoke, { kind: 'lambda-invoke', functions });
    expect(bare).toMatchObject({ does: `invoke fill in ${TOKYO} with {}`, undoes: undefined });
    expect('undo' in (bare.params as object)).toBe(false);
    expect(lambdaInvoke.regions?.(lambdaInvoke.schema.parse({ kind: 'lambda-invoke', after: 'data', limit: '5s', functions }))).toEqual([{ path: ['functions'], regions: [SEOUL, TOKYO] }]);
  });

  it('runs for a quarter of an hour at most', () => {
    expect(problems(lambdaInvoke, { kind: 'lambda-invoke', functions, limit: '15m' })).toEqual([]);
    expect(problems(lambdaInvoke, { kind: 'lambda-invoke', functions, limit: '901s' })).toEqual(['limit: expected at most 15m: no Lambda function runs longer']);
  });
});

describe('manual', () => {
  const params = { name: 'job', instruction: 'Call the bank.' };
  const at = (person: Effects['person'], done?: string[]) => stepOf('own.manual', params, { effects: { person }, acceptances: done === undefined ? {} : { done } });

  it('asks the person at the terminal', async () => {
    const asked: unknown[] = [];
    const step = await at({ confirm: (word, what, signal) => (asked.push([word, what, signal instanceof AbortSignal]), Promise.resolve()) });
    expect(await step.check()).toEqual({ state: 'ok', because: 'a person is asked when its turn comes', warnings: [] });
    expect(await step.observe()).toEqual({ state: 'reached', because: 'confirmed at the terminal' });
    expect(asked).toEqual([['job', 'Call the bank.', true]]);
  });

  it('pauses where nobody is there, and says so before', async () => {
    const step = await at(undefined);
    expect(await step.check()).toEqual({ state: 'ok', because: 'a person is asked when its turn comes', warnings: [{
      rule: 'nobody-there', observed: 'nobody is at a terminal: the run pauses here until dr resume RUN --done job', wanted: 'a person at a terminal', mend: 'run it in a terminal, or say it beforehand: --done job',
    }] });
    expect(await step.observe()).toEqual({ state: 'paused', because: 'a person is needed: Call the bank. Then: dr resume RUN --done job' });
  });

  it('is done when a person says so', async () => {
    const step = await at(undefined, ['shop:job']);
    expect(await step.check()).toEqual({ state: 'ok', because: '--done job' });
    expect(await step.observe()).toEqual({ state: 'reached', because: 'done, as arn:aws:iam::111122223333:user/kim says with --done job' });
  });

  it('is shown with its instruction', () => {
    expect(draftOf(manual, { kind: 'manual', instruction: 'Call about {target}.' })).toEqual({ params: { name: 'job', instruction: `Call about ${TOKYO}.` }, does: `a person: Call about ${TOKYO}.`, outside: 'person' });
    expect(problems(manual, { kind: 'manual', instruction: '' })).toEqual(['instruction: expected what the person has to do']);
  });
});

describe('sql', () => {
  const params = { ...ONCE, region: TOKYO, instance: 'orders', database: 'shop', userEnv: 'USER_NAME', passwordEnv: 'TOKEN', env: ['USER_NAME', 'TOKEN'], statement: 'select 1', undo: 'select 2' };
  const instance = (more: object = {}) => ({ DBInstances: [{ DBInstanceIdentifier: 'orders', DBInstanceArn: 'arn:x', DBInstanceStatus: 'available', Engine: 'postgres', Endpoint: { Address: 'orders.rds', Port: 5432 }, ...more }] });
  async function ran({ outcome = { state: 'done', text: 'INSERT 0 1' }, answer = instance(), more = {}, known = env }: { outcome?: SqlOutcome; answer?: unknown; more?: Record<string, Json>; known?: Effects['env'] } = {}) {
    const asked: [SqlTarget, string, number][] = [];
    const statement = (target: SqlTarget, text: string, ms: number) => (asked.push([target, text, ms]), Promise.resolve(outcome));
    const call = (request: { operation: string }) => (answer instanceof Error ? Promise.reject(answer) : Promise.resolve({ output: request.operation === 'DescribeDBInstances' ? answer : {} }));
    const step = await stepOf('own.sql', { ...params, ...more }, { effects: { sql: { statement } as unknown as Effects['sql'], aws: { call } as unknown as AwsCaller, env: known } });
    return { asked, step };
  }
  const NOBODY = new AwsError({ service: 'rds', operation: 'DescribeDBInstances', region: TOKYO, code: 'DBInstanceNotFound', message: 'not found', httpStatus: 404 });

  it('runs one statement where the instance listens', async () => {
    const { asked, step } = await ran();
    expect([await end(step), await end(step, 'undo')]).toEqual(['INSERT 0 1', 'INSERT 0 1']);
    const login = { engine: 'postgres', database: 'shop', user: 'app', password: SECRET };
    expect(asked).toEqual([[{ ...login, host: 'orders.rds', port: 5432 }, 'select 1', 5_000], [{ ...login, host: 'orders.rds', port: 5432 }, 'select 2', 5_000]]);
    const host = await ran({ more: { instance: undefined as unknown as Json, host: 'db.example.com:6432' }, answer: new Error('not asked'), known: () => undefined });
    expect(await end(host.step)).toBe('INSERT 0 1');
    expect(host.asked[0]?.[0]).toEqual({ engine: 'postgres', database: 'shop', user: '', password: '', host: 'db.example.com', port: 6432 });
    expect(await end((await ran({ more: { undo: undefined as unknown as Json } })).step, 'undo')).toBe('nothing');
  });

  it.each([
    [{ state: 'done', text: `row ${SECRET}` }, 'row [password]'],
    [{ state: 'done', text: 'x'.repeat(2_500) }, `${'x'.repeat(2_000)}…`],
    [{ state: 'refused', error: 'no such table' }, 'OWN_STEP_FAILED: no such table'],
    [{ state: 'unknown', error: 'connection lost' }, 'OWN_STEP_UNKNOWN: connection lost: it may have happened.'],
  ] as [SqlOutcome, string][])('ends by %o', async (outcome, said) => {
    expect(await end((await ran({ outcome })).step)).toBe(said);
  });

  it.each([
    ['an instance that is not there', NOBODY, `there is no DB instance orders in ${TOKYO}`],
    ['one that shows no endpoint', instance({ Endpoint: undefined }), 'orders shows no endpoint'],
    ['one that shows no port', instance({ Endpoint: { Address: 'orders.rds' } }), 'orders shows no endpoint'],
    ['one that shows no address', instance({ Endpoint: { Port: 5432 } }), 'orders shows no endpoint'],
  ])('cannot run in %s', async (_what, answer, observed) => {
    const { step, asked } = await ran({ answer });
    expect(await step.check()).toEqual({ state: 'refused', refusal: {
      rule: 'own-step', observed, threshold: 'a PostgreSQL endpoint in the target region', consequence: 'job could not run when its turn comes', override: 'correct the runbook, or --done job if it is done already',
    } });
    expect(await end(step)).toBe(`OWN_STEP_FAILED: ${observed}`);
    expect(asked).toEqual([]);
  });

  it('speaks PostgreSQL only, and is checked by what it needs', async () => {
    expect(await (await ran()).step.check()).toEqual({ state: 'ok', because: 'login for shop is there' });
    expect(await (await ran({ answer: instance({ Engine: 'mysql' }) })).step.check()).toMatchObject({ state: 'refused', refusal: { observed: expect.stringContaining('mysql') as string } });
    expect(await (await ran({ known: () => undefined })).step.check()).toMatchObject({ state: 'refused', refusal: { observed: 'USER_NAME and TOKEN not set' } });
  });

  const login = { kind: 'sql', database: 'shop', userEnv: 'USER_NAME', passwordEnv: 'TOKEN', statement: "select '{target}'" };
  it('is shown with where it runs, and asks for a right only where AWS is asked', () => {
    const common = { name: 'job', limitMs: 5_000, repeatable: false, region: TOKYO, database: 'shop', userEnv: 'USER_NAME', passwordEnv: 'TOKEN', env: ['USER_NAME', 'TOKEN'], statement: `select '${TOKYO}'` };
    expect(draftOf(sql, { ...login, instances: { [SEOUL]: 'orders', [TOKYO]: 'Orders-Tokyo' }, undo: { statement: '{source}' } })).toEqual({
      params: { ...common, instance: 'orders-tokyo', undo: SEOUL }, does: `in shop on orders-tokyo: select '${TOKYO}'`, undoes: `in shop on orders-tokyo: ${SEOUL}`, env: ['USER_NAME', 'TOKEN'], region: TOKYO, outside: 'database',
      permissions: [{ actions: ['rds:DescribeDBInstances'], resources: [`arn:aws:rds:${TOKYO}:111122223333:db:orders-tokyo`] }],
    });
    const hosts = { [SEOUL]: 'a.example.com:5432', [TOKYO]: 'b.example.com:5432' };
    expect(Object.keys(draftOf(sql, { ...login, instances: { [TOKYO]: 'orders' } }).params as object)).toEqual([...Object.keys(common).slice(0, 4), 'instance', ...Object.keys(common).slice(4)]);
    const draft = draftOf(sql, { ...login, hosts });
    expect(draft).toEqual({ params: { ...common, host: 'b.example.com:5432' }, does: `in shop on b.example.com:5432: select '${TOKYO}'`, undoes: undefined, env: ['USER_NAME', 'TOKEN'], region: TOKYO, outside: 'database', permissions: [] });
    expect(Object.keys(draft.params as object)).not.toContain('instance');
    const parsed = sql.schema.parse({ ...login, after: 'data', limit: '5s', hosts });
    expect(sql.regions?.(parsed)).toEqual([{ path: ['hosts'], regions: [SEOUL, TOKYO] }]);
    expect(sql.regions?.(sql.schema.parse({ ...login, after: 'data', limit: '5s', instances: { [TOKYO]: 'orders' } }))).toEqual([{ path: ['instances'], regions: [TOKYO] }]);
  });

  it('needs one place to run', () => {
    const where = ': expected either instances or hosts: where does the database listen?';
    const [instances, hosts] = [{ [TOKYO]: 'orders' }, { [TOKYO]: 'b.example.com:5432' }];
    expect([problems(sql, login), problems(sql, { ...login, instances, hosts }), problems(sql, { ...login, hosts }), problems(sql, { ...login, instances })]).toEqual([[where], [where], [], []]);
  });
});

describe('wait', () => {
  const params = { name: 'rest', forMs: 30_000 };
  it('waits from when it began, once', async () => {
    const step = await stepOf('own.wait', params);
    const began = step.clock.now();
    expect(await step.observe()).toEqual({ state: 'absent', because: 'not begun' });
    await step.act();
    expect(step.recorded).toEqual({ 'own.rest.since': began });
    expect(await step.observe()).toEqual({ state: 'reached', because: 'waited 30 s' });
    expect(step.waits()).toEqual([{ cause: 'hold', from: began, to: began + 30_000 }]);
    expect(await step.observe()).toEqual({ state: 'reached', because: 'waited 30 s' });
    expect(step.waits()).toHaveLength(1);
    const slept: number[] = [];
    class Counted extends VirtualClock {
      override sleep(ms: number, signal?: AbortSignal): Promise<void> {
        slept.push(ms);
        return super.sleep(ms, signal);
      }
    }
    for (const left of [0, -1, 1]) expect((await stepOf('own.wait', params, { clock: new Counted(began), facts: { 'own.rest.since': began - 30_000 + left } }).then((over) => over.observe())).state).toBe('reached');
    expect(slept).toEqual([1]);
    await expect(step.undo()).resolves.toBeUndefined();
  });

  it('ends when a person says that it is enough, begun or not', async () => {
    const enough = { state: 'reached', because: 'enough, as arn:aws:iam::111122223333:user/kim says with --done rest' };
    for (const facts of [{}, { 'own.rest.since': 0 }]) expect(await (await stepOf('own.wait', params, { facts, acceptances: { done: ['rest'] } })).observe()).toEqual(enough);
  });

  it('has a limit that is no shorter, and a place', () => {
    expect(draftOf(wait, { kind: 'wait', for: '5s' })).toEqual({ params: { name: 'job', forMs: 5_000 }, does: 'wait 5.0 s' });
    expect(problems(wait, { kind: 'wait', for: '6s' })).toEqual(['limit: expected at least 6.0 s, the time that it waits']);
    expect(problems(wait, { kind: 'wait', for: '5s', before: 'assess', after: undefined })).toEqual([]);
    expect(problems(wait, { kind: 'wait', for: '5s', after: undefined })).toEqual([': stands nowhere: add before: or after: and a phase']);
    expect([wait.harmless, command.harmless, manual.harmless]).toEqual([true, undefined, undefined]);
  });
});

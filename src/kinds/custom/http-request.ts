import * as z from 'zod';
import { envName } from '../common.ts';
import { acting, checkFrame, fill, type FillContext, frame, type OwnKind } from '../own-steps/frame.ts';
import { type Ending, envOf, oncePart, ranOnce } from '../own-steps/run-once.ts';
import { said } from '../own-steps/said.ts';
import type { StepContext } from '../../model/step.ts';

const URL_WANTED = 'expected an http or https URL without user and password, e.g. https://ops.example.com/warm?region={target}';

const action = {
  method: z.enum(['GET', 'POST', 'PUT', 'PATCH', 'DELETE']).default('GET').describe('HTTP method'),
  url: z
    .string(URL_WANTED)
    .max(2_048)
    .regex(/^https?:\/\/[^\s/@]+(\/\S*)?$|^https?:\/\/[^\s/@?#]+\?\S*$/, URL_WANTED)
    .describe('{target}, {source}, {runbook} and {verb} are filled in'),
  headers: z.record(z.string().regex(/^[A-Za-z0-9-]+$/, 'expected the name of a header'), z.string('expected a text').max(4_096).regex(/^[\x20-\x7e]*$/)).default({}).describe('Headers that are no secrets'),
  headersEnv: z
    .record(z.string().regex(/^[A-Za-z0-9-]+$/, 'expected the name of a header'), envName)
    .default({})
    .describe('Headers whose values are secrets: header name to environment variable'),
  body: z.string('expected a text').max(65_536).optional().describe('Body of the request; {target}, {source}, {runbook} and {verb} are filled in'),
};

const expectation = z.strictObject({
  status: z.int('expected an HTTP status, e.g. 200').min(100).max(599).optional().describe('Default: any from 200 to 299'),
  body: z.string('expected a text').min(1).max(1_024).optional().describe('Must be part of the answer'),
});

const schema = z
  .strictObject({
    kind: z.literal('http-request'),
    ...frame,
    ...acting,
    ...action,
    expect: expectation.prefault({}).describe('What counts as success'),
    undo: z.strictObject(action).optional().describe('What takes it back'),
  })
  .superRefine(checkFrame);

type Step = z.infer<typeof schema>;
type Action = NonNullable<Step['undo']>;

const filled = z.strictObject({
  method: action.method,
  url: z.string(),
  headers: z.record(z.string(), z.string()),
  headersEnv: z.record(z.string(), envName),
  body: z.string().optional(),
});
const params = z.strictObject({ ...oncePart, env: z.array(envName), request: filled, expect: expectation, undo: filled.optional() });
type Params = z.infer<typeof params>;

/** What the system says when nothing was sent. */
const NOT_SENT = /ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|does not resolve/;

async function send(ctx: StepContext, p: Params, request: z.infer<typeof filled>, expect: Params['expect']): Promise<Ending> {
  const secrets = envOf(ctx, Object.values(request.headersEnv));
  const secret = Object.fromEntries(Object.entries(request.headersEnv).map(([header, name]) => [header, secrets[name] ?? '']));
  const sample = await ctx.effects.http.request({
    method: request.method,
    url: request.url,
    headers: { ...request.headers, ...secret },
    ...(request.body === undefined ? {} : { body: request.body }),
    timeoutMs: p.limitMs,
    signal: ctx.signal,
  });
  if (sample.status === 0) {
    const error = sample.error ?? 'no answer';
    return { state: NOT_SENT.test(error) ? 'failed' : 'unknown', said: said(error, secrets, { keep: 'head' }) };
  }
  const text = said(sample.body, secrets, { keep: 'head', cutAtEnd: Buffer.byteLength(sample.body) >= 65_000 });
  const words = text === '' ? `status ${sample.status}` : `status ${sample.status}: ${text}`;
  const good = expect.status === undefined ? sample.status >= 200 && sample.status <= 299 : sample.status === expect.status;
  const fits = expect.body === undefined || sample.body.includes(expect.body);
  if (good && fits) return { state: 'done', said: words };
  return { state: 'failed', said: good ? `the answer lacks "${expect.body ?? ''}"; ${words}` : words };
}

function fillAction(step: Action, ctx: FillContext): z.infer<typeof filled> {
  const { method, url, headers, headersEnv, body } = step;
  return {
    method,
    url: fill(url, ctx),
    headers: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, fill(value, ctx)])),
    headersEnv,
    ...(body === undefined ? {} : { body: fill(body, ctx) }),
  };
}

function shown(request: z.infer<typeof filled>): string {
  const secret = Object.values(request.headersEnv);
  return `${request.method} ${request.url}${secret.length === 0 ? '' : ` with ${secret.join(', ')}`}`;
}

const kind: OwnKind<Step> = {
  summary: 'Sends one HTTP request',
  schema,
  draft: (ctx, name, step) => {
    const request = fillAction(step, ctx);
    const undo = step.undo === undefined ? undefined : fillAction(step.undo, ctx);
    const env = [...new Set([...Object.values(request.headersEnv), ...Object.values(undo?.headersEnv ?? {})])];
    return {
      // A GET asks for nothing to happen: once more does no harm.
      params: {
        name,
        limitMs: step.limit,
        repeatable: step.repeatable || step.method === 'GET',
        env,
        request,
        expect: step.expect,
        ...(undo === undefined ? {} : { undo }),
      },
      does: shown(request),
      env,
      outside: 'address',
      undoes: undo === undefined ? undefined : shown(undo),
    };
  },
  step: ranOnce<Params>({
    params,
    run: (ctx, p) => send(ctx, p, p.request, p.expect),
    undo: (ctx, p) => (p.undo === undefined ? Promise.resolve(undefined) : send(ctx, p, p.undo, {})),
  }),
};

export default kind;

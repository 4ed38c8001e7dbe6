import * as z from 'zod';
import { arnIn } from '../../base/arn.ts';
import type { SqlTarget } from '../../effects/effects.ts';
import { withoutSql } from '../databases/login.ts';
import { allow, dbInstanceId, envName, inRegion, perRegion, regionsAt } from '../common.ts';
import { acting, checkFrame, fill, frame, type OwnKind } from '../own-steps/frame.ts';
import { couldNotRun, type Ending, envOf, oncePart, ranOnce } from '../own-steps/run-once.ts';
import { said } from '../own-steps/said.ts';
import type { StepContext } from '../../model/step.ts';
import { instanceNow } from '../databases/instance.ts';

/** One statement in PostgreSQL, in a transaction of its own. */

const statement = z
  .string('expected one SQL statement')
  .min(1, 'expected one SQL statement')
  .max(16_384)
  .describe('One statement; {target}, {source}, {runbook} and {verb} are filled in');

const hostPort = z.string().regex(/^[a-z0-9]([a-z0-9.-]*[a-z0-9])?:\d{1,5}$/, 'expected HOST:PORT, e.g. orders.example.com:5432');

const schema = z
  .strictObject({
    kind: z.literal('sql'),
    ...frame,
    ...acting,
    instances: perRegion(dbInstanceId).optional().describe('RDS instance in each region; the one of the target is used'),
    hosts: perRegion(hostPort).optional().describe('HOST:PORT in each region, for a database that is not in RDS'),
    database: z.string('expected the name of a database').regex(/^[A-Za-z0-9_-]{1,63}$/, 'expected the name of a database').describe('Name of the database'),
    userEnv: envName.describe('Environment variable that holds the user'),
    passwordEnv: envName.describe('Environment variable that holds the password'),
    statement,
    undo: z.strictObject({ statement }).optional().describe('What takes it back'),
  })
  .superRefine(checkFrame)
  .superRefine((step, ctx) => {
    if ((step.instances === undefined) === (step.hosts === undefined)) {
      ctx.addIssue({ code: 'custom', path: [], message: 'expected either instances or hosts: where does the database listen?' });
    }
  });

const params = z.strictObject({
  ...oncePart,
  region: z.string(),
  instance: dbInstanceId.optional(),
  host: hostPort.optional(),
  database: z.string(),
  userEnv: envName,
  passwordEnv: envName,
  env: z.array(envName),
  statement: z.string(),
  undo: z.string().optional(),
});
type Params = z.infer<typeof params>;

async function targetOf(ctx: StepContext, p: Params): Promise<SqlTarget | string> {
  const login = { engine: 'postgres', database: p.database, user: ctx.effects.env(p.userEnv) ?? '', password: ctx.effects.env(p.passwordEnv) ?? '' } as const;
  if (p.host !== undefined) {
    const [host = '', port = ''] = p.host.split(':');
    return { ...login, host, port: Number(port) };
  }
  const id = p.instance ?? '';
  const instance = await instanceNow(ctx, { region: p.region, id });
  if (instance === undefined) return `there is no DB instance ${id} in ${p.region}`;
  const noSql = withoutSql(id, instance.Engine);
  if (noSql !== undefined) return noSql;
  const endpoint = instance.Endpoint;
  if (endpoint?.Address === undefined || endpoint.Port === undefined) return `${id} shows no endpoint`;
  return { ...login, host: endpoint.Address, port: endpoint.Port };
}

async function run(ctx: StepContext, p: Params, text: string): Promise<Ending> {
  const target = await targetOf(ctx, p);
  if (typeof target === 'string') return { state: 'failed', said: target };
  const secrets = envOf(ctx, p.env);
  const outcome = await ctx.effects.sql.statement(target, text, p.limitMs, ctx.signal);
  const words = said(outcome.state === 'done' ? outcome.text : outcome.error, secrets, { keep: 'head' });
  return { state: outcome.state === 'refused' ? 'failed' : outcome.state, said: words };
}

const kind: OwnKind<z.infer<typeof schema>> = {
  summary: 'Runs one statement in PostgreSQL',
  schema,
  regions: (step) => [...regionsAt(step.instances, 'instances'), ...regionsAt(step.hosts, 'hosts')],
  draft: (ctx, name, step) => {
    const instance = step.instances === undefined ? undefined : inRegion(step.instances, ctx.target);
    const host = step.hosts === undefined ? undefined : inRegion(step.hosts, ctx.target);
    const text = fill(step.statement, ctx);
    const undo = step.undo === undefined ? undefined : fill(step.undo.statement, ctx);
    const where = `${step.database} on ${instance ?? host ?? ''}`;
    return {
      params: {
        name,
        limitMs: step.limit,
        repeatable: step.repeatable,
        region: ctx.target,
        ...(instance === undefined ? {} : { instance }),
        ...(host === undefined ? {} : { host }),
        database: step.database,
        userEnv: step.userEnv,
        passwordEnv: step.passwordEnv,
        env: [step.userEnv, step.passwordEnv],
        statement: text,
        ...(undo === undefined ? {} : { undo }),
      },
      does: `in ${where}: ${text}`,
      env: [step.userEnv, step.passwordEnv],
      region: ctx.target,
      outside: 'database',
      undoes: undo === undefined ? undefined : `in ${where}: ${undo}`,
      permissions: instance === undefined ? [] : [allow(['rds:DescribeDBInstances'], [arnIn(ctx.target, 'rds', ctx.account, `db:${instance}`)])],
    };
  },
  step: ranOnce<Params>({
    params,
    check: async (ctx, p) => {
      const target = await targetOf(ctx, p);
      if (typeof target !== 'string') return { state: 'ok', because: `login for ${p.database} is there` };
      return couldNotRun(p, { observed: target, threshold: 'a PostgreSQL endpoint in the target region', mend: 'correct the runbook' });
    },
    run: (ctx, p) => run(ctx, p, p.statement),
    undo: (ctx, p) => (p.undo === undefined ? Promise.resolve(undefined) : run(ctx, p, p.undo)),
  }),
};

export default kind;

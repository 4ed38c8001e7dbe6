import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { dr as runDr, ROOT } from '../commands/run-dr.ts';
import { told } from './told.ts';
import { TOKYO } from './stage.ts';

/*
 * What a tired person reads when something is wrong before anything could be done: the message, what to do next, the
 * exit code. Nothing here has a lab or AWS behind it.
 */

let folder = '';
const CREDENTIALS = { AWS_ACCESS_KEY_ID: 'key', AWS_SECRET_ACCESS_KEY: 'secret' };

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dr-bad-'));
  const example = await readFile(join(ROOT, 'runbooks', 'shop.yaml'), 'utf8');
  await mkdir(join(folder, 'runbooks'));
  await writeFile(join(folder, 'runbooks', 'shop.yaml'), example);
  await mkdir(join(folder, 'broken'));
  await writeFile(join(folder, 'broken', 'shop.yaml'), example.replace('strategy: warm-standby', 'strategy: warm-standbye').replace('rpo: 5m', 'rpo: 5'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** What `dr` says to a machine on which nothing is set but `env`. */
async function dr(args: readonly string[], env: Record<string, string> = {}): Promise<string> {
  const bare = { HOME: folder, DR_STATE: join(folder, 'state'), AWS_EC2_METADATA_DISABLED: 'true' };
  return told(await runDr(args, { cwd: folder, env: { ...bare, ...env } }), { [folder]: 'FOLDER', [ROOT]: 'ROOT' });
}

/** A port of this machine where nothing listens, and what holds it until it is let go. */
async function takenPort(): Promise<{ port: number; free: () => Promise<void> }> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return { port: address.port, free: () => new Promise((resolve) => server.close(() => resolve())) };
}

describe('a region', () => {
  it('that the runbook does not know', async () => {
    expect(await dr(['failover', '--region', 'ap-northeast-3'], CREDENTIALS)).toMatchInlineSnapshot(`
      "exit 2
      Error: shop has no region "ap-northeast-3". [REGION_UNKNOWN]

        runbooks/shop.yaml names: ap-northeast-2 (Seoul), ap-northeast-1 (Tokyo).

      Next:
        did you mean --region ap-northeast-2?"
    `);
  });
});

describe('a runbook', () => {
  it('that is not there', async () => {
    expect(await dr(['failover', '--region', TOKYO, '--runbooks', 'nowhere'])).toMatchInlineSnapshot(`
      "exit 3
      Error: There is no folder of runbooks nowhere [RUNBOOK_NOT_FOUND]

      Next:
        give the folder that holds your runbooks
        dr init --help    writes one for each application that it finds in an account
        mkdir -p nowhere && cp ROOT/runbooks/shop.yaml nowhere    an example to edit"
    `);
    expect(await dr(['failover', '--region', TOKYO, '--runbook', 'shopp'])).toMatchInlineSnapshot(`
      "exit 3
      Error: There is no runbook runbooks/shopp.yaml [RUNBOOK_NOT_FOUND]

        runbooks holds: shop.yaml

      Next:
        did you mean runbooks/shop.yaml?"
    `);
  });

  it('that is broken', async () => {
    expect(await dr(['failover', '--region', TOKYO, '--runbooks', 'broken'])).toMatchInlineSnapshot(`
      "exit 3
      Error: The runbook broken/shop.yaml has 2 errors [RUNBOOK_INVALID]

        broken/shop.yaml:11:11 strategy: expected one of backup-restore, pilot-light, warm-standby, active-active, found "warm-standbye"; did you mean "warm-standby"?
        broken/shop.yaml:16:8 objectives.rpo: expected a duration with its unit, e.g. 30s or 15m, found 5

      Next:
        dr validate broken/shop.yaml"
    `);
  });
});

describe('AWS', () => {
  it('without credentials', async () => {
    expect(await dr(['failover', '--region', TOKYO, '--confirm', 'shop'])).toMatchInlineSnapshot(`
      "exit 10
      Error: There are no usable AWS credentials. [NO_CREDENTIALS]

        sts.GetCallerIdentity in ap-northeast-1: NoCredentials: no credentials: Could not load credentials from any providers

      Next:
        export AWS_PROFILE=… (aws configure list-profiles shows which there are), or log in: aws sso login
        aws sts get-caller-identity --region ap-northeast-1    must work"
    `);
  });

  it('that does not answer where it is needed', async () => {
    const { port, free } = await takenPort();
    await free();
    const env = { ...CREDENTIALS, AWS_ENDPOINT_URL: `http://127.0.0.1:${port}`, AWS_MAX_ATTEMPTS: '1' };
    const said = await dr(['failover', '--region', TOKYO, '--confirm', 'shop'], env);
    // Several are asked at once, and any of them may be the first.
    expect(said).toMatch(/^exit 10\nError: (route53 in us-east-1|\w+ in ap-northeast-1) does not answer, and this command needs it\. \[AWS_SILENT\]\n/);
    expect(said).toContain('connect ECONNREFUSED 127.0.0.1:PORT');
    expect(said).toMatch(/\nNext:\n {2}\S/);
  });
});

describe('a run', () => {
  it('that is not known', async () => {
    expect(await dr(['status', 'yesterday'])).toMatchInlineSnapshot(`
      "exit 2
      Error: "yesterday" is not the name of a run. [RUN_UNKNOWN]

      Next:
        dr history    lists the runs"
    `);
    expect(await dr(['report', '20261120T101500Z-shop-failover-1a2b3c'])).toMatchInlineSnapshot(`
      "exit 2
      Error: There is no run "RUN-shop-failover". [RUN_UNKNOWN]

        State: FOLDER/state

      Next:
        dr history    lists the runs"
    `);
    expect(await dr(['resume'])).toMatchInlineSnapshot(`
      "exit 2
      Error: There is no run that could be resumed. [NOTHING_TO_RESUME]

        State: FOLDER/state

      Next:
        dr history    lists the runs"
    `);
  });
});

describe('a plan', () => {
  it('that is none', async () => {
    expect(await dr(['failover', '--plan', 'plan.json'])).toMatchInlineSnapshot(`
      "exit 2
      Error: plan.json is not a plan that can be run. [PLAN_INVALID]

        ENOENT: no such file or directory, open 'plan.json'

      Next:
        make it again: dr plan --region REGION --out FILE"
    `);
    await writeFile(join(folder, 'plan.json'), '{"schema": "something/1"}');
    expect(await dr(['failover', '--plan', 'plan.json'])).toMatchInlineSnapshot(`
      "exit 2
      Error: plan.json is not a plan that can be run. [PLAN_INVALID]

        It is not of the schema dr.plan/3.

      Next:
        make it again: dr plan --region REGION --out FILE"
    `);
  });
});

describe('the lab', () => {
  it('that is not running', async () => {
    expect(await dr(['lab', 'break', TOKYO])).toMatchInlineSnapshot(`
      "exit 12
      Error: No lab is running. [LAB_NOT_RUNNING]

      Next:
        dr lab start"
    `);
  });

  it('whose port is taken', { timeout: 120_000 }, async () => {
    const { port, free } = await takenPort();
    expect(await dr(['lab', 'start', '--port', String(port)])).toMatchInlineSnapshot(`
      "exit 12
      Error: port PORT is taken by another process. [LAB_PORT_TAKEN]

        It was asked for as the AWS endpoint of the lab.

      Next:
        dr lab start    without --port: the lab finds a free one"
    `);
    await free();
  });

  it('that has no such region to fail over to', async () => {
    expect(await dr(['failover', '--region', 'ap-northeast-3', '--lab'])).toMatchInlineSnapshot(`
      "exit 2
      Error: shop has no region "ap-northeast-3". [REGION_UNKNOWN]

      Next:
        dr failover --region ap-northeast-1 --lab"
    `);
    expect(await dr(['failover', '--region', 'ap-northeast-2', '--lab'])).toMatchInlineSnapshot(`
      "exit 4
      Error: In the lab ap-northeast-2 is active already. [ALREADY_ACTIVE]

      Next:
        dr failover --region ap-northeast-1 --lab"
    `);
  });
});

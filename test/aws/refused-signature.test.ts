import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { mkdtemp, writeFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { sdkCaller } from '../../src/aws/sdk-caller.ts';
import { awsEnvironment, restoreEnvironment, useEnvironment } from '../lab/wire/environment.ts';

/* AWS refuses the signature: nothing was done, and what can be put right is put right once. */

let server: Server | undefined;
afterEach(async () => {
  restoreEnvironment();
  await new Promise((resolve) => server?.close(resolve) ?? resolve(undefined));
});

const error = (code: string, message = 'said AWS'): string => `<ErrorResponse><Error><Type>Sender</Type><Code>${code}</Code><Message>${message}</Message></Error></ErrorResponse>`;
const IDENTITY = '<GetCallerIdentityResponse><GetCallerIdentityResult><Account>111122223333</Account><Arn>arn:aws:iam::111122223333:user/kim</Arn></GetCallerIdentityResult></GetCallerIdentityResponse>';

type Answer = (request: IncomingMessage, response: ServerResponse) => [number, string] | Promise<[number, string]>;

/** A stand-in for AWS. `answer` gets each request, and says status and body. */
async function begin(answer: Answer, env: Record<string, string> = {}) {
  let asked = 0;
  server = createServer((request, response) => {
    asked += 1;
    request.resume();
    request.on('end', () => void Promise.resolve(answer(request, response)).then(([status, body]) => response.writeHead(status, { 'content-type': 'text/xml' }).end(body)));
  });
  await new Promise<void>((resolve) => server?.listen(0, '127.0.0.1', () => resolve()));
  useEnvironment(awsEnvironment({ AWS_ENDPOINT_URL: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, ...env }));
  const caller = sdkCaller();
  const call = () => caller.call({ service: 'sts', region: 'ap-northeast-1', operation: 'GetCallerIdentity', input: {} }).catch((e: unknown) => e);
  return { call, asked: () => asked };
}

async function aws(answer: Answer, env: Record<string, string> = {}) {
  const { call, asked } = await begin(answer, env);
  return { result: await call(), asked };
}

/** When a request was signed, milliseconds since the epoch. */
function signedAt(request: IncomingMessage): number {
  const [, y, mo, d, h, mi, s] = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(String(request.headers['x-amz-date'])) ?? [];
  return Date.UTC(Number(y), Number(mo) - 1, Number(d), Number(h), Number(mi), Number(s));
}

describe('a clock that is off by twenty minutes', () => {
  const atAws = (sign: 1 | -1): number => Date.now() + sign * 1_200_000;

  it.each([1, -1] as const)('is corrected by the time of AWS, and the call made once more', async (sign) => {
    const { result, asked } = await aws((request, response) => {
      response.setHeader('date', new Date(atAws(sign)).toUTCString());
      return Math.abs(signedAt(request) - atAws(sign)) < 300_000 ? [200, IDENTITY] : [403, error('SignatureDoesNotMatch', 'Signature expired')];
    });
    expect(result).toMatchObject({ output: { Account: '111122223333' } });
    expect(asked()).toBe(2);
  });

  it.each(['SignatureDoesNotMatch', 'RequestTimeTooSkewed', 'RequestExpired', 'InvalidSignatureException', 'AuthFailure'])('%s names the clock, and not the credentials', async (code) => {
    const { result, asked } = await aws((_request, response) => {
      response.setHeader('date', new Date(atAws(1)).toUTCString());
      return [403, error(code)];
    });
    expect(result).toMatchObject({ code: 'ClockOff', isCredentials: false, message: expect.stringContaining("this machine's clock is 20 minutes slow") as string });
    expect(asked()).toBe(2);
  });

  it('a wrong signature under a right clock is about the keys', async () => {
    const { result, asked } = await aws(() => [403, error('SignatureDoesNotMatch')]);
    expect(result).toMatchObject({ code: 'SignatureDoesNotMatch', isCredentials: true });
    expect(asked()).toBe(1);
  });
});

describe('credentials that AWS refuses', () => {
  const profile = (id: string): string => `[default]\naws_access_key_id = ${id}\naws_secret_access_key = secret\n`;
  const NONE = { AWS_ACCESS_KEY_ID: '', AWS_SECRET_ACCESS_KEY: '', AWS_SESSION_TOKEN: '' };

  it('are asked for again, once: somebody may have logged in meanwhile', async () => {
    const file = join(await mkdtemp(join(tmpdir(), 'dr-aws-')), 'credentials');
    await writeFile(file, profile('AKIAOLD'));
    const { result, asked } = await aws(
      async (request) => {
        if (String(request.headers.authorization).includes('AKIANEW')) return [200, IDENTITY];
        await writeFile(file, profile('AKIANEW'));
        return [403, error('ExpiredToken')];
      },
      { ...NONE, AWS_SHARED_CREDENTIALS_FILE: file, AWS_CONFIG_FILE: '/dev/null', AWS_PROFILE: 'default' },
    );
    expect(result).toMatchObject({ output: { Account: '111122223333' } });
    expect(asked()).toBe(2);
  });

  it('are asked for once by all calls that were refused with them', async () => {
    const file = join(await mkdtemp(join(tmpdir(), 'dr-aws-')), 'credentials');
    await writeFile(file, profile('AKIAOLD'));
    const madeAgain = Promise.withResolvers();
    const answers = [
      // The first call shows which credentials are in use.
      () => Promise.resolve(200),
      async () => {
        await writeFile(file, profile('AKIANEW'));
        return 403;
      },
      // Refused once the other call has been made with new ones.
      () => madeAgain.promise.then(() => 403),
    ];
    const { call, asked } = await begin(
      async (request) => {
        const status = String(request.headers.authorization).includes('AKIANEW') ? 200 : await answers.shift()?.();
        if (answers.length === 0 && status === 200) madeAgain.resolve(undefined);
        return status === 200 ? [200, IDENTITY] : [403, error('ExpiredToken')];
      },
      { ...NONE, AWS_SHARED_CREDENTIALS_FILE: file, AWS_CONFIG_FILE: '/dev/null', AWS_PROFILE: 'default' },
    );
    await call();
    expect(await Promise.all([call(), call()])).toMatchObject([{ output: { Account: '111122223333' } }, { output: { Account: '111122223333' } }]);
    expect(asked()).toBe(5);
  });

  it('and stay the same are not tried again', async () => {
    const { result, asked } = await aws(() => [403, error('ExpiredToken')]);
    expect(result).toMatchObject({ code: 'ExpiredToken', kind: 'terminal', isCredentials: true });
    expect(asked()).toBe(1);
  });
});

import { describe, expect, it } from 'vitest';
import type { Credentials } from '../../src/aws/clients.ts';
import { CredentialsFailure, SharedCredentials } from '../../src/aws/credentials.ts';

const key = (accessKeyId: string, expiresAt?: number): Credentials => ({
  accessKeyId,
  secretAccessKey: 's',
  ...(expiresAt === undefined ? {} : { expiration: new Date(expiresAt) }),
});
const never = () => new Promise<Credentials>(() => undefined);

describe('SharedCredentials', () => {
  it('one look-up serves all who ask meanwhile and after', async () => {
    const shared = new SharedCredentials(() => 0);
    let lookUps = 0;
    const source = async () => key(`A${++lookUps}`);
    const [a, b] = await Promise.all([shared.get('tokyo', source), shared.get('tokyo', source)]);
    expect([a, b, await shared.get('seoul', source)].map((c) => c.accessKeyId)).toEqual(['A1', 'A1', 'A1']);
  });

  it('a region whose STS is dead keeps no other waiting, and is served by what another found', async () => {
    const shared = new SharedCredentials(() => 0);
    const first = shared.get('seoul', never);
    expect((await shared.get('tokyo', async () => key('T'))).accessKeyId).toBe('T');
    expect((await first).accessKeyId).toBe('T');
    expect((await shared.get('seoul', never)).accessKeyId).toBe('T');
  });

  it('looks them up again shortly before they end', async () => {
    let now = 0;
    const shared = new SharedCredentials(() => now);
    let lookUps = 0;
    const source = async () => key(`A${++lookUps}`, 3_600_000);
    await shared.get('tokyo', source);
    now = 3_000_000;
    expect((await shared.get('tokyo', source)).accessKeyId).toBe('A1');
    now = 3_300_001;
    expect((await shared.get('tokyo', source)).accessKeyId).toBe('A2');
  });

  it('a region whose STS refuses is served by what another still finds', async () => {
    const shared = new SharedCredentials(() => 0);
    const found = Promise.withResolvers<Credentials>();
    const tokyo = shared.get('tokyo', () => found.promise);
    const seoul = shared.get('seoul', () => Promise.reject(new Error('not enabled')));
    await new Promise((resolve) => setImmediate(resolve));
    found.resolve(key('T'));
    expect([(await tokyo).accessKeyId, (await seoul).accessKeyId]).toEqual(['T', 'T']);
  });

  it('a failure is not kept, and names the reason of the region that asked', async () => {
    const shared = new SharedCredentials(() => 0);
    const failing = (why: string) => () => Promise.reject(new Error(why));
    const results = await Promise.allSettled([
      shared.get('seoul', failing('seoul is down')),
      shared.get('tokyo', failing('tokyo refuses')),
    ]);
    const reasons = results.map((r) => (r.status === 'rejected' ? (r.reason as Error) : undefined));
    expect(reasons.map((reason) => reason?.message)).toEqual(['seoul is down', 'tokyo refuses']);
    expect(reasons[0]).toBeInstanceOf(CredentialsFailure);
    expect((await shared.get('tokyo', async () => key('T'))).accessKeyId).toBe('T');
  });
});

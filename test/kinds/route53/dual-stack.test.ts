import { describe, expect, it } from 'vitest';
import { AwsError } from '../../../src/aws/errors.ts';
import type { Effects } from '../../../src/effects/effects.ts';
import { stepOf } from '../context.ts';

/* One name with A and AAAA, and the Route 53 API silent: what each answered before is kept by name and type. */

const RECORDS = [{ name: 'shop.example.com', type: 'AAAA' }, { name: 'shop.example.com', type: 'A' }];
const ZONE = 'Z0123456789ABCDEFGHIJ';
const OBJECT = { bucket: 'shop-dr-tokyo', key: 'shop-active' };

function world(answers: Record<string, string>): Partial<Effects> {
  return {
    aws: { call: () => Promise.reject(new AwsError({ service: 'route53', operation: 'ListResourceRecordSets', region: 'us-east-1', code: 'NoAnswer', message: 'no answer' })) },
    dns: { resolve: (_name, type) => Promise.resolve({ values: [answers[type] ?? ''], ttl: 60 }) },
  };
}

describe('a name with A and AAAA', () => {
  it('has moved when both have moved', async () => {
    const answers = { A: '192.0.2.2', AAAA: '2001:db8::2' };
    const effects = world(answers);
    const assess = await stepOf('route53-failover.assessHealthCheck', { signal: 'health-check.shop', zone: ZONE, records: RECORDS, watched: false, patient: false }, { effects });
    await assess.observe();
    const facts = { ...assess.recorded, [`object.changed.${OBJECT.bucket}/${OBJECT.key}`]: true };
    const settle = await stepOf('route53-failover.settle', { key: 'shop', zone: ZONE, records: RECORDS, to: { set: 'tokyo' }, object: OBJECT }, { effects, facts, clock: assess.clock });
    expect((await settle.observe()).state).toBe('pending');
    answers.A = '192.0.2.3';
    expect(await settle.observe()).toMatchObject({ state: 'pending', because: expect.stringContaining('2001:db8::2') as string });
    answers.AAAA = '2001:db8::3';
    expect((await settle.observe()).state).toBe('reached');
  });

  it('is judged by the answer of its type', async () => {
    const answer = { A: { values: ['192.0.2.3'] }, AAAA: { values: ['2001:db8::3'] } };
    const answers = { A: '192.0.2.3', AAAA: '2001:db8::2' };
    const settle = await stepOf('route53-failover.settle', { key: 'shop', zone: ZONE, records: RECORDS, to: { set: 'tokyo', answer } }, { effects: world(answers) });
    expect((await settle.observe()).state).toBe('pending');
    answers.AAAA = '2001:db8::3';
    expect((await settle.observe()).state).toBe('reached');
  });
});

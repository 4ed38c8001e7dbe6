import { describe, expect, it } from 'vitest';
import { acceptanceOf } from '../../../src/app/check/run-findings.ts';
import type { Finding } from '../../../src/model/finding.ts';
import type { Accepted } from '../../../src/runbook/schema.ts';

const finding = (rule: string, resource: string): Finding => ({ rule, severity: 'warning', resource, region: 'ap-northeast-1', observed: 'o', wanted: 'w', mend: 'm' });
const accepted = (more: Partial<Accepted> = {}): Accepted => ({ rule: 'multi-az', owner: 'lead@example.com', until: '2026-12-31', ...more });
const at = (time: string): number => Date.parse(time);

describe('the acceptance of a finding', () => {
  it('is one of its rule, and of its resource where it names one', () => {
    const [orders, billing] = [finding('multi-az', 'rds:ap-northeast-1:orders'), finding('multi-az', 'rds:ap-northeast-1:billing')];
    const now = at('2026-12-01T00:00:00Z');
    const ofOrders = accepted({ resource: orders.resource });
    expect([orders, billing, finding('backup', orders.resource)].map((one) => acceptanceOf([ofOrders], one, now))).toEqual([ofOrders, undefined, undefined]);
    const ofAll = accepted();
    expect([orders, billing].map((one) => acceptanceOf([ofOrders, ofAll], one, now))).toEqual([ofOrders, ofAll]);
  });

  it('counts to the end of its day, UTC', () => {
    const one = finding('multi-az', 'rds:ap-northeast-1:orders');
    expect(acceptanceOf([accepted()], one, at('2026-12-31T23:59:59.999Z'))).toBeDefined();
    expect(acceptanceOf([accepted()], one, at('2027-01-01T00:00:00Z'))).toBeUndefined();
  });
});

import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checkLoaded, type CheckResult } from '../../src/app/check/check.ts';
import { atLeast } from '../../src/model/finding.ts';
import { Journey } from './journey.ts';

const RUNBOOKS = join(import.meta.dirname, '..', '..', 'runbooks');

/** Through the SDK, the endpoints and the DNS of a lab that was started with the example. */
describe.each(['shop', 'archive', 'billing', 'active-active'])('dr check of the lab of %s', (name) => {
  let journey: Journey;
  let result: CheckResult;

  beforeAll(async () => {
    journey = await Journey.begin(join(RUNBOOKS, `${name}.yaml`));
    result = await checkLoaded(journey.loaded, { runbooks: RUNBOOKS, state: { folder: await mkdtemp(join(tmpdir(), 'dr-check-')) } });
  });
  afterAll(() => journey.end());

  it('finds nothing that would stop a failover, or that the standby lacks', () => {
    expect(atLeast(result.findings, 'warning').map(({ rule, observed }) => `${rule}: ${observed}`)).toEqual([]);
    expect(result.ways.length).toBeGreaterThan(0);
    expect(result.ways.every(({ feasibility, stability, availability }) => feasibility !== undefined && stability !== undefined && availability !== undefined)).toBe(true);
  });

  it('has had an answer to everything that it asked', () => {
    expect(result.findings.filter(({ rule }) => rule === 'not-checked')).toEqual([]);
  });

  it('asks no more than a few dozen questions', () => {
    expect(result.calls.made).toBeLessThan(60);
  });
});

import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { Ajv } from 'ajv';
import addFormats from 'ajv-formats';
import * as fc from 'fast-check';
import { validateXML } from 'xmllint-wasm';
import { checkText } from '../../src/cli/check-view.ts';
import { checkJunit, checkPrometheus, checkSarif } from '../../src/cli/check-formats.ts';
import type { CheckResult, PlacedFinding } from '../../src/app/check/check.ts';
import { plain } from '../../src/cli/text.ts';
import { readPrometheus } from './prometheus-text.ts';
import { SARIF } from './sarif-schema.ts';

const finding = (more: Partial<PlacedFinding> = {}): PlacedFinding => ({
  rule: 'multi-az', severity: 'warning', resource: 'rds:ap-northeast-1:shop-orders-tokyo', region: 'ap-northeast-1', observed: 'one zone, "two" <wanted>', wanted: 'Multi-AZ', mend: 'modify it',
  page: 'https://docs.aws.amazon.com/x.html', path: ['databases', 'orders'], target: 'ap-northeast-1', line: 24, col: 3, ...more,
});

const RESULT: CheckResult = {
  runbook: 'shop', file: 'runbooks/shop.yaml', at: '2026-11-29T12:00:00.000Z', resources: ['databases.orders', 'traffic.storefront'],
  ways: [{ source: 'ap-northeast-2', target: 'ap-northeast-1' }],
  findings: [finding({ rule: 'rpo-gate', severity: 'error', resource: 'databases.orders' }), finding(), finding({ rule: 'zones', accepted: { rule: 'zones', owner: 'lead@example.com', until: '2027-03-31', why: 'one zone is enough' } })],
  calls: { made: 21, limit: 2_000 },
};

/** What nobody would call so, and somebody may. */
const HOSTILE = ['a "quoted" name', String.raw`back\slash`, 'two\nlines', String.raw`ends with \ `, '{x="y"} 1', '# HELP x', '한국어', ''];

const fails = (one: PlacedFinding): boolean => one.severity === 'error' && one.accepted === undefined;

describe('the formats of a check', () => {
  it('JUnit: valid, a case for each resource and for the whole, one of which fails', async () => {
    const xml = checkJunit([RESULT], fails);
    const schema = readFileSync(new URL('../report/junit.xsd', import.meta.url), 'utf8');
    expect((await validateXML({ xml: [{ fileName: 'check.xml', contents: xml }], schema: [schema] })).errors).toEqual([]);
    expect(xml.match(/<testcase /g)).toHaveLength(3);
    expect(xml).toContain('<testsuites name="dr check" tests="3" failures="1" errors="0"');
    expect(xml).toContain('<failure type="rpo-gate" message="one zone, &quot;two&quot; &lt;wanted&gt;">');
  });

  it('SARIF: each finding at its line, with its page; what is accepted is suppressed; a measured value does not make it another one', () => {
    const text = checkSarif([RESULT], '1.2.3');
    const { version, runs } = JSON.parse(text) as { version: string; runs: { tool: { driver: { version: string; rules: { id: string; helpUri?: string }[] } }; results: { ruleId: string; level: string; suppressions?: unknown[]; partialFingerprints: object; locations: unknown[] }[] }[] };
    expect(version).toBe('2.1.0');
    const [run] = runs;
    expect(run?.tool.driver.rules.map(({ id }) => id)).toEqual(['rpo-gate', 'multi-az', 'zones']);
    expect(run?.results.map(({ ruleId, level, suppressions }) => [ruleId, level, suppressions?.length ?? 0])).toEqual([['rpo-gate', 'error', 0], ['multi-az', 'warning', 0], ['zones', 'warning', 1]]);
    expect(run?.results[0]?.locations).toMatchObject([{ physicalLocation: { artifactLocation: { uri: 'runbooks/shop.yaml' }, region: { startLine: 24, startColumn: 3 } } }]);
    const again = checkSarif([{ ...RESULT, findings: RESULT.findings.map((one) => ({ ...one, observed: 'other' })) }], '1.2.3');
    expect((JSON.parse(again) as { runs: typeof runs }).runs[0]?.results.map((one) => one.partialFingerprints)).toEqual(run?.results.map((one) => one.partialFingerprints));
  });

  it('SARIF: as the standard demands, also where the file has a name with spaces', () => {
    const ajv = new Ajv({ allErrors: true, allowUnionTypes: true });
    (addFormats as unknown as (to: Ajv) => void)(ajv);
    const valid = ajv.compile(SARIF);
    const odd = HOSTILE.map((file) => ({ ...RESULT, file: `runbooks/${file}.yaml`, findings: RESULT.findings.map((one) => ({ ...one, resource: `x${file}` })) }));
    for (const results of [[], [RESULT], odd]) {
      valid(JSON.parse(checkSarif(results, '1.2.3')));
      expect(valid.errors).toBeNull();
    }
    const [first] = (JSON.parse(checkSarif([{ ...RESULT, file: 'my runbooks/50%.yaml' }], '1')) as { runs: { results: { locations: { physicalLocation: { artifactLocation: { uri: string } } }[] }[] }[] }).runs[0]?.results ?? [];
    expect(first?.locations[0]?.physicalLocation.artifactLocation.uri).toBe('my%20runbooks/50%25.yaml');
  });

  it('Prometheus: a strict reader gets the same labels and values, whatever stands in them', () => {
    fc.assert(fc.property(fc.array(fc.record({ resource: fc.oneof(fc.constantFrom(...HOSTILE), fc.string()), runbook: fc.oneof(fc.constantFrom(...HOSTILE), fc.string()) }), { maxLength: 5 }), (odd) => {
      const results = odd.map(({ resource, runbook }) => ({ ...RESULT, runbook, findings: [finding({ resource })] }));
      const read = readPrometheus(checkPrometheus(results));
      expect([...read].map(([name, { type }]) => [name, type])).toEqual(['findings', 'finding', 'ready', 'requests', 'timestamp_seconds'].map((name) => [`dr_check_${name}`, 'gauge']));
      const labels = new Set((read.get('dr_check_finding')?.samples ?? []).map((one) => JSON.stringify([one.labels.runbook, one.labels.resource, one.value])));
      expect(labels).toEqual(new Set(odd.map(({ resource, runbook }) => JSON.stringify([runbook, resource, 1]))));
    }));
  });

  it.each(['x 1', '# HELP x y\n# TYPE x gauge\nx{a="1" 1\n', '# HELP x y\n# TYPE x gauge\nx{a="1"} 1\nx{a="1"} 2\n', '# HELP x y\n# TYPE x gouge\n', String.raw`# HELP x y`.concat('\n# TYPE x gauge\nx{a="\\q"} 1\n')])('the strict reader refuses %j', (text) => {
    expect(() => readPrometheus(text)).toThrow();
  });

  it('Prometheus: counts without what is accepted, one line a finding', () => {
    expect(checkPrometheus([RESULT])).toBe(`# HELP dr_check_findings Findings that nobody has accepted, by severity.
# TYPE dr_check_findings gauge
dr_check_findings{runbook="shop",severity="error"} 1
dr_check_findings{runbook="shop",severity="warning"} 1
dr_check_findings{runbook="shop",severity="note"} 0
# HELP dr_check_finding One finding: 1, or 0 where it is accepted.
# TYPE dr_check_finding gauge
dr_check_finding{runbook="shop",rule="rpo-gate",severity="error",resource="databases.orders",target="ap-northeast-1"} 1
dr_check_finding{runbook="shop",rule="multi-az",severity="warning",resource="rds:ap-northeast-1:shop-orders-tokyo",target="ap-northeast-1"} 1
dr_check_finding{runbook="shop",rule="zones",severity="warning",resource="rds:ap-northeast-1:shop-orders-tokyo",target="ap-northeast-1"} 0
# HELP dr_check_ready 1 where a failover would work and keep its objectives, as far as was seen.
# TYPE dr_check_ready gauge
dr_check_ready{runbook="shop"} 0
# HELP dr_check_requests Requests to AWS that the check made.
# TYPE dr_check_requests gauge
dr_check_requests{runbook="shop"} 21
# HELP dr_check_timestamp_seconds When the check was made.
# TYPE dr_check_timestamp_seconds gauge
dr_check_timestamp_seconds{runbook="shop"} 1795953600
`);
  });

  it('the terminal: what to do, who has accepted what, and what was asked', () => {
    const text = checkText(RESULT, plain, undefined);
    expect(text).toContain('accepted by lead@example.com until 2027-03-31: one zone is enough');
    expect(text).toContain('1 error, 1 warning, 1 accepted.');
    expect(text).toContain('21 requests to AWS, of at most 2000; nothing was changed.');
  });
});

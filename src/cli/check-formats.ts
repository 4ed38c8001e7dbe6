import type { CheckResult, PlacedFinding } from '../app/check/check.ts';
import { attribute, type Case, caseText } from '../report/formats/junit.ts';
import { keyOfFinding, SEVERITIES } from '../model/finding.ts';
import { sha256 } from '../base/json.ts';

/* A check as JUnit XML: a test case for each thing of a runbook in each direction, which fails for what was found of it. */

/** `fails`: the findings for which the exit code would say no. */
export function checkJunit(results: readonly CheckResult[], fails: (finding: PlacedFinding) => boolean): string {
  const suites = results.map((result) => ({ result, cases: casesOf(result, fails) }));
  const count = (cases: readonly Case[]): string => `tests="${cases.length}" failures="${cases.filter(({ result }) => result !== undefined).length}" errors="0"`;
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites name="dr check" ${count(suites.flatMap(({ cases }) => cases))} time="0.000">`,
    ...suites.flatMap(({ result, cases }) => [
      `  <testsuite name="${attribute(`${result.runbook} check`)}" ${count(cases)} skipped="0" time="0.000" timestamp="${result.at.slice(0, 19)}">`,
      ...cases.map(caseText),
      '  </testsuite>',
    ]),
    '</testsuites>',
    '',
  ].join('\n');
}

function casesOf(result: CheckResult, fails: (finding: PlacedFinding) => boolean): Case[] {
  return result.ways.flatMap(({ source, target }) => {
    const mine = result.findings.filter((finding) => finding.target === target);
    return ['', ...result.resources].map((resource): Case => {
      const base = { name: resource === '' ? 'a failover can be run' : resource, classname: `${result.runbook} ${source} to ${target}`, seconds: 0 };
      const bad = mine.filter((finding) => finding.path.join('.') === resource && fails(finding));
      const [worst] = bad;
      if (worst === undefined) return base;
      const text = bad.map((f) => `${f.severity} ${f.rule} ${f.resource}\nobserved ${f.observed}\nwanted ${f.wanted}\nmend ${f.mend}`).join('\n\n');
      return { ...base, result: { element: 'failure', type: worst.rule, message: worst.observed, text } };
    });
  });
}

/* A check as Prometheus text, for the textfile collector of the node exporter. https://prometheus.io/docs/instrumenting/exposition_formats/ */

interface Sample {
  labels: Readonly<Record<string, string>>;
  value: number;
}

interface Metric {
  name: string;
  help: string;
  samples: readonly Sample[];
}

export function checkPrometheus(results: readonly CheckResult[]): string {
  const of = (name: string, help: string, samples: (result: CheckResult) => Sample[]): Metric => ({ name, help, samples: results.flatMap(samples) });
  const metrics = [
    of('dr_check_findings', 'Findings that nobody has accepted, by severity.', ({ runbook, findings }) =>
      SEVERITIES.map((severity) => ({ labels: { runbook, severity }, value: findings.filter((f) => f.severity === severity && f.accepted === undefined).length })),
    ),
    of('dr_check_finding', 'One finding: 1, or 0 where it is accepted.', ({ runbook, findings }) =>
      findings.map((f) => ({ labels: { runbook, rule: f.rule, severity: f.severity, resource: f.resource, target: f.target }, value: f.accepted === undefined ? 1 : 0 })),
    ),
    of('dr_check_ready', '1 where a failover would work and keep its objectives, as far as was seen.', ({ runbook, findings }) => [
      { labels: { runbook }, value: findings.some((f) => f.severity === 'error' && f.accepted === undefined) ? 0 : 1 },
    ]),
    of('dr_check_requests', 'Requests to AWS that the check made.', ({ runbook, calls }) => [{ labels: { runbook }, value: calls.made }]),
    of('dr_check_timestamp_seconds', 'When the check was made.', ({ runbook, at }) => [{ labels: { runbook }, value: Math.floor(Date.parse(at) / 1000) }]),
  ];
  return metrics.map(text).join('');
}

function text({ name, help, samples }: Metric): string {
  // The same labels twice are an error for a reader.
  const lines = new Map(samples.map(({ labels, value }) => [`${name}{${Object.entries(labels).map(([key, label]) => `${key}="${escaped(label)}"`).join(',')}}`, value]));
  return [`# HELP ${name} ${help}`, `# TYPE ${name} gauge`, ...[...lines].map(([key, value]) => `${key} ${value}`), ''].join('\n');
}

function escaped(label: string): string {
  return label.replaceAll('\\', '\\\\').replaceAll('"', String.raw`\"`).replaceAll('\n', String.raw`\n`);
}

/*
 * A check as SARIF 2.1.0: findings at the lines of the runbook, as code hosts show them beside the file.
 * https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html
 */

export function checkSarif(results: readonly CheckResult[], version: string): string {
  const all = results.flatMap((result) => result.findings.map((finding) => ({ result, finding })));
  const rules = [...Map.groupBy(all, ({ finding }) => finding.rule)].map(([id, same]) => {
    const page = same.map(({ finding }) => finding.page).find((url) => url !== undefined);
    return { id, shortDescription: { text: same[0]?.finding.wanted ?? id }, ...(page === undefined ? {} : { helpUri: page }) };
  });
  const document = {
    $schema: 'https://json.schemastore.org/sarif-2.1.0.json',
    version: '2.1.0',
    runs: [{ tool: { driver: { name: 'dr', version, rules } }, results: all.map(({ result, finding }) => resultOf(result, finding)) }],
  };
  return `${JSON.stringify(document, null, 2)}\n`;
}

/** A path as a URI reference: a space, a percent sign and others may not stand in one as they are. */
function uriOf(file: string): string {
  return file.split(/[\\/]/).map(encodeURIComponent).join('/');
}

function resultOf({ file, runbook }: CheckResult, finding: PlacedFinding): object {
  const { rule, severity, observed, wanted, mend, resource, target, line, col, accepted } = finding;
  return {
    ruleId: rule,
    level: severity,
    message: { text: `${observed}. Wanted: ${wanted}. Mend it: ${mend}` },
    locations: [{ physicalLocation: { artifactLocation: { uri: uriOf(file) }, region: { startLine: line, startColumn: col } }, logicalLocations: [{ fullyQualifiedName: resource }] }],
    // What is measured changes from one check to the next; what it is about does not.
    partialFingerprints: { 'dr.check/v1': sha256(`${runbook} ${target} ${keyOfFinding(finding)}`) },
    ...(accepted === undefined ? {} : { suppressions: [{ kind: 'external', status: 'accepted', justification: `accepted by ${accepted.owner} until ${accepted.until}${accepted.why === undefined ? '' : `: ${accepted.why}`}` }] }),
  };
}

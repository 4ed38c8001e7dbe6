import type { CheckResult } from '../../app/check/check.ts';
import { SEVERITIES } from '../../model/finding.ts';

/*
 * A check as Prometheus text, for the textfile collector of the node exporter.
 * https://prometheus.io/docs/instrumenting/exposition_formats/
 */

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

#!/usr/bin/env node
/*
 * Known weaknesses of what is shipped, asked of the registry. Exit 0: none of level high or above; 1: some; 3: the registry
 * does not answer audits, so that nothing is known. The last must never look like the first.
 */
import { spawnSync } from 'node:child_process';

const NOT_RUN = 3;

const { stdout, status, error } = spawnSync('npm', ['audit', '--omit=dev', '--audit-level=high', '--json'], { encoding: 'utf8', timeout: 120_000 });

/** The answer of npm, if it is a report and not the story of a failure. */
function reportIn(text) {
  try {
    const answer = JSON.parse(text);
    return typeof answer.auditReportVersion === 'number' && typeof answer.metadata?.vulnerabilities === 'object' ? answer : undefined;
  } catch {
    return undefined;
  }
}

const report = reportIn(stdout ?? '');
if (report === undefined) {
  let why = error?.message ?? 'no report came';
  try {
    why = JSON.parse(stdout ?? '').message ?? why;
  } catch {
    // What came is no JSON: there is nothing better to say.
  }
  console.log(`not run: ${why}`);
  process.exitCode = NOT_RUN;
} else {
  const { high = 0, critical = 0, total = 0 } = report.metadata.vulnerabilities;
  for (const [name, found] of Object.entries(report.vulnerabilities ?? {})) console.log(`${found.severity}: ${name} ${found.range ?? ''}`);
  console.log(`${total} known, ${high + critical} of them high or critical`);
  process.exitCode = high + critical > 0 || status !== 0 ? 1 : 0;
}

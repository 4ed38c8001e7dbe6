import type { CheckResult, PlacedFinding } from '../../app/check/check.ts';
import { attribute, type Case, caseText } from '../../report/formats/junit-xml.ts';

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

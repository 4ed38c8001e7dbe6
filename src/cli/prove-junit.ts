import type { Proof } from '../app/rehearse/prove.ts';
import { attribute, type Case, caseText } from '../report/formats/junit-xml.ts';

/** Planted troubles as JUnit XML: a test case for each, which fails where it went unnoticed. */
export function proveJunit(runbook: string, way: string, proofs: readonly Proof[]): string {
  const cases = proofs.map(({ name, what, end, ok, because }): Case => {
    const base = { name: `${name}: ${what}`, classname: `${runbook} ${way} simulated`, seconds: 0 };
    if (end === 'not applicable') return { ...base, result: { element: 'skipped', type: end, message: because, text: '' } };
    return ok ? base : { ...base, result: { element: 'failure', type: end, message: because, text: because } };
  });
  const of = (element: string) => cases.filter(({ result }) => result?.element === element).length;
  const counts = `tests="${cases.length}" failures="${of('failure')}" errors="0"`;
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites name="dr rehearse --prove" ${counts} time="0.000">`,
    `  <testsuite name="${attribute(`${runbook} planted troubles`)}" ${counts} skipped="${of('skipped')}" time="0.000">`,
    ...cases.map(caseText),
    '  </testsuite>',
    '</testsuites>',
    '',
  ].join('\n');
}

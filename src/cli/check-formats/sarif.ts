import type { CheckResult, PlacedFinding } from '../../app/check/check.ts';
import { sha256 } from '../../base/json.ts';
import { keyOfFinding } from '../../model/finding.ts';

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

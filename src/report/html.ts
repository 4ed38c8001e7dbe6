import { createHash } from 'node:crypto';
import { sha256 } from '../base/json.ts';
import { html, type HtmlValue, trusted } from './escape.ts';
import type { Evidence } from './evidence-schema.ts';
import { regionPlace, routeText, utcDateTime } from './format.ts';
import { type ModeMark, modeMark } from './mode.ts';
import { clockSection, downtimeSection, timelineSection } from './sections/clock.ts';
import { dataSection, objectivesSection } from './sections/data.ts';
import { integritySection, logSection, nextSection, probesSection, scopeSection } from './sections/record.ts';
import { issuesSection, leftOutSection, signOffSection } from './sections/people.ts';
import { callsSection, changesSection, checksSection, deviationsSection, stepsSection } from './sections/steps.ts';
import { topSection } from './sections/top.ts';
import { stylesFor } from './styles.ts';

/** The text of `report.json`: what the page's hash is a hash of. */
export function evidenceText(evidence: Evidence): string {
  return `${JSON.stringify(evidence, null, 2)}\n`;
}

interface Page {
  title: string;
  mark: ModeMark | undefined;
  main: HtmlValue;
  footer: HtmlValue;
}

/**
 * A page that needs nothing else: no script, no font, no picture from outside. Its policy allows its own style sheet, by hash, and nothing
 * more, so that even markup that slipped through could load and run nothing.
 */
export function renderPage({ title, mark, main, footer }: Page): string {
  const styles = stylesFor(mark);
  const styleHash = createHash('sha256').update(styles).digest('base64');
  const policy = `default-src 'none'; style-src 'sha256-${styleHash}'; base-uri 'none'; form-action 'none'`;
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${trusted(policy)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>${mark === undefined ? '' : `[${mark.chip}] `}${title}</title>
<style>${trusted(styles)}</style>
</head>
<body>
${mark !== undefined && html`<aside class="ribbon">${mark.ribbon}</aside>`}
<main>
${main}</main>
<footer><p>${footer}${mark !== undefined && ` ${mark.ribbon}.`}</p></footer>
</body>
</html>
`.text;
}

export function renderHtml(evidence: Evidence): string {
  const mark = modeMark(evidence);
  const { scope, test, madeBy } = evidence;
  return renderPage({
    title: `${scope.runbook.name}: ${test.verb} ${routeText(test.verb, scope, regionPlace)}`,
    mark,
    main: html`${topSection(evidence)}
${timelineSection(evidence, mark)}
${clockSection(evidence, mark)}
${downtimeSection(evidence, mark)}
${objectivesSection(evidence, mark)}
${dataSection(evidence, mark)}
${nextSection(evidence, mark)}
${issuesSection(evidence, mark)}
${deviationsSection(evidence, mark)}
${leftOutSection(evidence, mark)}
${stepsSection(evidence, mark)}
${checksSection(evidence, mark)}
${changesSection(evidence, mark)}
${probesSection(evidence, mark)}
${logSection(evidence, mark)}
${callsSection(evidence, mark)}
${scopeSection(evidence, mark)}
${signOffSection(evidence, mark)}
${integritySection(evidence, sha256(evidenceText(evidence)), mark)}
`,
    footer: `Made by ${madeBy.name} ${madeBy.version} from the journal of run ${test.id} and nothing else, as of its last record, ${utcDateTime(evidence.asOf)}.`,
  });
}

import { html, type Html, type HtmlValue } from '../escape.ts';
import type { Evidence, EvidenceObjective } from '../evidence-schema.ts';
import { formatCount, plural } from '../../base/plural.ts';
import { formatFigure, formatMs, regionPlace, routeText, utcDateTime } from '../format.ts';
import { requestLines } from '../requests.ts';
import { pill, type Tone } from '../tables.ts';

/** Title, verdict and the big figures: what somebody reads who reads nothing else. */
export function topSection(evidence: Evidence): Html {
  const { scope, test, clock, verdict } = evidence;
  return html`<header>
<p class="over">Report of a ${test.verb} · ${utcDateTime(clock.startedAt)}</p>
<h1>${scope.runbook.name}: ${routeText(test.verb, scope, regionPlace)}</h1>
<p class="sub">${routeText(test.verb, scope)} · ${scope.strategy} · run ${test.id}</p>
<p class="verdict ${verdictTone(verdict.word)}">${verdict.sentence}</p>
${evidence.requests.length > 0 && html`<div class="alarm">${requestLines(evidence.requests, evidence.resume ?? undefined).map((line) => html`<p>${line}</p>`)}</div>`}
</header>
<div class="cards">
${evidence.objectives.map((o) => objectiveCard(o))}
${failureCard(evidence)}${downtimeCard(evidence)}${lossCard(evidence)}${openCard(evidence)}
</div>
`;
}

/** The colour of a verdict. Only "met" is good. */
export function verdictTone(word: Evidence['verdict']['word']): Tone {
  switch (word) {
    case 'met':
      return 'good';
    case 'missed':
    case 'failed':
      return 'bad';
    case 'unfinished':
      return 'mute';
    default:
      return 'warn';
  }
}

/** The colour of one objective's verdict. */
export function objectiveTone(verdict: EvidenceObjective['verdict']): Tone {
  return verdict === 'met' ? 'good' : verdict === 'missed' ? 'bad' : verdict === 'not applicable' ? 'mute' : 'warn';
}

function card(title: string, tag: HtmlValue, big: HtmlValue, ...lines: HtmlValue[]): Html {
  return html`<div class="card"><h2><span>${title}</span>${tag}</h2>${big}${lines}</div>
`;
}

function objectiveCard(o: EvidenceObjective): Html {
  const title = o.name === 'RTO' ? 'RTO, from impact' : 'RPO, bound on loss';
  const tag = pill(objectiveTone(o.verdict), o.verdict);
  const objective = html`<small> of ${formatMs(o.objectiveMs)}</small>`;
  if (o.actualMs === null) {
    return card(title, false, html`<p class="big nm">${o.verdict === 'not applicable' ? o.verdict : html`not measured${objective}`}</p>`, html`<p>${o.because}</p>`);
  }
  const value = `${o.name === 'RPO' ? '≤ ' : o.atLeast ? '≥ ' : ''}${formatMs(o.actualMs)}`;
  return card(title, tag, html`<p class="big">${value}${objective}</p>`, meter(o.actualMs, o.objectiveMs, o.verdict), html`<p>${o.because}</p>`);
}

/** How much of the objective was used up. */
function meter(actualMs: number, objectiveMs: number, verdict: EvidenceObjective['verdict']): Html {
  const share = objectiveMs <= 0 ? 1 : Math.min(1, actualMs / objectiveMs);
  const tone = verdict === 'met' ? 'good' : verdict === 'missed' ? 'bad' : 'mute';
  return html`<svg class="meter" viewBox="0 0 100 6" preserveAspectRatio="none" aria-hidden="true"><rect class="rest" width="100" height="6"/><rect class="${tone}" width="${Math.max(1, share * 100).toFixed(1)}" height="6"/></svg>`;
}

function failureCard(evidence: Evidence): Html | false {
  const figure = evidence.clock.timeToFailure;
  if (figure === null) return false;
  const refused = evidence.verdict.word === 'refused';
  return card(
    refused ? 'Time to refusal' : 'Time to failure',
    pill(refused ? 'warn' : 'bad', evidence.verdict.word),
    html`<p class="big">${formatFigure(figure)}</p>`,
    html`<p>From the start of the run. It is not an RTO.</p>`,
  );
}

function downtimeCard(evidence: Evidence): Html {
  const { lab, downtime } = evidence;
  if (lab !== null && lab.clientDowntimeMs !== null) {
    const note = 'Last good response before to first good response after.';
    return card('Downtime a user saw', false, html`<p class="big">${formatMs(lab.clientDowntimeMs)}</p>`, html`<p>${note}</p>`);
  }
  if (downtime.ms === null) {
    return card('Downtime', false, html`<p class="big nm">not measured</p>`, html`<p>${downtime.because}</p>`);
  }
  return card('Downtime', false, html`<p class="big">${downtime.atLeast ? '≥ ' : ''}${formatMs(downtime.ms)}</p>`, html`<p>${downtime.because}</p>`);
}

/** What somebody still has to do. */
function openCard({ issues, protection, signOffs }: Evidence): Html {
  const open = issues.filter(({ closed }) => closed === null);
  const bare = protection.state === 'unprotected' && html`<p>${pill('bad', 'no standby')} since ${utcDateTime(protection.since ?? '')}</p>`;
  const due = open.map((issue) => issue.due).sort()[0];
  const signed = signOffs.filter(({ verified }) => verified !== 'not valid').map(({ name }) => name);
  return card(
    'Still open',
    false,
    html`<p class="big">${open.length}<small> ${open.length === 1 ? 'issue' : 'issues'}</small></p>`,
    bare,
    due !== undefined && html`<p>The next is due on ${due}.</p>`,
    html`<p>${signed.length === 0 ? 'Not signed off.' : `Signed off by ${signed.join(', ')}.`}</p>`,
  );
}

function lossCard({ lab }: Evidence): Html | false {
  if (lab === null) return false;
  const share = `Of ${plural(lab.acknowledged, 'acknowledged order')}`;
  const span = lab.lost === 0 ? 'The ledger found every order again.' : `The lost orders span ${formatMs(lab.lostSpanMs)}.`;
  return card('True loss, by the ledger', false, html`<p class="big">${formatCount(lab.lost)}<small> lost</small></p>`, html`<p>${share}. ${span}</p>`);
}

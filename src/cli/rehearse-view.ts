import type { Figures } from '../app/rehearse/one.ts';
import type { Proof } from '../app/rehearse/prove.ts';
import type { RehearseResult } from '../app/rehearse/rehearse.ts';
import type { Distribution, Share } from '../app/rehearse/statistics.ts';
import { formatDuration } from '../base/duration.ts';
import type { JournalRecord } from '../journal/events.ts';
import { histogram, histogramSvg } from '../report/histogram.ts';
import { regionName } from './names.ts';
import { columns, fit, indent, type Painter } from './text.ts';
import { attribute, type Case, caseText } from '../report/formats/junit.ts';
import { createHash } from 'node:crypto';
import { type Html, html, trusted } from '../report/escape.ts';

const time = (ms: number | null): string => (ms === null ? 'unknown' : formatDuration(ms));
const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;
const shareText = ({ share, low, high }: Share): string => `${percent(share)} (${percent(low)} to ${percent(high)})`;

function percentiles(name: string, one: Distribution & { objectiveMs?: number; met?: Share | null }): string[] {
  const met = one.met === undefined ? '' : one.met === null ? 'does not apply' : `within ${time(one.objectiveMs ?? null)} in ${shareText(one.met)}`;
  return [name, time(one.p50), time(one.p95), time(one.p99), met];
}

/** Each duration with its source; where a row does not fit, the source stands on a line of its own. */
function durationLines(durations: RehearseResult['durations'], room: number | undefined): string[] {
  const rows = columns(durations.map(({ name, p50Ms, p95Ms }) => [`  ${name.replace(/Ms$/, '')}`, `${time(p50Ms)} / ${time(p95Ms)}`]));
  return durations.flatMap(({ source }, i) => {
    const row = rows[i] ?? '';
    const one = `${row.padEnd(Math.max(...rows.map((other) => other.length)))}  ${source}`;
    return room === undefined || one.length <= room ? [one] : [row, `      ${source}`];
  });
}

/** What came from the account and what did not; nothing of it is left out. */
function worldLines(world: RehearseResult['world'], paint: Painter): string[] {
  if (world.from === 'runbook') return [];
  return [
    `From the account ${world.account} at ${world.at}:`,
    ...world.seen.map((text) => `  ${text}`),
    '',
    'From the runbook, not from the account:',
    ...world.assumed.map((text) => `  ${text}`),
    '',
    ...(world.unlike.length === 0 ? ['Of what was read the simulator can say everything that a failover asks for.'] : [paint('yellow', 'The simulator cannot say it as the account has it:'), ...world.unlike.map((text) => `  ${text}`)]),
    '',
  ];
}

/** What N rehearsals say. Every line of it is of a simulation. */
export function rehearseText(result: RehearseResult, paint: Painter, width: number | undefined): string {
  const { summary, cost, runbook } = result;
  const { rto, rpo, trueLoss, deciding, unrecovered, worst, recovered, resumed } = summary;
  const lines = [
    `${paint('bold', `Simulated: ${summary.runs} failovers of ${runbook.name}`)}, ${regionName(result.source)} → ${regionName(result.target)}`,
    '',
    ...columns([['', 'P50', 'P95', 'P99', 'OBJECTIVE'], percentiles('RTO', rto), percentiles('RPO (bound)', rpo), ...(trueLoss.measured === 0 ? [] : [percentiles('true loss', trueLoss)])]),
    '',
    `recovered     ${shareText(recovered)}; a person had to start again in ${percent(resumed.share)}`,
    '',
    'RTO, of all rehearsals:',
    indent(histogram(result.rtoMs, rto.objectiveMs, Math.max(20, Math.min(60, (width ?? 80) - 30))).join('\n'), 2),
    '',
    'What decides it (time on the slowest way, P50 / P95):',
    ...columns(deciding.map(({ title, p50, p95, largestIn }) => [`  ${title}`, `${time(p50)} / ${time(p95)}`, largestIn === 0 ? '' : `largest in ${percent(largestIn / Math.max(1, recovered.of * recovered.share))}`])),
    ...(unrecovered.length === 0 ? [] : ['', paint('yellow', 'Did not recover:'), ...unrecovered.map(({ because, runs, seed, observed }) => `  ${runs}  ${because}${observed === undefined ? '' : `: ${observed}`}  --seed ${seed}`)]),
    '',
    `Slowest: ${worst.map(({ seed, rtoMs, outcome }) => `--seed ${seed} (${rtoMs === null ? outcome : time(rtoMs)})`).join(', ')}`,
    '',
    ...worldLines(result.world, paint),
    'Assumed:',
    ...result.assumptions.map((text) => `  ${text}`),
    '',
    'Assumed durations (P50 / P95) and where they come from:',
    ...durationLines(result.durations, width),
    '',
    ...result.assertions.map(({ text, holds, because }) => `${paint(holds ? 'green' : 'red', holds ? 'holds ' : 'FAILS ')} ${text}: ${because}`),
    `${paint('dim', `${cost.seconds.toFixed(1)} s on ${cost.threads} ${cost.threads === 1 ? 'thread' : 'threads'}, ${cost.cpuMsPerRun.toFixed(1)} ms of processor a rehearsal.`)} ${result.ok ? paint('green', 'Good enough, in simulation.') : paint('red', result.assertions.length > 0 ? 'An assertion fails.' : 'An objective is kept in fewer than 95 of 100.')}`,
  ];
  return fit(lines.join('\n'), width);
}

export function proveText(name: string, way: string, proofs: readonly Proof[], paint: Painter, width: number | undefined): string {
  const planted = proofs.filter(({ end }) => end !== 'not applicable');
  const bad = planted.filter(({ ok }) => !ok);
  const others = proofs.filter(({ end }) => end === 'not applicable').map((one) => one.name);
  return fit([
    `${paint('bold', `Simulated: ${planted.length} troubles planted into ${name}`)}, ${way}`,
    '',
    ...columns(planted.map((one) => [paint(one.ok ? 'green' : 'red', one.end), one.what, one.because])),
    '',
    ...(others.length === 0 ? [] : [`Not planted, for the runbook has nothing of the kind: ${others.join(', ')}.`]),
    bad.length === 0 ? paint('green', 'Each was refused or recovered from, in simulation.') : paint('red', `${bad.length} of ${planted.length} were neither refused nor recovered from.`),
  ].join('\n'), width);
}

/** One seed, as its journal has it: times from the loss of the region. */
export function replayText(figures: Figures, records: readonly JournalRecord[], paint: Painter, width: number | undefined): string {
  const first = records[0];
  const began = first?.type === 'run.started' ? (first.impactAt ?? first.at) : 0;
  const lines = records.flatMap((record) => {
    const text = told(record);
    return text === undefined ? [] : [[formatDuration(record.at - began), text]];
  });
  const { seed, outcome, rtoMs, rpoMs, trueLossMs, because } = figures;
  return fit([
    paint('bold', `Simulated: seed ${seed}: ${outcome}${because === undefined ? '' : `, ${because}`}`),
    ...columns(lines).map((line) => `  ${line}`),
    `RTO ${time(rtoMs ?? null)}, RPO bound ${time(rpoMs ?? null)}, true loss ${time(trueLossMs ?? null)}`,
  ].join('\n'), width);
}

function told(record: JournalRecord): string | undefined {
  switch (record.type) {
    case 'run.started':
      return 'a person starts the failover';
    case 'run.resumed':
      return 'a person resumes it';
    case 'step.intent':
      return `${record.step}: acts`;
    case 'step.done':
      return `${record.step}: ${record.because}`;
    case 'step.refused':
      return `${record.step}: refused: ${record.refusal.rule}`;
    case 'step.failed':
      return `${record.step}: failed: ${record.error.message}`;
    case 'probe.changed':
      return `probe ${record.probe}: ${record.up ? 'good' : 'bad'}`;
    case 'run.finished':
      return `ends: ${record.outcome}`;
    default:
      return undefined;
  }
}

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

const STYLES = 'body{font:15px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#222}table{border-collapse:collapse;margin:1rem 0}td,th{border-bottom:1px solid #ddd;padding:.3rem .8rem .3rem 0;text-align:left;vertical-align:top}.mark{background:#fff3cd;padding:.4rem .8rem;font-weight:600}.bad{color:#b71c1c}.good{color:#2e7d32}small{color:#555}';


function table(head: readonly string[], rows: readonly (readonly string[])[]): Html {
  return html`<table><tr>${head.map((cell) => html`<th>${cell}</th>`)}</tr>${rows.map((row) => html`<tr>${row.map((cell) => html`<td>${cell}</td>`)}</tr>`)}</table>`;
}

/** One page that needs nothing else: no script, nothing from outside. */
export function rehearsalPage(result: RehearseResult): string {
  const { summary, runbook } = result;
  const { rto, rpo, trueLoss, recovered } = summary;
  const policy = `default-src 'none'; style-src 'sha256-${createHash('sha256').update(STYLES).digest('base64')}'; base-uri 'none'; form-action 'none'`;
  const title = `Simulated: ${summary.runs} failovers of ${runbook.name}`;
  const met = (share: number | undefined) => (share === undefined ? 'does not apply' : percent(share));
  return html`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="${trusted(policy)}"><meta name="viewport" content="width=device-width, initial-scale=1"><title>${title}</title><style>${trusted(STYLES)}</style></head>
<body>
<p class="mark">Simulated: a model in simulated time. Nothing real was touched, and nothing was measured on AWS.</p>
<h1>${title}</h1>
<p>${regionName(result.source)} is lost, ${regionName(result.target)} becomes active. Runbook ${runbook.path}, sha256 ${runbook.sha256}. Seeds ${result.seeds.from} to ${result.seeds.to}.</p>
${table(['', 'p50', 'p95', 'p99', 'objective', 'kept in'], [
  ['RTO', time(rto.p50), time(rto.p95), time(rto.p99), time(rto.objectiveMs), met(rto.met.share)],
  ['RPO (bound)', time(rpo.p50), time(rpo.p95), time(rpo.p99), time(rpo.objectiveMs), met(rpo.met?.share)],
  ['true loss', time(trueLoss.p50), time(trueLoss.p95), time(trueLoss.p99), '', ''],
])}
<p>Recovered in ${percent(recovered.share)} (${percent(recovered.low)} to ${percent(recovered.high)} with 95 % confidence).</p>
<h2>RTO</h2>
${trusted(histogramSvg(result.rtoMs, rto.objectiveMs))}
${result.assertions.length === 0 ? '' : html`<h2>Assertions</h2><ul>${result.assertions.map(({ text, holds, because }) => html`<li class="${holds ? 'good' : 'bad'}">${holds ? 'holds' : 'fails'}: ${text}: ${because}</li>`)}</ul>`}
<h2>What decides it</h2>
${table(['step', 'p50', 'p95', 'largest part in'], summary.deciding.map((one) => [one.title, time(one.p50), time(one.p95), String(one.largestIn)]))}
${summary.unrecovered.length === 0 ? '' : html`<h2>Did not recover</h2>${table(['rehearsals', 'why', 'replay'], summary.unrecovered.map(({ because, runs, seed }) => [String(runs), because, `--seed ${seed}`]))}`}
<h2>Slowest</h2>
${table(['seed', 'RTO', 'end'], summary.worst.map(({ seed, rtoMs, outcome }) => [String(seed), time(rtoMs), outcome]))}
<h2>Assumed</h2>
<ul>${result.assumptions.map((text) => html`<li>${text}</li>`)}</ul>
${table(['what', 'p50', 'p95', 'source'], result.durations.map(({ what, p50Ms, p95Ms, source }) => [what, time(p50Ms), time(p95Ms), source]))}
<p><small>${result.cost.seconds.toFixed(1)} s, ${result.cost.cpuMsPerRun.toFixed(1)} ms of processor a rehearsal.</small></p>
</body></html>
`.text;
}

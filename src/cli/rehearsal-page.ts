import { createHash } from 'node:crypto';
import type { RehearseResult } from '../app/rehearse/rehearse.ts';
import { formatDuration } from '../base/duration.ts';
import { type Html, html, trusted } from '../report/escape.ts';
import { histogramSvg } from '../report/histogram.ts';
import { regionName } from './names.ts';

const STYLES = 'body{font:15px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#222}table{border-collapse:collapse;margin:1rem 0}td,th{border-bottom:1px solid #ddd;padding:.3rem .8rem .3rem 0;text-align:left;vertical-align:top}.mark{background:#fff3cd;padding:.4rem .8rem;font-weight:600}.bad{color:#b71c1c}.good{color:#2e7d32}small{color:#555}';

const time = (ms: number | null): string => (ms === null ? 'unknown' : formatDuration(ms));
const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;

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

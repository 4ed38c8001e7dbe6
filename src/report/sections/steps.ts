import { html, type Html, type HtmlValue } from '../escape.ts';
import type { Evidence, EvidenceStep } from '../evidence-schema.ts';
import { formatMs, formatRound, utcTime } from '../format.ts';
import type { ModeMark } from '../mode.ts';
import { code, list, pill, section, table, type Tone } from '../tables.ts';

const READS = /^(Describe|Get|List|Head|Select|Test|Lookup)/;

const STATES: Record<EvidenceStep['state'], [Tone, string]> = {
  done: ['good', 'done'],
  simulated: ['warn', 'simulated'],
  skipped: ['mute', 'skipped'],
  failed: ['bad', 'failed'],
  refused: ['warn', 'refused'],
  undone: ['warn', 'undone'],
  unmet: ['warn', 'still open'],
  'not-run': ['mute', 'not run'],
  unfinished: ['mute', 'not finished'],
};

/** Every step: when, how long against expected, how it ended, and the request ids of what it changed. */
export function stepsSection(evidence: Evidence, mark: ModeMark | undefined): Html {
  const columns = [
    { head: '#', number: true },
    { head: 'Step', wide: true },
    { head: 'Result', wide: true },
    { head: 'Started (UTC)', number: true },
    { head: 'Took', number: true },
    { head: 'Expected', number: true },
    { head: 'Changing calls, AWS request ids' },
  ];
  const rows = evidence.steps.map((step, i): HtmlValue[] => [
    i + 1,
    html`${step.title}<span class="why">${code(step.id)}${tags(step)}</span>`,
    html`${stepPill(step, evidence)}<span class="why">${step.state !== 'not-run' ? step.because : step.answeredAt === null ? '' : `last answer, at ${utcTime(step.answeredAt)}: ${step.because}`}</span>`,
    step.startedAt === null ? '–' : utcTime(step.startedAt),
    step.ms === null ? '–' : formatMs(step.ms),
    step.expected.p95Ms > 0 ? html`<span title="${step.expected.basis}">${formatRound(step.expected.p50Ms)}–${formatRound(step.expected.p95Ms)}</span>` : '–',
    list(step.calls.filter((call) => !READS.test(call.operation)).map(sayCall), step.callCount === 0 ? 'no AWS call' : `reads only (${step.callCount})`),
  ]);
  return section('Steps', mark, html`<p class="why">Expected: half of all runs take at most the first figure, 95 % at most the second.</p>`, table(columns, rows, mark, 'the plan has no steps'));
}

/** Green is only what was made, was there, or was passed: a signal is neither good nor bad, and what was not made is not done. */
function stepPill(step: EvidenceStep, { changes }: Evidence): Html {
  const [tone, word] = STATES[step.state];
  if (step.state === 'done') {
    if (step.says !== null) return pill('mute', step.says);
    if (changes.some((change) => change.step === step.id && change.made === 'not made')) return pill('warn', 'not made');
    return pill(tone, step.gate ? 'passed' : word);
  }
  if (step.state === 'failed' && step.optional) return pill('warn', 'failed (optional)');
  return pill(tone, word);
}

function tags(step: EvidenceStep): string {
  const words: string[] = [step.reversibility];
  if (step.gate) words.push('gate');
  if (step.optional) words.push('optional');
  if (step.attempts > 1) words.push(`${step.attempts} attempts`);
  return ` · ${words.join(' · ')}`;
}

function sayCall(call: EvidenceStep['calls'][number]): Html {
  return html`${call.operation} <span class="why">${call.service} · ${call.region}</span> ${code(call.requestId ?? 'no request id')}${call.error !== null && html` ${pill('bad', call.error)}`}`;
}

export function checksSection(evidence: Evidence, mark: ModeMark | undefined): Html {
  const checked = evidence.steps.filter((step) => step.check !== 'none');
  const checks = table(
    [{ head: 'Step' }, { head: 'Check' }, { head: 'Warnings' }],
    checked.map((step) => [code(step.id), pill(step.check === 'passed' ? 'good' : 'bad', step.check), list(step.warnings, '–')]),
    mark,
    'No check was recorded.',
  );
  const gates = table(
    [{ head: 'Gate' }, { head: 'Decision' }, { head: 'Because' }],
    evidence.steps.filter((step) => step.gate).map((step) => [html`${step.title}<span class="why">${code(step.id)}</span>`, stepPill(step, evidence), step.because]),
    mark,
    'The plan has no gate.',
  );
  const refusals = evidence.steps.flatMap((step) => (step.refusal === null ? [] : [{ id: step.id, ...step.refusal }]));
  return section(
    'Checks and gates',
    mark,
    ...signals(evidence, mark),
    html`<h3>Checks before the first change</h3>`,
    checks,
    html`<h3>Gates</h3>`,
    gates,
    html`<h3>Refusals</h3>`,
    table(
      [{ head: 'Rule' }, { head: 'Observed' }, { head: 'Age', number: true }, { head: 'Threshold' }, { head: 'Consequence' }, { head: 'Override' }],
      refusals.map((r) => [
        html`${r.rule}<span class="why">${code(r.id)}</span>`,
        r.observed,
        r.ageMs === null ? 'now' : formatMs(r.ageMs),
        r.threshold,
        r.consequence,
        code(r.override),
      ]),
      mark,
      'Nothing was refused.',
    ),
  );
}

function signals({ assessment }: Evidence, mark: ModeMark | undefined): Html[] {
  const tones: Record<string, Tone> = { down: 'bad', up: 'good' };
  return [
    html`<h3>Is the source down?</h3><p>${pill('mute', assessment.verdict ?? 'not judged')} ${assessment.because}</p>`,
    table(
      [{ head: 'Signal' }, { head: 'Seen from' }, { head: 'Says' }, { head: 'Because', wide: true }],
      assessment.signals.map((s) => [s.name, s.vantage, pill(tones[s.says] ?? 'mute', s.says), s.because]),
      mark,
      'No signal was recorded.',
    ),
  ];
}

export function changesSection(evidence: Evidence, mark: ModeMark | undefined): Html {
  const tones = { made: 'good', requested: 'bad', 'no change needed': 'mute', 'not made': 'warn', undone: 'warn' } as const;
  const rows = evidence.changes.map((c) => [code(c.resource), c.field, c.before, c.after, html`${pill(tones[c.made], c.made)}<span class="why">${c.because}</span>`, code(c.step)]);
  const columns = [{ head: 'Resource' }, { head: 'Field' }, { head: 'Before' }, { head: 'After' }, { head: 'By this run', wide: true }, { head: 'Step' }];
  return section('What changed', mark, table(columns, rows, mark, 'The plan changes nothing.'));
}

/** Everything that did not go as planned, with room for owner and due date. */
export function deviationsSection(evidence: Evidence, mark: ModeMark | undefined): Html {
  const rows = evidence.deviations.map((d) => [d.at === null ? '–' : utcTime(d.at), d.sort, d.step === null ? 'the run' : code(d.step), d.text, '', '']);
  const columns = [{ head: 'UTC', number: true }, { head: 'Sort' }, { head: 'Where' }, { head: 'What', wide: true }, { head: 'Owner (by hand)' }, { head: 'Due (by hand)' }];
  const missing = evidence.steps.filter((step) => step.state === 'not-run' || step.state === 'unfinished');
  return section(
    'Deviations',
    mark,
    table(columns, rows, mark, 'None was recorded.'),
    missing.length > 0 && html`<h3>Steps that did not run to an end</h3><p>${list(missing.map((step) => html`${step.title} ${code(step.id)}`))}</p>`,
  );
}

export function callsSection(evidence: Evidence, mark: ModeMark | undefined): Html {
  const rows = evidence.steps.flatMap((step) =>
    step.calls.map((c) => [utcTime(c.at), code(step.id), `${c.service}.${c.operation}`, c.region, formatMs(c.ms), code(c.requestId ?? '–'), c.error ?? '']),
  );
  const made = evidence.steps.reduce((sum, step) => sum + step.callCount, 0);
  const columns = [{ head: 'UTC', number: true }, { head: 'Step' }, { head: 'Call' }, { head: 'Region' }, { head: 'Took', number: true }, { head: 'AWS request id' }, { head: 'Error' }];
  const cut = made > rows.length && html`<p class="why">${rows.length} of ${made} calls; the journal keeps the last ones of each step.</p>`;
  return section('AWS calls', mark, cut, table(columns, rows, mark, 'No AWS call was journaled.'));
}

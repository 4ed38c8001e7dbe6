import type { Evidence, EvidenceObjective, EvidenceStep } from '../evidence-schema.ts';
import { escapeText } from '../escape.ts';

/* A run as JUnit XML: a test case for each objective and for each step. */

/** A run as a suite of tests. What was not measured has failed: it was to be shown, and was not. */
export function renderJunit(evidence: Evidence): string {
  const { test, scope, clock, verdict } = evidence;
  const name = `${scope.runbook.name} ${test.verb} ${test.kind}`;
  const cases = [runCase(evidence), ...evidence.objectives.map((o) => objectiveCase(o, name)), ...evidence.steps.map((step) => stepCase(step, name, isEnded(evidence)))];
  const count = (element: string): number => cases.filter(({ result }) => result?.element === element).length;
  const seconds = secondsOf(clock.endedAt === null ? null : Date.parse(clock.endedAt) - Date.parse(clock.startedAt));
  const counts = `tests="${cases.length}" failures="${count('failure')}" errors="${count('error')}"`;
  const properties = { run: test.id, verdict: verdict.word, account: scope.account, source: scope.source, target: scope.target, runbook_sha256: scope.runbook.sha256, plan: scope.plan.hash, journal_head: evidence.integrity.head };
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites name="dr" ${counts} time="${seconds}">`,
    `  <testsuite name="${attribute(name)}" id="${attribute(test.id)}" ${counts} skipped="${count('skipped')}" time="${seconds}" timestamp="${clock.startedAt.slice(0, 19)}" hostname="${attribute(evidence.people.operator.host)}">`,
    '    <properties>',
    ...Object.entries(properties).map(([key, value]) => `      <property name="${key}" value="${attribute(value)}"/>`),
    '    </properties>',
    ...cases.map(caseText),
    '  </testsuite>',
    '</testsuites>',
    '',
  ].join('\n');
}

/** It went to its end, whatever it measured. */
function isEnded({ verdict }: Pick<Evidence, 'verdict'>): boolean {
  return verdict.word === 'met' || verdict.word === 'missed' || verdict.word === 'not measured';
}

/** The run as a whole, so that one that was refused before any step has failed too. */
function runCase({ verdict, test, scope }: Evidence): Case {
  const base = { name: `${test.verb} of ${scope.runbook.name}`, classname: `${scope.runbook.name} ${test.verb} ${test.kind}`, seconds: 0 };
  return isEnded({ verdict }) ? base : { ...base, result: { element: 'failure', type: verdict.word, message: verdict.sentence, text: '' } };
}

function objectiveCase({ name, verdict, actualMs, because }: EvidenceObjective, suite: string): Case {
  const base = { name: `objective ${name}`, classname: suite, seconds: Number(secondsOf(actualMs)) };
  if (verdict === 'met') return base;
  return { ...base, result: { element: verdict === 'not applicable' ? 'skipped' : 'failure', type: verdict, message: `${name} ${verdict}: ${because}`, text: '' } };
}

const SKIPPED: ReadonlySet<EvidenceStep['state']> = new Set(['skipped', 'simulated', 'not-run', 'unfinished']);

/** What a drill has made is undone at its end: that is no failure of the step. */
function stepCase(step: EvidenceStep, suite: string, ended: boolean): Case {
  const base = { name: `${step.id}: ${step.title}`, classname: suite, seconds: Number(secondsOf(step.ms)) };
  const said = { message: step.error?.message ?? step.because, text: [...(step.error?.next ?? []), ...(step.refusal === null ? [] : [`override: ${step.refusal.override}`])].join('\n') };
  if (step.state === 'done' || (step.state === 'undone' && ended)) return base;
  if (SKIPPED.has(step.state) || step.state === 'undone' || (step.optional && step.state === 'failed')) return { ...base, result: { element: 'skipped', type: step.state, ...said, text: '' } };
  return { ...base, result: { element: step.check === 'failed' ? 'error' : 'failure', type: step.state, ...said } };
}

function secondsOf(ms: number | null): string {
  return ((ms ?? 0) / 1000).toFixed(3);
}

/* JUnit XML, as CI systems read it. https://github.com/jenkinsci/xunit-plugin (junit-10.xsd), https://docs.gitlab.com/ci/testing/unit_test_reports/ */

export interface Case {
  name: string;
  classname: string;
  seconds: number;
  /** An element of the case, with its type, message and text. */
  result?: { element: 'failure' | 'error' | 'skipped'; type: string; message: string; text: string };
}

export function caseText({ name, classname, seconds, result }: Case): string {
  const open = `    <testcase name="${attribute(name)}" classname="${attribute(classname)}" time="${seconds.toFixed(3)}"`;
  if (result === undefined) return `${open}/>`;
  const { element, type, message, text } = result;
  return `${open}>\n      <${element} type="${attribute(type)}" message="${attribute(message)}">${attribute(text)}</${element}>\n    </testcase>`;
}

/** Safe in XML 1.0, which has no place for some characters. */
export function attribute(text: string): string {
  return escapeText(text.toWellFormed().replace(/[\ufffe\uffff]/g, '\ufffd'));
}

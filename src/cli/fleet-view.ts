import { plural } from '../base/plural.ts';
import type { FleetPlan, FleetResult } from '../app/fleet/fleet.ts';
import { type FleetOutcome, isGood } from '../app/fleet/outcome.ts';
import type { FleetPreviews } from '../app/fleet/plans.ts';
import { DrError, messageOf } from '../base/errors.ts';
import { formatDuration } from '../base/duration.ts';
import type { Preview } from '../engine/preview.ts';
import type { Plan } from '../model/plan.ts';
import type { Acceptances } from '../model/step.ts';
import { criticalPath } from '../plan/feasibility.ts';
import type { ConfirmIo } from './confirm.ts';
import { regionName, resumeCommand } from './names.ts';
import { resumable, runJson, standing } from './run-view.ts';
import { fleetPreviewText, refusedCount } from './fleet-preview.ts';
import { columns, fit, indent, type Painter, width } from './text.ts';

/** What a person types, or gives with `--confirm`, for many applications: how many, and where. */
export function fleetWord(plan: FleetPlan): string {
  return `${movedBy(plan)}@${plan.region}`;
}

function movedBy(plan: FleetPlan): number {
  return plan.members.filter((m) => m.state === 'planned').length;
}

/** Many plans as a table, in the order in which they run; where it does not fit, two lines an application. `room`: of the terminal, undefined: any. */
export function fleetPlanText(plan: FleetPlan, paint: Painter, room?: number): string {
  const rows = plan.members.map((member) => {
    const order = [...member.needs.map((name) => `after ${name}`), ...member.follows.map((name) => `shares resources with ${name}`)].join(', ');
    if (member.state === 'failed') return [member.name, '', '', '', `cannot be planned: ${member.error.message}`];
    if (member.state === 'there') return [member.name, '', '', '', `skipped: ${member.because}`];
    const { p50, p95 } = criticalPath(member.plan);
    return [member.name, member.plan.source, String(member.plan.steps.length), `${seconds(p50)} / ${seconds(p95)}`, [noReturn(member.plan), order].filter((part) => part !== '').join('; ')];
  });
  const sources = new Set(plan.members.flatMap((member) => (member.state === 'planned' ? [member.plan.source] : [])));
  // Where all come from one region it stands above.
  const [only] = sources.size === 1 ? sources : [];
  const cells = (row: readonly string[]): readonly string[] => (only === undefined ? row : row.toSpliced(1, 1));
  const table = columns([['RUNBOOK', 'FROM', 'STEPS', 'P50 / P95', 'IRREVERSIBLE; ORDER'], ...rows].map(cells)).map((line) => indent(line, 2));
  const fits = room === undefined || table.every((line) => width(line) <= room);
  const expected = fleetExpected(plan);
  const [moved, all] = [movedBy(plan), plan.members.length];
  return [
    paint('bold', fit(`failover of ${moved === all ? '' : `${moved} of `}${plural(all, 'application')}${only === undefined ? '' : ` from ${regionName(only)}`} to ${regionName(plan.region)}`, room)),
    ...(fits ? table : rows.map((row) => fit(twoLines(row), room))),
    ...plan.notes.map((note) => fit(`Note: ${note}.`, room)),
    fit(`Expected: about ${seconds(expected.p50)} (p50), ${seconds(expected.p95)} (p95) on AWS, all together.`, room),
  ].join('\n');
}

/** The steps of a plan that cannot be taken back. */
function noReturn({ steps }: Plan): string {
  const titles = steps.filter((step) => step.reversibility === 'point-of-no-return').map(({ title }) => title);
  return titles.length === 0 ? 'none' : titles.join(', ');
}

function twoLines([name = '', from = '', steps = '', times = '', rest = '']: readonly string[]): string {
  return from === '' ? `  ${name}\n    ${rest}` : `  ${name}: from ${from}, ${steps} steps, ${times}\n    irreversible: ${rest}`;
}

/** The longest way through all applications, seconds. Members come in order. */
function fleetExpected(plan: FleetPlan): { p50: number; p95: number } {
  const ends = new Map<string, { p50: number; p95: number }>();
  for (const member of plan.members) {
    const before = [...member.needs, ...member.follows].map((name) => ends.get(name) ?? { p50: 0, p95: 0 });
    const own = member.state === 'planned' ? criticalPath(member.plan) : { p50: 0, p95: 0 };
    ends.set(member.name, { p50: Math.max(0, ...before.map((b) => b.p50)) + own.p50, p95: Math.max(0, ...before.map((b) => b.p95)) + own.p95 });
  }
  const all = [...ends.values()];
  return { p50: Math.max(0, ...all.map((e) => e.p50)), p95: Math.max(0, ...all.map((e) => e.p95)) };
}

/** One confirmation for all: how many applications, and the region. @throws DrError `declined` in every other case. */
export async function confirmFleet(plan: FleetPlan, accepted: Acceptances, given: string | undefined, io: ConfirmIo, paint: Painter, look?: () => Promise<FleetPreviews>): Promise<'typed' | 'flag'> {
  const word = fleetWord(plan);
  const declined = (code: string, title: string): DrError =>
    new DrError({ code, exit: 'declined', title: `${title} Nothing was done.`, next: [`dr failover --region ${plan.region} --confirm ${word}`] });
  if (given !== undefined) {
    if (given === word) return 'flag';
    throw declined('CONFIRMATION_MISMATCH', `--confirm says "${given}", but this is ${word}.`);
  }
  if (!io.tty) throw declined('CONFIRMATION_NEEDED', 'A failover needs a confirmation, and there is no terminal to ask.');
  const loss = accepted.dataLossSeconds === undefined ? [] : [`Data loss accepted for every one of them: ${String(accepted.dataLossSeconds)} s.`];
  const seen = look === undefined ? undefined : await refusalsOf(plan, look, io, paint);
  if (seen !== undefined) io.write(`${seen.text}\n\n`);
  io.write(`${[fleetPlanText(plan, paint, process.stderr.columns), ...loss, ...(seen === undefined || seen.count === '' ? [] : [seen.count])].join('\n')}\n`);
  const typed = (await io.ask(`Type the number of applications and the region (${word}) to continue: `)).trim();
  if (typed === word) return 'typed';
  throw declined('NOT_CONFIRMED', `"${typed}" is not "${word}".`);
}

/** What would refuse them, and, to be said last, how many. */
async function refusalsOf(plan: FleetPlan, look: () => Promise<FleetPreviews>, io: ConfirmIo, paint: Painter): Promise<{ text: string; count: string }> {
  io.write('Checking what would refuse them now. Nothing is changed.\n');
  const seen = await look().catch((error: unknown) => messageOf(error));
  if (typeof seen === 'string') return { text: `What would refuse them now could not be checked: ${seen}`, count: '' };
  return { text: fleetPreviewText(plan, seen, process.stderr.columns, paint), count: refusedCount(plan, seen) };
}

/** How all of them ended. */
export function fleetText(result: FleetResult, paint: Painter): string {
  const rows = result.outcomes.map((outcome) => [mark(outcome, paint), outcome.name, endWord(outcome), tookText(outcome), detail(outcome)]);
  const good = result.outcomes.filter(isGood).length;
  const open = result.resumable !== false && result.outcomes.some((o) => o.standing !== 'ran' || (o.result !== undefined && resumable(o.result.state)));
  return [
    ...columns([[' ', 'RUNBOOK', 'STANDS', 'TOOK', 'RUN'], ...rows]),
    ...result.notes.map((note) => `Note: ${note}.`),
    paint('bold', `${good} of ${result.outcomes.length} are active in ${regionName(result.region)}.`),
    ...result.outcomes.flatMap(({ name, result: ran }) => (ran?.state.stoppedDrills ?? []).map((run) => `A drill of ${name} gave way. Delete what it has left: dr drill clean ${run}`)),
    ...(good === result.outcomes.length || !open ? [] : ['To continue: dr resume --all']),
    ...(open && result.outcomes.some(({ error }) => error?.code === 'RUN_IN_PROGRESS') ? ['If the runner that holds them is gone for good: dr takeover --all'] : []),
  ].join('\n');
}

function mark(outcome: FleetOutcome, paint: Painter): string {
  if (outcome.result?.state.outcome === 'succeeded' || outcome.standing === 'active already') return paint('green', '✔');
  return outcome.exit === 'interrupted' ? paint('yellow', '…') : paint('red', '✖');
}

function endWord({ standing: how, result }: FleetOutcome): string {
  return result === undefined ? how : standing(result.state);
}

function tookText({ result }: FleetOutcome): string {
  return result === undefined ? '' : formatDuration(result.state.lastAt - result.state.startedAt);
}

function detail({ result, because }: FleetOutcome): string {
  return result === undefined ? because : result.state.run;
}

/** All of them as `--json` gives them: one document. */
export function fleetJson(result: FleetResult): object {
  return {
    fleet: result.id,
    region: result.region,
    notes: result.notes,
    runbooks: result.outcomes.map(({ name, standing: how, because, exit, result: run, error }) => ({
      runbook: name,
      standing: how,
      because,
      exit,
      ...(error === undefined ? {} : { error: { code: error.code, message: error.message, next: error.next } }),
      ...(run === undefined ? {} : { run: runJson(run.state), summary: run.summary, report: run.report, ...(run.exit === 'ok' ? {} : { resume: resumeCommand(run.state) }) }),
    })),
  };
}

/** Many plans as `--json` gives them. */
export function fleetPlanJson(plan: FleetPlan, previews: FleetPreviews = new Map()): object {
  return {
    region: plan.region,
    confirm: fleetWord(plan),
    expected: fleetExpected(plan),
    notes: plan.notes,
    runbooks: plan.members.map((member) => ({
      runbook: member.name,
      needs: member.needs,
      follows: member.follows,
      state: member.state,
      ...(member.state === 'planned' ? { plan: member.plan, critical: criticalPath(member.plan), ...previewJson(previews.get(member.name)) } : {}),
      ...(member.state === 'there' ? { because: member.because } : {}),
      ...(member.state === 'failed' ? { error: { code: member.error.code, message: member.error.message } } : {}),
    })),
  };
}

function previewJson(seen: Preview | string | undefined): object {
  if (seen === undefined) return {};
  return typeof seen === 'string' ? { notPreviewed: seen } : { preview: seen };
}

function seconds(value: number): string {
  return formatDuration(value * 1_000);
}

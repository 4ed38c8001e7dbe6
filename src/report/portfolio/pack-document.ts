import { iso } from '../../base/clock.ts';
import type { ModeMark } from '../mode.ts';
import { CONTROLS, type Control, type Shown, shownIn } from './controls.ts';
import { type ApplicationView, applicationViews, type ToldRun } from './rows.ts';

/** Bumped when a field changes its meaning or goes away. */
const PACK_SCHEMA = 'dr.evidence/1';

/** Which runs a pack is about. Days in UTC, both included. */
export interface Period {
  from: string;
  to: string;
  /** How old a passed test may be, milliseconds. */
  dueMs: number;
}

/** Everything that the index of a pack says; the page is made from it alone. */
export interface PackDocument extends Period {
  schema: typeof PACK_SCHEMA;
  madeBy: { name: string; version: string };
  /** The end of the period: what is overdue is overdue then. */
  asOf: string;
  applications: ApplicationView[];
  /** Ids of runs before the period that are here because they say how things stand: the last green one, a move without a reprotect. */
  before: string[];
  /** Runs of the period whose journals cannot be read, and why. */
  damaged: { run: string; why: string }[];
  controls: (Control & { here: Shown[] })[];
}

export function startOf({ from }: Period): number {
  return Date.parse(`${from}T00:00:00Z`);
}

/** The first moment after the period. */
export function endOf({ to }: Period): number {
  return Date.parse(`${to}T00:00:00Z`) + 86_400_000;
}

/** Pure: the same runs and period give the same document. */
export function packDocument(runs: readonly ToldRun[], parts: { period: Period; damaged: PackDocument['damaged']; madeBy: PackDocument['madeBy'] }): PackDocument {
  const { period, damaged, madeBy } = parts;
  const asOf = endOf(period);
  const applications = applicationViews(runs, { asOf, dueMs: period.dueMs });
  const shown = shownIn(applications);
  return {
    schema: PACK_SCHEMA,
    madeBy,
    ...period,
    asOf: iso(asOf),
    applications,
    before: runs.flatMap(({ state }) => (state.startedAt < startOf(period) ? [state.run] : [])).sort(),
    damaged,
    controls: CONTROLS.map((control) => ({ ...control, here: control.shown.map((sort) => shown[sort]) })),
  };
}

/** A page that shows nothing of AWS itself says so at its head. */
export function packMark({ applications }: Pick<PackDocument, 'applications'>): ModeMark | undefined {
  if (applications.length === 0 || applications.some(({ mode }) => mode === 'live')) return undefined;
  return { chip: 'NO RUN ON AWS', ribbon: 'NO RUN ON AWS: every run here was made in a lab or simulated' };
}

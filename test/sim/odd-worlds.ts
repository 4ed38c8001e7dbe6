import type { Fault } from '../../src/simulator/seeds.ts';
import { Draw } from './draw.ts';
import type { Chapter, Go, Happening, Scenario } from './scenario.ts';
import { DATABASES } from './shapes.ts';

/*
 * Worlds that do not begin as the textbook has it, and troubles that are no outage. All of it is drawn apart, so that everything else of
 * a seed stays what it was; each has a small share, so that most seeds have none.
 */

const MINUTE = 60_000;

/** In all of them the engine serves: https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/accessing-monitoring.html#Overview.DBInstance.Status */
const LIVING = ['backing-up', 'storage-optimization', 'modifying', 'maintenance', 'configuring-enhanced-monitoring', 'configuring-log-exports', 'upgrading', 'renaming'];

/** Answers that are no answers, of services whose answers decide something. */
const SPEAKERS: readonly Pick<Fault, 'service' | 'operation'>[] = [
  { service: 'rds', operation: 'DescribeDBInstances' },
  { service: 'rds' },
  { service: 'cloudwatch' },
  { service: 'autoscaling', operation: 'DescribeAutoScalingGroups' },
  { service: 'route53', operation: 'ListResourceRecordSets' },
  { service: 'route53', operation: 'GetHealthCheckStatus' },
  { service: 'route53', operation: 'GetChange' },
];

function span(draw: Draw, calmAt: number, least: number, most: number): { at: number; until: number } {
  const at = draw.between(0, Math.max(0, calmAt - MINUTE));
  return { at, until: Math.min(calmAt, at + draw.between(least, most)) };
}

function databaseOf(draw: Draw, scenario: Scenario): string {
  return draw.pick(DATABASES.slice(0, scenario.shape.databases));
}

/** The application is gone, and perhaps the control plane; the database lives, and somebody is connected to it. */
function halfDead(draw: Draw, chapter: Chapter, scenario: Scenario, lists = false): Happening[] {
  if (chapter.verb !== 'failover') return [...chapter.happenings];
  const { source: region, calmAt } = chapter;
  const others = chapter.happenings.filter((h) => !((h.what === 'region-lost' || h.what === 'region-back') && h.region === region));
  const at = draw.between(0, 2 * MINUTE);
  const status = draw.chance(0.5) ? draw.pick(LIVING) : undefined;
  const api = lists ? 'lists' : draw.chance(0.5) ? draw.pick(['hang', 'hang', 'empty'] as const) : 'well';
  return [
    ...others,
    ...(status === undefined ? [] : [{ at, until: calmAt, what: 'status' as const, region, database: databaseOf(draw, scenario), status }]),
    { at, until: calmAt, what: 'half-dead', region, api, silent: draw.chance(0.6) },
  ];
}

function speaker(draw: Draw, region: string): Fault {
  const aim = draw.pick(SPEAKERS);
  const effect: Fault['effect'] = draw.chance(0.7) ? { kind: 'empty' } : { kind: 'error', httpStatus: 403, code: draw.pick(['AccessDenied', 'ExpiredToken']) };
  const times = draw.chance(0.5) ? { times: draw.between(1, 4) } : {};
  return { ...aim, ...(aim.service === 'route53' ? {} : { region }), effect, ...times };
}

/** An answer of another kind: it has the members that belong there, and nothing in them. */
function strange(draw: Draw, region: string): Fault {
  const aim = draw.pick(SPEAKERS);
  const times = draw.chance(0.5) ? { times: draw.between(1, 4) } : {};
  return { ...aim, ...(aim.service === 'route53' ? {} : { region }), effect: { kind: 'foreign', without: draw.pick(['lists', 'elements'] as const) }, ...times };
}

/** Kinds of odd worlds, by name. `SIM_ODD` with some of them, and commas between, draws only those. */
const ODDITIES = ['detached', 'pending', 'first-backup', 'busy', 'half-dead', 'status', 'groups', 'foreign', 'pause', 'scaling', 'foreign-body', 'promoted', 'pages'] as const;
type Oddity = (typeof ODDITIES)[number];

function chosen(): ReadonlySet<string> {
  const said = process.env['SIM_ODD'];
  return new Set(said === undefined || said === 'all' ? ODDITIES : said.split(','));
}

const CHOSEN = chosen();

/** As if there were many more of everything. A journal has hundreds of records: its pages are larger. */
function pages(draw: Draw | undefined): Pick<Scenario, 'pages'> {
  return draw === undefined ? {} : { pages: { items: draw.between(1, 3), keys: draw.between(8, 40) } };
}

/** Minutes. A restored instance that is closed may be opened after it only: a run of three hours tells nothing more. */
function firstBackups({ shape }: Scenario, once: boolean): readonly number[] {
  if (!once) return [5, 15];
  return shape.strategy === 'backup-restore' ? [10, 45] : [10, 45, 180];
}

export function withOddWorld(scenario: Scenario): Scenario {
  const { shape } = scenario;
  const copies = shape.strategy === 'warm-standby' || shape.strategy === 'pilot-light';
  const once = scenario.chapters.length === 1 && scenario.chapters[0]?.verb === 'failover';
  // Each kind has a stream of its own: what one draws changes nothing of another.
  const draw = (kind: Oddity, share: number): Draw | undefined => {
    if (!CHOSEN.has(kind)) return undefined;
    const own = new Draw(scenario.seed ^ 0x0dd1 ^ (ODDITIES.indexOf(kind) << 20));
    return own.chance(share) ? own : undefined;
  };
  const detached = copies && once && shape.third !== true ? draw('detached', 0.04) : undefined;
  const backup = draw('first-backup', 0.1);
  const busy = draw('busy', 0.1);
  const timings = {
    ...scenario.timings,
    ...(backup === undefined ? {} : { firstFullBackupMs: backup.pick(firstBackups(scenario, once)) * MINUTE }),
    ...(busy === undefined ? {} : { busyMs: busy.between(10_000, 120_000) }),
  };
  const promoted = copies && scenario.chapters.length === 1 && scenario.chapters[0]?.verb !== 'reprotect' && shape.third !== true ? draw('promoted', 0.04) : undefined;
  const kinds = { promoted, scaling: draw('scaling', 0.12), body: draw('foreign-body', 0.06), halfDead: draw('half-dead', 0.08), status: draw('status', 0.1), groups: draw('groups', 0.15), foreign: draw('foreign', 0.08), pause: draw('pause', 0.12) };
  return {
    ...scenario,
    timings,
    ...(detached === undefined ? {} : { detachedMs: detached.pick([0, 5, 30, 120]) * MINUTE }),
    ...pages(draw('pages', 0.08)),
    ...(copies && draw('pending', 0.06) !== undefined ? { pending: true as const } : {}),
    chapters: scenario.chapters.map((chapter) => oddChapter(chapter, scenario, kinds)),
  };
}

type Draws = Readonly<Record<'promoted' | 'scaling' | 'body' | 'halfDead' | 'status' | 'groups' | 'foreign' | 'pause', Draw | undefined>>;

function oddChapter(chapter: Chapter, scenario: Scenario, draws: Draws): Chapter {
  const { calmAt } = chapter;
  const side = (draw: Draw): string => (draw.chance(0.5) ? chapter.source : chapter.target);
  const { status, groups, foreign, pause, scaling, body, promoted } = draws;
  const lists = draws.halfDead === undefined && body?.chance(0.25) === true;
  const half = draws.halfDead ?? (lists ? body : undefined);
  const happenings = half === undefined ? [...chapter.happenings] : halfDead(half, chapter, scenario, lists);
  if (status !== undefined) happenings.push({ ...span(status, calmAt, MINUTE, 10 * MINUTE), what: 'status', region: side(status), database: databaseOf(status, scenario), status: status.pick(LIVING) });
  if (groups !== undefined && scenario.shape.compute === 'group') happenings.push({ ...span(groups, calmAt, MINUTE, 6 * MINUTE), what: 'group-trouble', region: chapter.target, trouble: groups.pick(['kms', 'image', 'busy', 'targets']) });
  if (foreign !== undefined) happenings.push({ ...span(foreign, calmAt, 10_000, 3 * MINUTE), what: 'fault', fault: speaker(foreign, side(foreign)) });
  if (scaling !== undefined && scenario.shape.compute === 'group') happenings.push({ ...span(scaling, calmAt, MINUTE, 10 * MINUTE), what: 'group-trouble', region: chapter.target, trouble: scaling.pick(['suspended', 'hook', 'policy']) });
  if (body !== undefined) happenings.push({ ...span(body, calmAt, 10_000, 3 * MINUTE), what: 'fault', fault: strange(body, side(body)) });
  // Once more while most of a run's decisions are made.
  if (body !== undefined && body.chance(0.6)) happenings.push({ ...span(body, Math.min(calmAt, 7 * MINUTE), MINUTE, 3 * MINUTE), what: 'fault', fault: strange(body, side(body)) });
  if (promoted !== undefined) happenings.push({ at: promoted.between(0, Math.max(0, calmAt - MINUTE)), what: 'promoted', region: chapter.target, database: databaseOf(promoted, scenario) });
  const people = pause === undefined ? chapter.people : chapter.people.map((person) => ({ ...person, goes: person.goes.map((go) => paused(pause, go)) }));
  const all = promoted !== undefined && chapter.verb === 'failover' && promoted.chance(0.5) ? lostLater(promoted, happenings, chapter, scenario) : happenings;
  return { ...chapter, happenings: all.sort((x, y) => x.at - y.at), people };
}

/** The copy was promoted minutes before the region was lost, and users wrote to the old writer until then. */
function lostLater(draw: Draw, happenings: readonly Happening[], { source, calmAt }: Chapter, { shape }: Scenario): Happening[] {
  const rest = happenings.filter((h) => !((h.what === 'region-lost' || h.what === 'region-back') && h.region === source));
  const byHand = draw.between(0, MINUTE);
  const lostAt = Math.min(calmAt - MINUTE, byHand + shape.rpoMinutes * MINUTE + draw.between(MINUTE, 4 * MINUTE));
  const moved = rest.map((h) => (h.what === 'promoted' ? { ...h, at: byHand } : h));
  return [...moved, { at: lostAt, what: 'region-lost' as const, region: source }];
}

/** A runner is stopped, and continues later as if nothing had happened: a laptop that sleeps, a machine that is moved. */
function paused(draw: Draw, go: Go): Go {
  return draw.chance(0.5) ? { ...go, pause: { n: draw.between(1, 70), ms: draw.between(20_000, 20 * MINUTE) } } : go;
}

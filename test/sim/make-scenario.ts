import type { Verb } from '../../src/model/verb.ts';
import type { Acceptances } from '../../src/model/step.ts';
import { Draw } from './draw.ts';
import { faultOf, lossOfSource, replicationTrouble, TROUBLE } from './make-trouble.ts';
import { IDEAS, type Idea } from './approvers.ts';
import { withOddWorld } from './odd-worlds.ts';
import { withDrill } from './drill-draw.ts';
import { withTempers } from './people.ts';
import { BOSS, LEAD, type Chapter, type Death, type Go, type Happening, type Person, type Scenario } from './scenario.ts';
import { BUCKET, OSAKA, SEOUL, type Shape, TOKYO } from './shapes.ts';

/*
 * What a seed draws. The order of the draws is part of the seed's meaning.
 */

const MINUTE = 60_000;

function strategyOf(draw: Draw): Shape['strategy'] {
  const n = draw.between(0, 99);
  return n < 64 ? 'warm-standby' : n < 78 ? 'pilot-light' : n < 89 ? 'backup-restore' : 'active-active';
}

function trafficOf(draw: Draw, strategy: Shape['strategy']): Pick<Shape, 'traffic' | 'switch'> {
  if (strategy !== 'active-active') return { traffic: 'route53-failover', switch: draw.pick(['record', 'record', 'record', 'object', 'object', 'health-check']) };
  const traffic = draw.pick(['route53-weighted', 'route53-weighted', 'route53-latency', 'route53-geolocation'] as const);
  return { traffic, switch: traffic !== 'route53-geolocation' && draw.chance(0.3) ? 'health-check' : 'record' };
}

function computeOf(draw: Draw, strategy: Shape['strategy']): Shape['compute'] {
  if (draw.chance(0.3)) return 'none';
  if (strategy === 'pilot-light') return draw.pick(['group', 'instances']);
  return strategy === 'backup-restore' ? draw.pick(['image', 'group']) : 'group';
}

function shapeOf(draw: Draw, verbs: readonly Verb[]): Shape {
  const strategy = strategyOf(draw);
  const planned = verbs.includes('switchover');
  return {
    strategy,
    databases: draw.chance(0.2) ? 2 : 1,
    fence: draw.chance(0.8),
    // Writes are stopped by the login of the canary.
    canary: draw.chance(0.8) || planned,
    ...trafficOf(draw, strategy),
    compute: computeOf(draw, strategy),
    probe: draw.chance(0.85),
    approval: strategy !== 'active-active' && draw.chance(0.5) ? 'named' : 'none',
    own: draw.chance(0.12),
    rpoMinutes: strategy === 'backup-restore' ? 30 : draw.pick([3, 10]),
  };
}

/** Which moves a seed is about, one after the other. */
function movesOf(draw: Draw): Verb[] {
  const n = draw.between(0, 99);
  if (n < 68) return ['failover'];
  if (n < 82) return ['switchover'];
  if (n < 91) return ['failover', 'reprotect'];
  if (n < 94) return ['switchover', 'reprotect'];
  return ['failover', 'reprotect', 'switchover'];
}

function acceptancesOf(draw: Draw): Acceptances {
  const loss = draw.between(0, 9);
  return {
    approvedBy: draw.chance(0.9) ? [BOSS] : ['mallory@example.com'],
    ...(loss === 0 ? { dataLossSeconds: 'unknown' as const } : loss <= 2 ? { dataLossSeconds: draw.pick([1, 60, 600, 7_200]) } : {}),
    ...(draw.chance(0.12) ? { sourceDown: 'alice' } : {}),
    ...(draw.chance(0.3) ? { flap: 'alice' } : {}),
    ...(loss <= 2 ? { reason: 'decided on the bridge' } : {}),
    ...(draw.chance(0.5) ? { done: ['tell-the-bank'] } : {}),
  };
}

/** `calls`: about so many a whole run makes. */
function goOf(draw: Draw, calls: number): Go {
  const death: Death = { at: draw.pick(['record', 'before-call', 'after-call']), n: draw.between(1, calls) };
  return {
    acceptances: acceptancesOf(draw),
    ...(draw.chance(0.4) ? { death } : {}),
    ...(draw.chance(0.15) ? { drainMs: draw.between(100, 10 * MINUTE) } : {}),
    ...(draw.chance(0.06) ? { abort: true as const } : {}),
    restMs: draw.between(1_000, MINUTE),
  };
}

function peopleOf(draw: Draw, calmAt: number, calls: number): Person[] {
  const insists = draw.chance(0.8);
  const first: Person = { name: 'alice', host: 'laptop', startsAt: draw.between(0, 5 * MINUTE), goes: Array.from({ length: draw.between(1, 4) }, () => goOf(draw, calls)), takesOver: false, insists };
  if (!draw.chance(0.2)) return [first];
  const second: Person = { name: 'bob', host: 'desk', startsAt: draw.between(first.startsAt, calmAt), goes: [goOf(draw, calls)], takesOver: draw.chance(0.7), insists };
  return [first, second];
}

/** What goes wrong while regions are moved on purpose: mostly AWS, sometimes a region. */
function plannedTrouble(draw: Draw, chapter: Pick<Chapter, 'source' | 'target'>, shape: Shape, calmAt: number): Happening[] {
  if (!draw.chance(0.15)) return draw.chance(0.2) ? replicationTrouble(draw, shape, calmAt) : [];
  const region = draw.chance(0.7) ? chapter.source : chapter.target;
  const at = draw.between(0, calmAt);
  const lost: Happening = { at, what: 'region-lost', region };
  return draw.chance(0.5) ? [lost, { at: draw.between(at, calmAt), what: 'region-back', region }] : [lost];
}

/** The bucket with the journal and the lock goes away, for all. */
function bucketAway(draw: Draw, calmAt: number): Happening[] {
  const at = draw.between(0, calmAt - MINUTE);
  const effect = draw.pick([{ kind: 'reset' }, { kind: 'hang' }, { kind: 'error', httpStatus: 503, code: 'ServiceUnavailable' }] as const);
  return [{ at, what: 'fault', until: Math.min(calmAt, at + draw.between(10_000, 10 * MINUTE)), fault: { region: BUCKET.region, service: 's3', effect } }];
}

function chapterOf(draw: Draw, verb: Verb, way: { source: string; target: string }, shape: Shape, bucket: boolean): Chapter {
  const calls = bucket ? 300 : 70;
  const calmAt = draw.between(verb === 'failover' ? 6 : 3, verb === 'failover' ? 20 : 10) * MINUTE;
  const trouble = verb === 'failover' ? [...lossOfSource(draw, way.source, calmAt), ...replicationTrouble(draw, shape, calmAt)] : plannedTrouble(draw, way, shape, calmAt);
  const happenings: Happening[] = [
    ...trouble,
    ...(shape.compute === 'group' && draw.chance(0.1) ? [{ at: draw.between(0, calmAt), what: 'capacity' as const, region: way.target, instances: 1 }] : []),
    ...draw.some(verb === 'failover' ? TROUBLE : 3, () => faultOf(draw, way, calmAt)),
    ...(bucket && draw.chance(0.5) ? bucketAway(draw, calmAt) : []),
  ];
  return { verb, ...way, happenings: happenings.sort((a, b) => a.at - b.at), people: peopleOf(draw, calmAt, calls), calmAt };
}

/** Its own network is the trouble: what it does not see is there. */
function cutOffOf(draw: Draw): Pick<Scenario, 'cutOff'> {
  if (!draw.chance(0.06)) return {};
  const at = draw.between(0, 3 * MINUTE);
  return { cutOff: { host: draw.chance(0.8) ? 'laptop' : 'desk', at, until: at + draw.between(MINUTE, 15 * MINUTE) } };
}

/** Of a runbook with approvals, one in three wants signatures. Drawn apart: all else of a seed stays what it was. */
function withSignatures(scenario: Scenario): Scenario {
  const draw = new Draw(scenario.seed ^ 0x516e);
  if (scenario.shape.approval === 'none' || !draw.chance(0.33)) return scenario;
  const idea = (): Idea => ({ what: draw.chance(0.4) ? 'approve' : draw.pick(IDEAS), by: draw.pick([BOSS, LEAD]) });
  const chapters = scenario.chapters.map((chapter) => ({ ...chapter, signing: { everyMs: draw.between(5_000, 2 * MINUTE), ideas: draw.some(10, idea) } }));
  return { ...scenario, shape: { ...scenario.shape, approval: 'signed' }, chapters };
}

/** Instances that take minutes to be of use, and backups that come minutes apart. Drawn apart, too. */
function withSlowThings(scenario: Scenario): Scenario {
  const draw = new Draw(scenario.seed ^ 0x510e);
  if (!draw.chance(0.25)) return scenario;
  const slow = { instanceWarmUpMs: draw.pick([60_000, 150_000, 300_000, 480_000]), backupPeriodMs: draw.pick([60_000, 300_000, 600_000]) };
  return { ...scenario, timings: { ...scenario.timings, ...slow } };
}

/** The same with Tokyo and Osaka exchanged: Osaka is moved to, and Tokyo has nothing to do with it. */
function toOsaka(chapter: Chapter): Chapter {
  const other = (region: string): string => (region === TOKYO ? OSAKA : region === OSAKA ? TOKYO : region);
  const happenings = chapter.happenings.map((h): Happening => {
    if (h.what === 'fault') return h.fault.region === undefined ? h : { ...h, fault: { ...h.fault, region: other(h.fault.region) } };
    return 'region' in h ? { ...h, region: other(h.region) } : h;
  });
  return { ...chapter, source: other(chapter.source), target: other(chapter.target), happenings };
}

/** Of some a third region, with troubles of its own. Users are led by weights then: a failover record has two sides. Drawn apart, too. */
function withThirdRegion(scenario: Scenario): Scenario {
  const draw = new Draw(scenario.seed ^ 0x0553);
  const { shape } = scenario;
  const copies = shape.strategy === 'warm-standby' || shape.strategy === 'pilot-light';
  if (!copies || shape.compute === 'instances' || !draw.chance(0.15)) return scenario;
  const trouble = (calmAt: number): Happening[] => {
    const at = draw.between(0, calmAt - MINUTE);
    const until = draw.between(at, calmAt);
    const region = OSAKA;
    const n = draw.between(0, 9);
    if (n < 2) return [{ at, what: 'region-lost', region }];
    if (n < 4) return [{ at, what: 'region-lost', region }, { at: until, what: 'region-back', region }];
    return n < 7 ? [{ at, what: 'fault', until, fault: { region, effect: draw.pick([{ kind: 'hang' }, { kind: 'throttle' }, { kind: 'reset' }] as const) } }] : [];
  };
  const chapters = scenario.chapters.map((chapter) => ({ ...chapter, happenings: [...chapter.happenings, ...trouble(chapter.calmAt)].sort((a, b) => a.at - b.at) }));
  // The bucket stays in Tokyo, where it is the state of a region that is moved to.
  const osaka = scenario.state === 'folder' && draw.chance(0.4);
  return { ...scenario, shape: { ...shape, third: true, traffic: 'route53-weighted', switch: 'record' }, chapters: osaka ? chapters.map(toOsaka) : chapters };
}

/** The scenario of a seed: always the same. */
export function scenarioOf(seed: number): Scenario {
  return withDrill(withTempers(withOddWorld(textbook(seed))));
}

/** The same, in a world that begins as it should, and with nothing worse than outages and AWS that fails. */
export function textbook(seed: number): Scenario {
  return withThirdRegion(withSlowThings(signed(seed)));
}

/** The same, with two regions, and instances and backups that take a minute at most. */
export function signed(seed: number): Scenario {
  return withSignatures(unsigned(seed));
}

/** The same, with a name on the command line wherever there are signatures. */
export function unsigned(seed: number): Scenario {
  const draw = new Draw(seed);
  const verbs = movesOf(draw);
  const shape = shapeOf(draw, verbs);
  const state = draw.chance(0.12) ? 'bucket' : 'folder';
  const there = { source: SEOUL, target: TOKYO };
  const chapters = verbs.map((verb, i) => chapterOf(draw, verb, verb === 'switchover' && i > 0 ? { source: TOKYO, target: SEOUL } : there, shape, state === 'bucket'));
  const far = draw.chance(0.15);
  const skew = () => (far ? draw.pick([-90_000, -4_000, 0, 700, 30_000, 120_000]) : 0);
  return {
    seed,
    shape,
    timings: {
      promotionMs: draw.pick([20_000, 60_000, 240_000]),
      insyncMs: draw.pick([5_000, 30_000]),
      modifyMs: draw.pick([5_000, 30_000]),
      instanceWarmUpMs: draw.pick([10_000, 60_000]),
      restoreMs: draw.pick([60_000, 400_000]),
      replicaMs: draw.pick([60_000, 300_000]),
      renameMs: 20_000,
      rebootMs: seed % 2 === 0 ? 10_000 : 45_000,
      firstBackupMs: 120_000,
      backupPeriodMs: 60_000,
    },
    lagMs: draw.pick([0, 500, 2_000, 20_000]),
    lagUnknown: verbs[0] === 'failover' && draw.chance(0.04),
    state,
    skew: { laptop: skew(), desk: skew() },
    chapters,
    ...cutOffOf(draw),
  };
}

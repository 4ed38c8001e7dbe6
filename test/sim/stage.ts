import type { Clock } from '../../src/base/clock.ts';
import type { VirtualClock } from '../../src/simulator/virtual-clock.ts';
import type { World } from '../../src/simulator/world.ts';
import type { Effects } from '../../src/effects/effects.ts';
import { simulatedAddress } from '../../src/kinds/route53/simulate.ts';
import { stageOf as worldOf } from '../../src/rehearsal/stage.ts';
import type { LoadedRunbook } from '../../src/runbook/runbook.ts';
import type { Made } from './approvers.ts';
import { History } from './history.ts';
import type { Word } from './people.ts';
import { runbookOf } from './runbooks.ts';
import type { Chapter, Happening, Scenario } from './scenario.ts';
import { BUCKET, DATABASES, instanceOf, regionsOf, SEOUL } from './shapes.ts';

/** Where a scenario plays: a world with everything of its runbook in it. */
export interface Stage {
  scenario: Scenario;
  clock: VirtualClock;
  world: World;
  /** Without AWS: that goes through each process's own caller. */
  effects: Effects;
  loaded: LoadedRunbook;
  history: History;
  databases: readonly string[];
  /** What is played now, and when it began. */
  chapter: Chapter;
  zero: number;
  /** What approvers have really decided, oldest first. */
  made: Made[];
  /** Who said that the source is down, oldest first. */
  words: Word[];
  /** What somebody else has made that looks like a twin. */
  strangers: Set<string>;
}

const MINUTE = 60_000;

export async function stageOf(scenario: Scenario): Promise<Stage> {
  const loaded = await runbookOf(scenario.shape);
  const login: Record<string, string> = { SHOP_DB_USER: 'shop', SHOP_DB_PASSWORD: 'secret-canary', PATH: '/usr/bin' };
  const made = await worldOf(loaded, {
    seed: scenario.seed,
    timings: scenario.timings,
    calmMs: 0,
    inMemory: true,
    env: (name) => login[name],
    prepare: (one) => one.addBucket({ region: BUCKET.region, name: BUCKET.bucket }),
  });
  const { clock, world } = made;
  const regions = regionsOf(scenario.shape);
  const { shape } = scenario;
  const databases = DATABASES.slice(0, shape.databases);
  const replicas = shape.strategy === 'warm-standby' || shape.strategy === 'pilot-light' ? databases.flatMap((database) => regions.filter((region) => region !== SEOUL).map((region) => ({ region, id: instanceOf(database, region) }))) : [];
  for (const replica of replicas) world.setReplication(replica, { lagMs: scenario.lagMs });
  const effects: Effects = { ...made.effects, aws: world };
  if (scenario.lagUnknown) {
    for (const replica of replicas) world.setReplication(replica, { mode: 'stopped' });
    await clock.run(() => clock.sleep(240 * MINUTE));
  }
  if (scenario.detachedMs !== undefined) {
    for (const replica of replicas) world.detachReplica(replica);
    await clock.run(() => clock.sleep(scenario.detachedMs ?? 0));
  }
  const change = { instanceClass: 'db.r6g.xlarge', settings: { engineVersion: '17.6', caCertificate: 'rds-ca-rsa4096-g1' } };
  const rows = scenario.pending === true ? replicas.map((replica) => world.state.databases.row(replica)).filter((row) => row !== undefined) : [];
  for (const row of rows) world.state.databases.queue(row, change, world.now());
  // A drill restores or copies what keeps backups.
  if (scenario.drill !== undefined) await clock.run(() => Promise.all(replicas.map(({ region, id }) => world.call({ service: 'rds', region, operation: 'ModifyDBInstance', input: { DBInstanceIdentifier: id, BackupRetentionPeriod: 1, ApplyImmediately: true } }))));
  world.setPages(scenario.pages);
  // Metrics and health checks have a past.
  await clock.run(() => clock.sleep(10 * MINUTE));
  const [chapter] = scenario.chapters;
  if (chapter === undefined) throw new Error('a scenario without a chapter');
  return { scenario, clock, world, effects, loaded, history: new History(() => clock.now()), databases, chapter, zero: clock.now(), made: [], words: [], strangers: new Set() };
}

/** How long all is well before the next chapter: metrics, health checks and replication settle. */
const REST_MS = 10 * MINUTE;

/** All regions live, for as long as it takes to see it; then the next chapter begins. */
export async function turnTo(stage: Stage, chapter: Chapter): Promise<void> {
  const { world, clock, history } = stage;
  for (const region of regionsOf(stage.scenario.shape)) {
    if (world.isAlive(region)) continue;
    history.note('world', () => `${region} is back`);
    world.healRegion(region);
  }
  await clock.sleep(REST_MS);
  stage.chapter = chapter;
  stage.zero = clock.now();
  stage.words = [];
  history.note('world', () => `chapter: ${chapter.verb} ${chapter.source} → ${chapter.target}`);
}

/** Lets the chapter's happenings happen, then makes it calm. */
export async function play(stage: Stage, signal: AbortSignal): Promise<void> {
  const { clock, chapter, zero } = stage;
  const wait = async (at: number): Promise<void> => {
    if (zero + at > clock.now()) await clock.sleep(zero + at - clock.now(), signal);
  };
  const ends: { at: number; end: () => void }[] = [];
  const endDue = async (until: number): Promise<void> => {
    for (const due of ends.sort((a, b) => a.at - b.at).filter((e) => e.at <= until)) {
      await wait(due.at);
      due.end();
      ends.splice(ends.indexOf(due), 1);
    }
  };
  try {
    for (const happening of chapter.happenings) {
      await endDue(happening.at);
      await wait(happening.at);
      const end = happen(stage, happening);
      if (end !== undefined && 'until' in happening) ends.push({ at: happening.until, end });
    }
    await endDue(chapter.calmAt);
    await wait(chapter.calmAt);
  } finally {
    for (const { end } of ends) end();
  }
  calm(stage);
}

/** It follows its source, and nobody has made it a writer. */
function replicates(world: Stage['world'], ref: { region: string; id: string }): boolean {
  const row = world.state.databases.row(ref, world.now());
  return row?.source !== undefined && row.promotion === undefined && world.state.databases.link(ref, world.now()) !== undefined;
}

function happen(stage: Stage, happening: Happening): (() => void) | undefined {
  const { world, history } = stage;
  const { source, target } = stage.chapter;
  // The standby of a reprotect is the region that is rebuilt.
  const active = stage.chapter.verb === 'reprotect' ? target : source;
  const waiting = stage.chapter.verb === 'reprotect' ? source : target;
  const replica = (database: string) => ({ region: waiting, id: instanceOf(database, waiting) });
  const isReplica = (database: string) => replicates(world, replica(database));
  switch (happening.what) {
    case 'region-lost':
      history.note('world', () => `${happening.region} is lost`);
      world.breakRegion(happening.region);
      return undefined;
    case 'region-back':
      history.note('world', () => `${happening.region} is back`);
      world.healRegion(happening.region);
      return undefined;
    case 'lag':
      if (!isReplica(happening.database) || stage.scenario.lagUnknown) return undefined;
      history.note('world', () => `lag of ${happening.database} is ${happening.lagMs / 1000} s from now on`);
      world.setReplication(replica(happening.database), { lagMs: happening.lagMs, ...(world.isAlive(active) ? {} : { mode: 'stopped' }) });
      return undefined;
    case 'replication-stopped':
    case 'replication-on':
      if (stage.scenario.lagUnknown) return undefined;
      if (!isReplica(happening.database) || !world.isAlive(active)) return undefined;
      history.note('world', () => `${happening.what} of ${happening.database}`);
      world.setReplication(replica(happening.database), { mode: happening.what === 'replication-on' ? 'replicating' : 'stopped' });
      return undefined;
    case 'capacity':
      history.note('world', () => `${happening.region} gives shop-api ${happening.instances} instances`);
      world.setGroupCapacity(happening.region, 'shop-api', happening.instances);
      return undefined;
    case 'promoted': {
      const copy = { region: happening.region, id: instanceOf(happening.database, happening.region) };
      history.note('world', () => `somebody promotes ${copy.id} by hand`);
      // What is no replica any more, or is at work, AWS refuses.
      void world.call({ service: 'rds', region: copy.region, operation: 'PromoteReadReplica', input: { DBInstanceIdentifier: copy.id } }).catch(() => undefined);
      return undefined;
    }
    case 'half-dead':
    case 'status':
    case 'group-trouble':
      return odd(stage, happening);
    case 'fault': {
      const { fault } = happening;
      const words = `${fault.service ?? ''}.${fault.operation ?? '*'} in ${fault.region ?? 'any region'}: ${JSON.stringify(fault.effect)}${fault.times === undefined ? '' : `, ${fault.times} times`}`;
      history.note('fault', () => words);
      const end = world.addFault(fault);
      return () => {
        history.note('fault', () => `over: ${words}`);
        end();
      };
    }
  }
}

/** What is no outage; the function returned ends it. */
function odd({ world, history, scenario }: Stage, happening: Extract<Happening, { what: 'half-dead' | 'status' | 'group-trouble' }>): (() => void) | undefined {
  const { region } = happening;
  switch (happening.what) {
    case 'half-dead': {
      const regions = regionsOf(scenario.shape);
      const address = simulatedAddress(regions, region);
      history.note('world', () => `the application of ${region} is gone${happening.silent ? ', its load balancer too' : ''}${happening.api === 'well' ? '' : happening.api === 'hang' ? ', RDS gives no answer' : `, RDS answers with ${happening.api === 'empty' ? 'nothing in it' : 'empty lists'}`}; its databases live`);
      world.setApplicationUp(address, false, happening.silent);
      const end = happening.api === 'well' ? undefined : world.addFault({ region, service: 'rds', effect: happening.api === 'lists' ? { kind: 'foreign', without: 'lists' } : { kind: happening.api } });
      return () => {
        end?.();
        world.setApplicationUp(address, true);
      };
    }
    case 'status': {
      const ref = { region, id: instanceOf(happening.database, region) };
      const born = world.state.databases.row(ref, world.now())?.createdAt;
      if (born === undefined) return undefined;
      history.note('world', () => `${ref.id} is ${happening.status}`);
      world.setDbStatus(ref, happening.status);
      return () => {
        const row = world.state.databases.row(ref, world.now());
        if (row?.createdAt === born && row.status === happening.status) world.setDbStatus(ref, 'available');
      };
    }
    case 'group-trouble': {
      const { trouble } = happening;
      history.note('world', () => `shop-api in ${region}: ${trouble}`);
      const busyMs = happening.until - happening.at;
      world.setGroupTrouble(region, 'shop-api', trouble === 'busy' ? { busyMs } : trouble === 'targets' ? { targets: 'Target.Timeout' } : trouble === 'kms' || trouble === 'image' ? { launches: trouble } : { [trouble]: true });
      return () => world.setGroupTrouble(region, 'shop-api', {});
    }
  }
}

function calm(stage: Stage): void {
  const { world, history, scenario } = stage;
  history.note('world', () => 'calm: nothing more goes wrong');
  const { chapter, databases } = stage;
  // Of a failover the lag stays what it was when the source was lost.
  if (chapter.verb !== 'failover' && !scenario.lagUnknown) {
    const waiting = chapter.verb === 'reprotect' ? chapter.source : chapter.target;
    for (const database of databases) {
      const replica = { region: waiting, id: instanceOf(database, waiting) };
      if (replicates(world, replica) && world.isAlive(chapter.source) && world.isAlive(chapter.target)) world.setReplication(replica, { mode: 'replicating', lagMs: scenario.lagMs });
    }
  }
  if (scenario.shape.compute === 'group') for (const region of regionsOf(scenario.shape)) world.setGroupCapacity(region, 'shop-api', 100);
}

/** A machine's clock: ahead of the world's by so much. */
export function skewed(clock: Clock, ms: number): Clock {
  return ms === 0 ? clock : { now: () => clock.now() + ms, sleep: (time, signal) => clock.sleep(time, signal) };
}

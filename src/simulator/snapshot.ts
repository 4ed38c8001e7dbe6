/** The whole world as plain JSON, for people. */
import { refKey } from './database-driver.ts';
import { isWriter, namedSource, statusOf } from './db-instance.ts';
import { defined } from './db-settings.ts';
import { stageOf } from './groups.ts';
import { instanceState } from './instances.ts';
import { answerOf } from './dns-answers.ts';
import { placeIn } from './places.ts';
import type { State } from './state.ts';

export type WorldSnapshot = ReturnType<typeof snapshotOf>;

const RECORDS_MAX = 1000;

export function snapshotOf(state: State, now: number) {
  const { core } = state;
  return {
    at: new Date(now).toISOString(),
    account: core.account,
    regions: core.regions.map((region) => ({ region, alive: core.alive(region) })),
    databases: databases(state, now),
    groups: [...state.groups.all()].map((group) => ({
      region: group.region,
      name: group.name,
      min: group.min,
      max: group.max,
      desired: group.desired,
      inService: group.instances.filter((instance) => stageOf(instance, now) !== 'pending').length,
      healthy: state.groups.healthyCount(group, now),
    })),
    /** Of no Auto Scaling group; without those that are terminated. */
    instances: [...state.instances.all()].flatMap((i) => {
      const at = instanceState(i, now);
      return at === 'terminated' ? [] : [{ region: i.region, id: i.id, state: at, imageId: i.imageId, ...defined({ name: i.tags.Name }) }];
    }),
    records: records(state),
    healthChecks: [...state.healthChecks.all()].map((check) => ({
      id: check.id,
      watches:
        check.watches.kind === 's3-object'
          ? `s3://${check.watches.bucket}/${check.watches.key}`
          : check.watches.kind === 'checks'
            ? check.watches.of.join(' and ')
            : (check.watches.address ?? `applications of ${check.watches.region}`),
      healthy: state.healthChecks.healthy(check.id),
      inverted: check.inverted,
      lastStatus: state.healthChecks.lastSeen(check, now).status,
    })),
    applications: [...state.applications.all()].map((app) => ({
      region: app.region,
      address: app.address,
      status: state.applications.status(app, now),
    })),
  };
}

function databases(state: State, now: number) {
  return [...state.databases.all()].map((row) => {
    const source = namedSource(row, now);
    return {
      region: row.ref.region,
      id: row.ref.id,
      status: statusOf(row, now),
      role: isWriter(row, now) ? ('writer' as const) : ('replica' as const),
      ...defined({
        source: source === undefined ? undefined : refKey(source),
        /** Milliseconds; absent when it cannot be told. */
        lagMs: state.databases.lagNow(row.ref, now),
      }),
      endpoint: { ...row.endpoint },
      securityGroups: [...row.groups],
      quarantined: state.securityGroups.allClosed(row.ref.region, row.groups),
      acceptsWrites: state.databases.acceptsWrites(row.ref, now),
    };
  });
}

function records(state: State) {
  const here = placeIn(state.core.regions[0] ?? '');
  const sets = [...state.zones.all()].flatMap((zone) => [...zone.edge.values()].flat().map((set) => ({ zone: zone.id, set })));
  return sets.filter(({ set: { type } }) => type !== 'SOA' && type !== 'NS').slice(0, RECORDS_MAX).map(({ zone, set }) => {
    const { name, type, ttl, values, setIdentifier, failover, weight, healthCheckId } = set;
    return {
      zone,
      name,
      type,
      ttl,
      values: [...values],
      ...defined({ setIdentifier, failover, weight, healthCheckId }),
      healthy: state.healthChecks.healthy(healthCheckId),
      /** It is what is answered now. A draw among weights would move the seed: that is not told. */
      answered: weight === undefined && answerOf(state, name, type, here).chain[0]?.setIdentifier === setIdentifier,
    };
  });
}

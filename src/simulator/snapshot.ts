/** The whole world as plain JSON, for people. */
import { isWriter, namedSource, statusOf } from './db-instance.ts';
import { stageOf } from './groups.ts';
import { instanceState } from './instances.ts';
import { answerOf } from './dns-answers.ts';
import { placeIn } from './places.ts';
import type { State } from './state.ts';

export interface WorldSnapshot {
  /** ISO 8601. */
  at: string;
  account: string;
  regions: { region: string; alive: boolean }[];
  databases: {
    region: string;
    id: string;
    status: string;
    role: 'writer' | 'replica';
    /** `region/id` of the source. */
    source?: string;
    /** Milliseconds; absent when it cannot be told. */
    lagMs?: number;
    endpoint: { address: string; port: number };
    securityGroups: string[];
    quarantined: boolean;
    acceptsWrites: boolean;
  }[];
  groups: { region: string; name: string; min: number; max: number; desired: number; inService: number; healthy: number }[];
  /** Of no Auto Scaling group; without those that are terminated. */
  instances: { region: string; id: string; state: string; imageId: string; name?: string }[];
  records: {
    zone: string;
    name: string;
    type: string;
    ttl: number;
    values: string[];
    setIdentifier?: string;
    failover?: string;
    weight?: number;
    healthCheckId?: string;
    healthy: boolean;
    /** It is what is answered now. */
    answered: boolean;
  }[];
  healthChecks: { id: string; watches: string; healthy: boolean; inverted: boolean; lastStatus: number }[];
  applications: { region: string; address: string; status: number }[];
}

const RECORDS_MAX = 1000;

export function snapshotOf(state: State, now: number): WorldSnapshot {
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
    instances: [...state.instances.all()].flatMap((i) => {
      const [at, name] = [instanceState(i, now), i.tags.Name];
      return at === 'terminated' ? [] : [{ region: i.region, id: i.id, state: at, imageId: i.imageId, ...(name === undefined ? {} : { name }) }];
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

function databases(state: State, now: number): WorldSnapshot['databases'] {
  return [...state.databases.all()].map((row) => {
    const source = namedSource(row, now);
    const lagMs = state.databases.lagNow(row.ref, now);
    return {
      region: row.ref.region,
      id: row.ref.id,
      status: statusOf(row, now),
      role: isWriter(row, now) ? 'writer' : 'replica',
      ...(source === undefined ? {} : { source: `${source.region}/${source.id}` }),
      ...(lagMs === undefined ? {} : { lagMs }),
      endpoint: { ...row.endpoint },
      securityGroups: [...row.groups],
      quarantined: state.securityGroups.allClosed(row.ref.region, row.groups),
      acceptsWrites: state.databases.acceptsWrites(row.ref, now),
    };
  });
}

function records(state: State): WorldSnapshot['records'] {
  const shown: WorldSnapshot['records'] = [];
  for (const zone of state.zones.all()) {
    for (const set of [...zone.edge.values()].flat()) {
      if (shown.length >= RECORDS_MAX) return shown;
      if (set.type === 'SOA' || set.type === 'NS') continue;
      // A draw among weights would move the seed: what is answered is given for the others only.
      const answered = set.weight === undefined && answerOf(state, set.name, set.type, placeIn(state.core.regions[0] ?? '')).chain[0]?.setIdentifier === set.setIdentifier;
      shown.push({
        zone: zone.id,
        name: set.name,
        type: set.type,
        ttl: set.ttl,
        values: [...set.values],
        ...(set.setIdentifier === undefined ? {} : { setIdentifier: set.setIdentifier }),
        ...(set.failover === undefined ? {} : { failover: set.failover }),
        ...(set.weight === undefined ? {} : { weight: set.weight }),
        ...(set.healthCheckId === undefined ? {} : { healthCheckId: set.healthCheckId }),
        healthy: state.healthChecks.healthy(set.healthCheckId),
        answered,
      });
    }
  }
  return shown;
}

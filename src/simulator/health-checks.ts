/**
 * Health checks: https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/dns-failover-determining-health-of-endpoints.html
 * 1. The verdict changes when what is watched has been the other way for interval × threshold without a break.
 * 2. A disabled check passes, whatever it saw. Inversion comes last, for a disabled one too.
 */
import type { Applications } from './applications.ts';
import type { Buckets } from './buckets.ts';
import type { Core } from './core.ts';
import { checkFromSeed, type HealthCheck, type Seen } from './health-check-view.ts';
import type { HealthCheckSeed } from './seeds.ts';
import { Table } from './table.ts';

interface Verdict {
  readonly seen: Seen;
  /** Before inversion. */
  readonly passes: boolean;
}

const S3_ADDRESS = '52.95.0.1';

export class HealthChecks {
  private readonly core: Core;
  private readonly buckets: Buckets;
  private readonly applications: Applications;
  private readonly checks = new Table<HealthCheck>();
  /** Ids by what they watch. */
  private readonly byRegion = new Map<string, string[]>();
  private readonly byObject = new Map<string, string[]>();
  private readonly verdicts = new Table<Verdict>();
  /** Grows with each change of what is seen: a flip that was due for an older one does not happen. */
  private readonly turns = new Map<string, number>();

  constructor(core: Core, buckets: Buckets, applications: Applications) {
    this.core = core;
    this.buckets = buckets;
    this.applications = applications;
    core.touch = (region, now) => {
      if (this.checks.size === 0) return;
      for (const affected of applications.affectedBy(region)) {
        for (const id of this.byRegion.get(affected) ?? []) this.look(id, now);
      }
    };
    buckets.onWrite = (bucket, key, now) => {
      for (const id of this.byObject.get(`${bucket}/${key}`) ?? []) this.look(id, now);
    };
  }

  add(seed: HealthCheckSeed): void {
    if (this.checks.get(seed.id) !== undefined) throw new Error(`health check ${seed.id} exists already`);
    const check = checkFromSeed(seed);
    const seen = this.see(check, this.core.now());
    this.checks.seed(check.id, check.disabled ? { ...check, left: { seen, at: this.core.now() } } : check);
    if (check.watches.kind === 'checks') return;
    push(this.byRegion, check.watches.region, check.id);
    if (check.watches.kind === 's3-object') push(this.byObject, `${check.watches.bucket}/${check.watches.key}`, check.id);
    this.verdicts.seed(check.id, { seen, passes: seen.passes });
  }

  get(id: string, at?: number): HealthCheck | undefined {
    return this.checks.get(id, at);
  }

  listed(at: number): HealthCheck[] {
    return this.checks.keys(at).map((id) => this.checks.get(id, at)).filter((check) => check !== undefined);
  }

  /** New settings hold at once; one that is enabled again continues from what its checkers see. */
  update(check: HealthCheck, change: Partial<Pick<HealthCheck, 'inverted' | 'disabled' | 'failureThreshold'>>, now: number): HealthCheck {
    const { left, ...rest } = check;
    const stands = (change.disabled ?? check.disabled) ? { left: left ?? { seen: this.lastSeen(check, now), at: now } } : {};
    const updated = { ...rest, ...change, ...stands, version: check.version + 1 };
    this.checks.set(check.id, updated, now);
    return updated;
  }

  all(): Iterable<HealthCheck> {
    return this.checks.values();
  }

  /** What Route 53 takes the resource to be. A check that does not exist is healthy, as in AWS. */
  healthy(id: string | undefined): boolean {
    const check = id === undefined ? undefined : this.checks.get(id);
    if (check === undefined) return true;
    const passes = check.disabled || this.passes(check);
    return passes !== check.inverted;
  }

  /** Of others: as many as its threshold are healthy. */
  private passes({ id, watches }: HealthCheck): boolean {
    if (watches.kind === 'checks') return watches.of.filter((child) => this.healthy(child)).length >= watches.threshold;
    return this.verdicts.get(id)?.passes ?? true;
  }

  lastSeen(check: HealthCheck, at: number): Seen {
    return this.verdicts.get(check.id, at)?.seen ?? this.see(check, at);
  }

  /** Begins from what is seen now, without waiting: for the world's beginning, when parts are added one by one. */
  settle(now: number): void {
    for (const check of this.checks.values()) {
      if (check.watches.kind === 'checks') continue;
      const seen = this.see(check, now);
      this.turns.set(check.id, (this.turns.get(check.id) ?? 0) + 1);
      this.verdicts.seed(check.id, { seen, passes: seen.passes });
    }
  }

  private look(id: string, now: number): void {
    const check = this.checks.get(id);
    if (check === undefined) return;
    const before = this.verdicts.get(check.id);
    const seen = this.see(check, now);
    if (before === undefined || (before.seen.status === seen.status && before.seen.address === seen.address)) return;
    this.verdicts.set(check.id, { seen, passes: before.passes }, now);
    if (before.seen.passes === seen.passes) return;
    const turn = (this.turns.get(check.id) ?? 0) + 1;
    this.turns.set(check.id, turn);
    if (seen.passes === before.passes) return;
    this.core.agenda.at(now + check.intervalSeconds * 1000 * check.failureThreshold, (at) => {
      const current = this.verdicts.get(check.id);
      if (this.turns.get(check.id) !== turn || current === undefined) return;
      this.verdicts.set(check.id, { ...current, passes: seen.passes }, at);
    });
  }

  private see(check: HealthCheck, now: number): Seen {
    const { watches } = check;
    const answer = (status: number, address: string): Seen => ({ passes: status >= 200 && status < 400, status, address });
    // Nobody asks it anything.
    if (watches.kind === 'checks') return answer(0, '');
    if (!this.core.alive(watches.region)) return answer(0, '');
    if (watches.kind === 's3-object') {
      const there = this.buckets.get(watches.bucket)?.objects.get(watches.key) !== undefined;
      return answer(there ? 200 : 404, S3_ADDRESS);
    }
    const apps = this.applications.in(watches.region, watches.address);
    const bad = (status: number) => (watches.shallow === true ? status === 0 : status !== 200);
    const failing = apps.find((app) => bad(this.applications.status(app, now)));
    return answer(failing === undefined ? 200 : this.applications.status(failing, now), failing?.address ?? apps[0]?.address ?? '');
  }
}

function push<V>(map: Map<string, V[]>, key: string, value: V): void {
  const list = map.get(key);
  if (list === undefined) map.set(key, [value]);
  else list.push(value);
}

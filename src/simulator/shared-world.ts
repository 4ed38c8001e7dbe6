import { canonicalJson } from '../base/json.ts';
import type { HealthCheckSeed, HostedZoneSeed } from './seeds.ts';
import { World } from './world.ts';

/** A world into which several resources, or several applications, put what they have in common. */
export class SharedWorld extends World {
  readonly #checks = new Map<string, string>();
  readonly #zones = new Map<string, string>();

  /** Two applications may name a check of the same thing alike: then it is one. */
  override addHealthCheck(seed: HealthCheckSeed): void {
    const text = canonicalJson(seed);
    if (this.#checks.get(seed.id) === text) return;
    this.#checks.set(seed.id, text);
    super.addHealthCheck(seed);
  }

  /** A second zone for a domain is one for the names that lie in it, as if they were delegated to it. */
  override addHostedZone(seed: HostedZoneSeed): void {
    const owner = this.#zones.get(seed.name);
    const name = owner === undefined || owner === seed.id ? seed.name : commonDomain(seed.records.map((record) => record.name));
    const known = [...this.#zones].find(([, id]) => id === seed.id)?.[0];
    if (known === undefined) this.#zones.set(name, seed.id);
    super.addHostedZone({ ...seed, name: known ?? name });
  }
}

/** The longest domain that all names lie in. */
function commonDomain(names: readonly string[]): string {
  const [first = [], ...others] = names.map((name) => name.replace(/\.$/, '').split('.').reverse());
  const same = first.findIndex((label, i) => others.some((other) => other[i] !== label));
  return (same < 0 ? first : first.slice(0, same)).toReversed().join('.');
}

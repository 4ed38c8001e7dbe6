import { isIPv4 } from 'node:net';
import { simulatedAddress } from '../kinds/route53/simulate.ts';
import type { AnyResourceKind, NamedIds } from '../model/kind.ts';
import type { LoadedRunbook } from '../runbook/runbook.ts';
import type { ApplicationSeed } from '../simulator/seeds.ts';
import type { World } from '../simulator/world.ts';

type Kinds = ReadonlyMap<string, AnyResourceKind>;

/**
 * The application of each region, at every address to which the records of the runbook lead users there. It answers while its database
 * takes writes, and, where nothing of it waits in the standby region, while its compute is healthy.
 */
export function applicationsOf(world: World, loaded: LoadedRunbook, kinds: Kinds): void {
  const { runbook } = loaded;
  const regions = runbook.regions.map(({ id }) => id);
  const [database] = resourceIds(loaded, kinds, 'databases');
  const pages = pagesOf(loaded);
  const needs = computeIn(loaded, kinds);
  for (const region of regions) {
    const id = database?.ids[region];
    const app: Omit<ApplicationSeed, 'address'> = { region, pages, ...needs(region), ...(id === undefined ? {} : { database: { region, id } }) };
    for (const address of new Set([simulatedAddress(regions, region), ...addressesOf(world, loaded, kinds, region)])) {
      if (world.state.applications.at(address) === undefined) world.addApplication({ ...app, address });
    }
  }
}

function resourceIds({ runbook }: LoadedRunbook, kinds: Kinds, section: string): NamedIds[] {
  return runbook.resources.filter((one) => one.section === section).flatMap(({ kind, resource }) => [...(kinds.get(kind)?.ids?.(resource) ?? [])]);
}

/** Where the standby side runs nothing, the application answers 503 without its compute. */
function computeIn(loaded: LoadedRunbook, kinds: Kinds): (region: string) => Pick<ApplicationSeed, 'group' | 'targetGroup'> {
  const { strategy } = loaded.runbook;
  if (strategy !== 'pilot-light' && strategy !== 'backup-restore') return () => ({});
  const named = resourceIds(loaded, kinds, 'compute');
  const [groups, targets] = ['autoscaling:group', 'elbv2:target-group'].map((type) => named.find((one) => one.type === type)?.ids);
  return (region) => {
    const [group, targetGroup] = [groups?.[region], targets?.[region]];
    return { ...(group === undefined ? {} : { group }), ...(targetGroup === undefined ? {} : { targetGroup }) };
  };
}

/** Each page that a probe asks, with what it wants to read there; `/healthz` is there anyhow. */
function pagesOf({ runbook }: LoadedRunbook): Record<string, string> {
  return Object.fromEntries([['/healthz', 'ok'], ...runbook.probes.map(({ http, body }) => [new URL(http).pathname, body ?? 'ok'] as const)]);
}

/** Addresses that the sets of a region answer. A load balancer that an alias names is made, with the region's own address. */
function addressesOf(world: World, { runbook }: LoadedRunbook, kinds: Kinds, region: string): string[] {
  const own = simulatedAddress(runbook.regions.map(({ id }) => id), region);
  return runbook.resources.flatMap(({ kind, resource }) => {
    const routing = kinds.get(kind)?.routing?.(resource);
    const set = routing?.setOf(region);
    if (routing === undefined || set === undefined) return [];
    const records = [...world.state.zones.all()].filter(({ id }) => id === routing.zone).flatMap(({ records: table }) => [...table.values()]);
    return records.filter(({ setIdentifier }) => setIdentifier === set).flatMap(({ values, alias }) => {
      if (alias === undefined) return values.filter((value) => isIPv4(value));
      if (world.state.loadBalancers.get(alias.name, alias.zoneId) === undefined) {
        world.addLoadBalancer({ region, dnsName: alias.name.replace(/^dualstack\./, ''), zoneId: alias.zoneId, addresses: [own], targetGroups: [] });
      }
      return [];
    });
  });
}

import { SEOUL, type Simulation, TOKYO } from '../../engine/simulated.ts';
import type { AnalysisSeed, DbProxySeed } from '../../../src/simulator/seeds.ts';
import type { Trouble } from './world.ts';

/*
 * What stands between the application and a database: proxies and the network.
 */

const DAY_MS = 86_400_000;
export const PATH = 'nip-0123456789abcdef0';
const AT_PROXY = `rds:${TOKYO}:proxy/shop-tokyo`;
const AT_TICKETS = `rds:${TOKYO}:proxy/tickets-tokyo`;
const AT_ARCHIVE = `rds:${TOKYO}:proxy/archive-tokyo`;
const AT_PATH = `ec2:${TOKYO}:${PATH}`;

export const withProxy = (text: string): string => text.replace('    retentionDays: 7\n', `    retentionDays: 7\n    proxy: { ${SEOUL}: shop-seoul, ${TOKYO}: shop-tokyo }\n`);
export const withPath = (text: string): string => text.replace('    retentionDays: 7\n', `    retentionDays: 7\n    reachability: { ${TOKYO}: ${PATH} }\n`);
export const withTickets = (text: string): string => text.replace('    keys: auto-increment\n', `    keys: auto-increment\n    proxy: { ${SEOUL}: tickets-seoul, ${TOKYO}: tickets-tokyo }\n    reachability: { ${TOKYO}: ${PATH} }\n`);
export const withArchive = (text: string): string => text.replace('    kind: rds-backup\n', `    kind: rds-backup\n    proxy: { ${TOKYO}: archive-tokyo }\n`);

/** The proxy of the standby of shop, as somebody has made it. */
export function proxy({ world }: Simulation, more: Partial<DbProxySeed>): void {
  world.state.dbProxies.add({ region: TOKYO, name: 'shop-tokyo', ...more });
}

const tickets = ({ world }: Simulation, more: Partial<DbProxySeed>): void => world.state.dbProxies.add({ region: TOKYO, name: 'tickets-tokyo', engineFamily: 'MYSQL', target: 'tickets-tokyo', ...more });

/** What the path has been analyzed for. */
export function analyzed({ world }: Simulation, ...analyses: AnalysisSeed[]): void {
  world.state.networkPaths.add({ region: TOKYO, id: PATH, analyses });
}

const later = `warning proxy-target-later ${AT_PROXY}`;
const unproven = [`warning reachability-unproven ${AT_PATH}`];

/** The same troubles, with a runbook that names what they are about. */
const on = (runbook: (text: string) => string, troubles: readonly Trouble[]): Trouble[] => troubles.map((one) => ({ ...one, runbook }));

const PROXY = on(withProxy, [
  { name: 'a proxy waits before the replica', plant: () => undefined, found: [later] },
  { name: 'there is no such proxy', plant: ({ world }) => world.state.dbProxies.remove(TOKYO, 'shop-tokyo'), found: [`error proxy ${AT_PROXY}`] },
  { name: 'the network of the proxy is broken', plant: (sim) => proxy(sim, { status: 'incompatible-network' }), found: [`error proxy ${AT_PROXY}`] },
  { name: 'the proxy is in another VPC', plant: (sim) => proxy(sim, { vpc: 'vpc-2' }), found: [`error proxy-vpc ${AT_PROXY}`, later] },
  { name: 'the proxy is for another engine', plant: (sim) => proxy(sim, { engineFamily: 'MYSQL' }), found: [`error proxy-engine ${AT_PROXY}`, later] },
  { name: 'the proxy leads to another instance', plant: (sim) => proxy(sim, { target: 'shop-reports' }), found: [`error proxy-target ${AT_PROXY}`] },
  { name: 'the proxy may not log in', plant: (sim) => proxy(sim, { target: 'shop-orders-tokyo', health: { State: 'UNAVAILABLE', Reason: 'AUTH_FAILURE' } }), found: [`error proxy-target-health ${AT_PROXY}`] },
  { name: 'the proxy does not take the replica as a target', plant: (sim) => proxy(sim, { target: 'shop-orders-tokyo', health: { State: 'UNAVAILABLE', Reason: 'INVALID_REPLICATION_STATE' } }), found: [`warning proxy-target-health ${AT_PROXY}`] },
]);

const REACHABILITY = on(withPath, [
  { name: 'there is no such path', plant: ({ world }) => world.state.networkPaths.remove(TOKYO, PATH), found: unproven },
  { name: 'the path was never analyzed', plant: (sim) => analyzed(sim), found: unproven },
  { name: 'the first analysis still runs', plant: (sim) => analyzed(sim, { ageMs: 0, status: 'running' }), found: unproven },
  { name: 'the newest analysis has failed', plant: (sim) => analyzed(sim, { ageMs: 2 * DAY_MS, found: true }, { ageMs: DAY_MS, status: 'failed', message: 'The request failed due to insufficient permissions' }), found: unproven },
  { name: 'the newest analysis does not say what it has found', plant: (sim) => analyzed(sim, { ageMs: DAY_MS }), found: unproven },
  { name: 'the newest analysis is of last month', plant: (sim) => analyzed(sim, { ageMs: 31 * DAY_MS, found: true }, { ageMs: 40 * DAY_MS, found: true }), found: unproven },
  { name: 'a security group lets the application not reach the database', plant: (sim) => analyzed(sim, { ageMs: 3 * DAY_MS, found: true }, { ageMs: DAY_MS, found: false, codes: ['ENI_SG_RULES_MISMATCH'] }), found: [`error reachability ${AT_PATH}`] },
]);

export const SHOP_WAY_IN: Trouble[] = [...PROXY, ...REACHABILITY];

export const WRITERS_WAY_IN = on(withTickets, [
  { name: 'the proxy of a writer leads to nothing', plant: ({ world }) => world.state.dbProxies.add({ region: TOKYO, name: 'tickets-tokyo', engineFamily: 'MYSQL' }), found: [`error proxy-target ${AT_TICKETS}`] },
  { name: 'the proxy of a writer does not reach it', plant: (sim) => tickets(sim, { health: { State: 'UNAVAILABLE', Reason: 'UNREACHABLE', Description: 'Database is unreachable' } }), found: [`error proxy-target-health ${AT_TICKETS}`] },
  { name: 'the target of the proxy is yet to be registered', plant: (sim) => tickets(sim, { health: { State: 'REGISTERING' } }), found: [`error proxy-target-health ${AT_TICKETS}`] },
  { name: 'no path to a writer', plant: (sim) => analyzed(sim, { ageMs: 0, found: false, codes: ['NO_ROUTE_TO_DESTINATION'] }), found: [`error reachability ${AT_PATH}`] },
]);

export const ARCHIVE_WAY_IN = on(withArchive, [
  { name: 'a proxy waits for the restored instance', plant: () => undefined, found: [`warning proxy-target-later ${AT_ARCHIVE}`] },
  { name: 'the proxy is not in the VPC of the restore', plant: ({ world }) => world.state.dbProxies.add({ region: TOKYO, name: 'archive-tokyo', vpc: 'vpc-2' }), found: [`error proxy-vpc ${AT_ARCHIVE}`, `warning proxy-target-later ${AT_ARCHIVE}`] },
  { name: 'the proxy is being deleted', plant: ({ world }) => world.state.dbProxies.add({ region: TOKYO, name: 'archive-tokyo', status: 'deleting' }), found: [`error proxy ${AT_ARCHIVE}`] },
]);

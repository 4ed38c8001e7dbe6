import { readFile } from 'node:fs/promises';
import { getServers } from 'node:dns';
import { parseS3Place } from '../../journal/s3-state.ts';
import type { StatePlace } from '../state.ts';
import { toolVersion } from '../version.ts';
import { regionsIn } from '../../base/regions.ts';
import { type Env, type Finding, fine, lost, type Losses, unknown } from './finding.ts';

/* What surrounds a run: where its state lies, the machine, name resolution, endpoints, the package. */

export interface Surroundings {
  env: Env;
  state: StatePlace;
  /** DNS servers of this machine. */
  resolvers: readonly string[];
  /** Who made this machine, as its firmware says, e.g. `Amazon EC2`. */
  vendor: string;
}

export async function surroundingsOf(env: Env, state: StatePlace): Promise<Surroundings> {
  const vendor = await readFile('/sys/class/dmi/id/sys_vendor', 'utf8').catch(() => '');
  return { env, state, resolvers: getServers(), vendor: vendor.trim() };
}

/** Where this machine stands, if it says so: in a container, a function, a build or CloudShell. */
export function machineRegion({ env, vendor }: Surroundings): { inAws: boolean; region: string | undefined } {
  const managed = ['ECS_CONTAINER_METADATA_URI_V4', 'ECS_CONTAINER_METADATA_URI', 'AWS_EXECUTION_ENV', 'AWS_LAMBDA_FUNCTION_NAME', 'CODEBUILD_BUILD_ARN'].some((name) => (env[name] ?? '') !== '');
  const inAws = managed || vendor === 'Amazon EC2';
  return { inAws, region: managed ? (env['AWS_REGION'] ?? env['AWS_DEFAULT_REGION']) : undefined };
}

export function surroundingFindings(around: Surroundings, losses: Losses, targets: readonly string[], files: readonly string[]): Finding[] {
  return [stateFinding(around, losses, targets), machineFinding(around, losses), ...endpointFindings(around.env, losses), resolverFinding(around), ...packageFindings(files)];
}

function stateFinding({ state: { folder, s3 }, env }: Surroundings, losses: Losses, targets: readonly string[]): Finding {
  const advice = `--state "s3://BUCKET/PREFIX?region=${targets[0] ?? 'REGION'}": in the region that is to become active`;
  const parts = { area: 'state', what: s3 ?? folder };
  if (s3 === undefined) return fine({ ...parts, because: `a folder of this machine: nobody can resume a run from another one (${advice})` });
  const region = env['AWS_REGION'] ?? env['AWS_DEFAULT_REGION'];
  const place = parseS3Place(s3.includes('?') || region === undefined ? s3 : `${s3}?region=${region}`);
  if (place === undefined) return unknown({ ...parts, because: 'its region is not named', next: advice });
  if (losses.regions.has(place.region)) return lost({ ...parts, because: `the bucket is in ${place.region}: no run gets its lock there`, next: `${advice}, or DR_STATE=FOLDER` });
  return fine({ ...parts, because: `the bucket is in ${place.region}` });
}

function machineFinding(around: Surroundings, losses: Losses): Finding {
  const { inAws, region } = machineRegion(around);
  const parts = { area: 'machine', what: 'this machine' };
  const next = 'run dr where nothing of what is lost is needed: a machine of your own, or one in the region that is to become active';
  if (!inAws) return fine({ ...parts, because: 'nothing says that it runs in AWS' });
  if (region === undefined) return unknown({ ...parts, because: 'it runs in AWS, in a region that it does not say', next });
  return losses.regions.has(region) ? lost({ ...parts, because: `it runs in ${region}`, next }) : fine({ ...parts, because: `it runs in ${region}` });
}

/** An address that is set by hand stands for all regions. */
function endpointFindings(env: Env, losses: Losses): Finding[] {
  const overrides = Object.entries(env).filter(([name, value]) => /^AWS_ENDPOINT_URL(_|$)/.test(name) && name !== 'AWS_ENDPOINT_URL_STS' && (value ?? '') !== '');
  return overrides.map(([name, value = '']) => {
    // A user name and a password may stand in an address.
    const host = URL.canParse(value) ? new URL(value).host : 'an address that cannot be read';
    const parts = { area: 'endpoints', what: name, because: `calls go to ${host}` };
    const next = `unset ${name}`;
    return regionsIn(host).some((region) => losses.regions.has(region)) ? lost({ ...parts, next }) : unknown({ ...parts, next });
  });
}

/** The resolver of a VPC is part of its region. https://docs.aws.amazon.com/vpc/latest/userguide/AmazonDNS-concepts.html */
function resolverFinding({ env, resolvers, vendor }: Surroundings): Finding {
  const own = env['DR_RESOLVER'] ?? '';
  const servers = own === '' ? resolvers : [own];
  const parts = { area: 'dns', what: own === '' ? 'resolver of this machine' : 'DR_RESOLVER' };
  const because = servers.join(', ') || 'none';
  if (servers.length === 0) return unknown({ ...parts, because: 'none is named', next: 'DR_RESOLVER=ADDRESS:PORT' });
  const ofVpc = servers.some((server) => server.startsWith('169.254.169.253')) || (own === '' && vendor === 'Amazon EC2');
  return ofVpc ? unknown({ ...parts, because: `${because}: the resolver of a VPC`, next: 'DR_RESOLVER=ADDRESS:PORT of one elsewhere' }) : fine({ ...parts, because });
}

function packageFindings(files: readonly string[]): Finding[] {
  return [
    fine({ area: 'package', what: 'dr', because: `version ${toolVersion().version}, installed here; Node ${toolVersion().node}: nothing is downloaded` }),
    fine({ area: 'runbooks', what: `${files.length} ${files.length === 1 ? 'file' : 'files'}`, because: 'read from this machine: keep a copy where it can be read without what is lost' }),
  ];
}

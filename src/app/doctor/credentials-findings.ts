import { partitionOf, regionsIn } from '../../base/regions.ts';
import { type Env, type Finding, fine, lost, type Losses, unknown } from './finding.ts';
import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';

/*
 * Where credentials come from, in the order in which the AWS SDK for JavaScript looks for them, and what each source
 * needs. https://docs.aws.amazon.com/sdk-for-javascript/v3/developer-guide/setting-credentials-node.html
 */

const KEEP = 'keep a second way that needs nothing of it, e.g. a role assumed in the target region, or a break-glass user whose keys lie in a safe';

interface Circumstances {
  /** The region that this machine runs in, if known. */
  machine: string | undefined;
  /** Regions that may become active. */
  targets: readonly string[];
  /** Milliseconds since the epoch. */
  now: number;
}

export function credentialFindings(env: Env, config: AwsConfig, losses: Losses, { machine, targets, now }: Circumstances): Finding[] {
  const profile = env['AWS_PROFILE'] ?? 'default';
  if ((env['AWS_PROFILE'] ?? '') === '' && set(env, 'AWS_ACCESS_KEY_ID') && set(env, 'AWS_SECRET_ACCESS_KEY')) return [...keysOfEnvironment(env, now), ...stsEndpoint(env, losses, targets)];
  const section = config.profiles.get(profile);
  const found = section === undefined ? undefined : ofProfile(profile, section, config, losses, []);
  const sources = found ?? ofEnvironment(env, losses, machine);
  return [...sources, ...stsEndpoint(env, losses, targets)];
}

function set(env: Env, name: string): boolean {
  return (env[name] ?? '') !== '';
}

function keysOfEnvironment(env: Env, now: number): Finding[] {
  const parts = { area: 'credentials', what: 'keys in the environment' };
  if (!set(env, 'AWS_SESSION_TOKEN')) return [fine({ ...parts, because: 'long-lived: nothing is asked for them' })];
  const end = Date.parse(env['AWS_CREDENTIAL_EXPIRATION'] ?? '');
  const next = 'know how new ones are got without what is lost, and how long these last';
  if (Number.isNaN(end)) return [unknown({ ...parts, because: 'temporary, and it is not said how long they last', next })];
  if (end - now < 4 * 3_600_000) return [unknown({ ...parts, because: `temporary, until ${env['AWS_CREDENTIAL_EXPIRATION'] ?? ''}: a run may take longer`, next })];
  return [fine({ ...parts, because: `temporary, until ${env['AWS_CREDENTIAL_EXPIRATION'] ?? ''}` })];
}

/** Undefined when the profile says nothing of credentials. */
function ofProfile(name: string, section: Section, config: AwsConfig, losses: Losses, seen: readonly string[]): Finding[] | undefined {
  const parts = { area: 'credentials', what: `profile ${name}` };
  const sso = config.ssoSessions.get(section['sso_session'] ?? '') ?? section;
  if (section['role_arn'] !== undefined && !seen.includes(name)) return ofRole(name, section, config, losses, seen);
  if (section['aws_access_key_id'] !== undefined) return [fine({ ...parts, because: 'keys in a file: nothing is asked for them' })];
  if (sso['sso_region'] !== undefined) {
    const region = sso['sso_region'];
    const because = `IAM Identity Center in ${region} gives the credentials`;
    return [losses.regions.has(region) ? lost({ ...parts, because, next: KEEP }) : fine({ ...parts, because })];
  }
  if (section['credential_process'] !== undefined) return [unknown({ ...parts, because: 'a program gives the credentials: what it needs is not known', next: 'see that it needs nothing of what is lost' })];
  return undefined;
}

/** The STS of the region of the profile, where it names one; else that of the region that is called, each for itself. */
function ofRole(name: string, section: Section, config: AwsConfig, losses: Losses, seen: readonly string[]): Finding[] {
  const parts = { area: 'credentials', what: `profile ${name}` };
  const region = section['region'];
  const because = region === undefined ? 'the role is assumed at the STS of the region that is called' : `the role is assumed at the STS of ${region}, the \`region\` of the profile`;
  const next = `take \`region\` out of the profile: then the STS of the region that is called is asked`;
  const own = region !== undefined && losses.regions.has(region) ? lost({ ...parts, because, next }) : fine({ ...parts, because });
  const source = section['source_profile'];
  const before = source === undefined ? undefined : config.profiles.get(source);
  if (source !== undefined && before !== undefined) return [own, ...(ofProfile(source, before, config, losses, [...seen, name]) ?? [notFound(`profile ${source}`)])];
  if (section['web_identity_token_file'] !== undefined) return [own];
  return [own, unknown({ ...parts, because: `where ${section['credential_source'] ?? 'its source'} gets its keys is not known from here`, next: 'run this on the machine that would run the failover' })];
}

function ofEnvironment(env: Env, losses: Losses, machine: string | undefined): Finding[] {
  if (set(env, 'AWS_WEB_IDENTITY_TOKEN_FILE')) return [fine({ area: 'credentials', what: 'web identity', because: 'the role is assumed at the STS of the region that is called' })];
  if (set(env, 'AWS_CONTAINER_CREDENTIALS_RELATIVE_URI') || set(env, 'AWS_CONTAINER_CREDENTIALS_FULL_URI')) {
    const parts = { area: 'credentials', what: 'role of the container', because: machine === undefined ? 'the region of this container is not known' : `this container runs in ${machine}` };
    const next = 'run it in the region that is to become active';
    if (machine === undefined) return [unknown({ ...parts, next })];
    return [losses.regions.has(machine) ? lost({ ...parts, next }) : fine(parts)];
  }
  return [notFound('no source')];
}

function notFound(what: string): Finding {
  return unknown({ area: 'credentials', what, because: 'no credentials are named on this machine; those of an instance come from its metadata service', next: 'run this where the failover would run, with AWS_PROFILE set' });
}

/** The SDK asks regional endpoints whatever `sts_regional_endpoints` says; only an address that is set by hand is global. */
function stsEndpoint(env: Env, losses: Losses, targets: readonly string[]): Finding[] {
  const address = env['AWS_ENDPOINT_URL_STS'] ?? '';
  const legacy = env['AWS_STS_REGIONAL_ENDPOINTS'] === 'legacy';
  const parts = { area: 'credentials', what: 'STS endpoint' };
  const next = 'unset AWS_ENDPOINT_URL_STS: then the STS of each region is asked';
  const global = /\/\/sts\.amazonaws\.com(?![\w.])/.test(address);
  // The global endpoint belongs to the commercial partition.
  const partitions = (global ? ['us-east-1'] : regionsIn(address)).map(partitionOf);
  const foreign = targets.find((target) => partitions.some((partition) => partition !== partitionOf(target)));
  if (foreign !== undefined) return [lost({ ...parts, because: `AWS_ENDPOINT_URL_STS is ${address}: another partition than that of ${foreign}, whose credentials it does not know`, next })];
  if (global && losses.planes.has('sts-global')) return [lost({ ...parts, because: 'AWS_ENDPOINT_URL_STS is the global one', next })];
  if (regionsIn(address).some((region) => losses.regions.has(region))) return [lost({ ...parts, because: `AWS_ENDPOINT_URL_STS is ${address}`, next })];
  const also = legacy ? '; AWS_STS_REGIONAL_ENDPOINTS=legacy means nothing to dr, but the AWS CLI and programs of your own may ask the global endpoint' : '';
  return [fine({ ...parts, because: `regional${also}` })];
}

type Section = Readonly<Record<string, string>>;

/** The shared files of the AWS tools: names only are used, never a secret. */
interface AwsConfig {
  profiles: ReadonlyMap<string, Section>;
  ssoSessions: ReadonlyMap<string, Section>;
}

/** https://docs.aws.amazon.com/sdkref/latest/guide/file-format.html */
export async function readAwsConfig(env: Env): Promise<AwsConfig> {
  const home = env['HOME'] ?? homedir();
  const read = (path: string): Promise<string> => readFile(path, 'utf8').catch(() => '');
  const [config, credentials] = await Promise.all([
    read(env['AWS_CONFIG_FILE'] ?? join(home, '.aws', 'config')),
    read(env['AWS_SHARED_CREDENTIALS_FILE'] ?? join(home, '.aws', 'credentials')),
  ]);
  const profiles = new Map<string, Section>();
  const ssoSessions = new Map<string, Section>();
  const add = (name: string, section: Section) => profiles.set(name, { ...profiles.get(name), ...section });
  for (const [title, section] of sections(config)) {
    const session = /^sso-session\s+(.+)$/.exec(title)?.[1];
    if (session === undefined) add(title.replace(/^profile\s+/, ''), section);
    else ssoSessions.set(session, section);
  }
  for (const [title, section] of sections(credentials)) add(title, section);
  return { profiles, ssoSessions };
}

function sections(text: string): [string, Section][] {
  const found: [string, Record<string, string>][] = [];
  for (const line of text.split(/\r?\n/)) {
    const title = /^\s*\[\s*([^\]]+?)\s*\]/.exec(line)?.[1];
    if (title !== undefined) found.push([title.replaceAll(/["']/g, ''), {}]);
    const [, key, value] = /^([a-z_]+)\s*=\s*(.*?)\s*$/.exec(line) ?? [];
    const current = found.at(-1)?.[1];
    if (key !== undefined && value !== undefined && current !== undefined) current[key] = value;
  }
  return found;
}

import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';

type Env = Readonly<Record<string, string | undefined>>;
export type Section = Readonly<Record<string, string>>;

/** The shared files of the AWS tools: names only are used, never a secret. */
export interface AwsConfig {
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

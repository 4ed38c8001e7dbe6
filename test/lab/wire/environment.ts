import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Every AWS_ variable of a test is of its own making, and no file of the user is read. */
export function awsEnvironment(extra: Record<string, string>): Record<string, string> {
  const home = mkdtempSync(join(tmpdir(), 'dr-aws-'));
  homes.push(home);
  return {
    AWS_CONFIG_FILE: join(home, 'config'),
    AWS_SHARED_CREDENTIALS_FILE: join(home, 'credentials'),
    AWS_EC2_METADATA_DISABLED: 'true',
    AWS_ACCESS_KEY_ID: 'AKIDEXAMPLE',
    AWS_SECRET_ACCESS_KEY: 'not-a-real-secret',
    ...extra,
  };
}

const homes: string[] = [];
let before: NodeJS.ProcessEnv | undefined;

/** Lays `variables` over this process until `restoreEnvironment`. */
export function useEnvironment(variables: Record<string, string>): void {
  before ??= process.env;
  const others = Object.entries(before).filter(([name]) => !name.startsWith('AWS_'));
  process.env = { ...Object.fromEntries(others), ...variables };
}

export function restoreEnvironment(): void {
  if (before) process.env = before;
  before = undefined;
  for (const home of homes.splice(0)) rmSync(home, { recursive: true, force: true });
}

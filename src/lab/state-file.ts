import { chmod, link, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { ControlAddress } from './control-server.ts';
import type { LabInfo } from './status.ts';

/** How other processes find a lab that was started on its own. Holds its token, so only its owner may read it. */
export interface LabState {
  schema: 'dr.lab/1';
  control: ControlAddress;
  info: LabInfo;
}

export function stateFileIn(stateFolder: string): string {
  return join(stateFolder, 'lab', 'lab.json');
}

/** Undefined when there is none, or none that can be understood. */
export async function readState(file: string): Promise<LabState | undefined> {
  try {
    const state = JSON.parse(await readFile(file, 'utf8')) as { schema?: string } & Partial<Omit<LabState, 'schema'>>;
    const { schema, control, info } = state;
    return schema !== 'dr.lab/1' || control === undefined || info === undefined ? undefined : { schema, control, info };
  } catch {
    return undefined;
  }
}

/** Writes the file if there is none; false if there is. Anyone who reads it sees all of it or nothing. */
export async function claimState(file: string, state: LabState): Promise<boolean> {
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  const draft = `${file}.${process.pid}`;
  await writeFile(draft, `${JSON.stringify(state, null, 2)}\n`, { mode: 0o600 });
  await chmod(draft, 0o600);
  try {
    await link(draft, file);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  } finally {
    await rm(draft, { force: true });
  }
}

export async function releaseState(file: string, pid: number): Promise<void> {
  if ((await readState(file))?.info.pid === pid) await rm(file, { force: true });
}

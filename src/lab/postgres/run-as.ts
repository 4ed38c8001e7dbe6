import { readFile } from 'node:fs/promises';

/** The user that PostgreSQL runs as; nothing set means the lab's own. */
export interface RunAs {
  name: string;
  uid?: number;
  gid?: number;
}

/**
 * PostgreSQL refuses to run as root. For root these are the users to try, best first; for anybody else, themselves.
 * The user must stand in the password file: initdb looks its name up.
 */
export async function runAsCandidates(
  uid: number | undefined = process.getuid?.(),
  env: Readonly<Record<string, string | undefined>> = process.env,
  passwdFile = '/etc/passwd',
): Promise<RunAs[]> {
  if (uid !== 0) return [{ name: 'the own user' }];
  const users: Required<RunAs>[] = [];
  for (const line of (await readFile(passwdFile, 'utf8').catch(() => '')).split('\n')) {
    const [name, , userId, groupId] = line.split(':');
    const found = { name: name ?? '', uid: Number(userId), gid: Number(groupId) };
    if (found.name !== '' && Number.isInteger(found.uid) && Number.isInteger(found.gid) && found.uid !== 0) users.push(found);
  }
  const wanted = [
    // With sudo: the user who called it.
    users.find((u) => String(u.uid) === env['SUDO_UID']),
    ...['nobody', 'postgres', 'daemon'].map((name) => users.find((u) => u.name === name)),
  ];
  return [...new Set(wanted.filter((u) => u !== undefined))];
}

/** The part of it that node:child_process takes. */
export function spawnIdentity(runAs: RunAs): { uid?: number; gid?: number } {
  return {
    ...(runAs.uid === undefined ? {} : { uid: runAs.uid }),
    ...(runAs.gid === undefined ? {} : { gid: runAs.gid }),
  };
}

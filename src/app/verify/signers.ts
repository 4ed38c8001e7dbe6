import { readFile } from 'node:fs/promises';
import { DrError, messageOf } from '../../base/errors.ts';
import { fingerprint, readPublicKey } from '../../approvals/public-key.ts';

/** Who may sign with which key, as an auditor was told by others: type and fingerprint of each key, by name. */
export type Signers = ReadonlyMap<string, readonly string[]>;

/**
 * Reads a file in the form of OpenSSH's allowed_signers: `names [options] type key [comment]`, names with commas between them.
 * https://man.openbsd.org/ssh-keygen.1#ALLOWED_SIGNERS
 * @throws DrError (usage)
 */
export async function readSigners(path: string): Promise<Signers> {
  const unusable = (why: string): DrError => new DrError({ code: 'SIGNERS_UNREADABLE', exit: 'usage', title: `The file of signers ${path} cannot be used.`, detail: why, next: ['one line a key: alice@example.com ssh-ed25519 AAAA…'] });
  const text = await readFile(path, 'utf8').catch((error: unknown) => Promise.reject(unusable(messageOf(error))));
  const signers = new Map<string, string[]>();
  for (const [i, line] of text.split('\n').entries()) {
    if (line.trim() === '' || line.startsWith('#')) continue;
    const [names = '', ...rest] = line.trim().split(/\s+/);
    const at = rest.findIndex((word) => /^(sk-)?(ssh|ecdsa)-/.test(word));
    try {
      const key = readPublicKey(rest.slice(at, at + 2).join(' '));
      for (const name of names.split(',')) signers.set(name, [...(signers.get(name) ?? []), `${key.type} ${fingerprint(key)}`]);
    } catch (error) {
      throw unusable(`line ${i + 1}: ${messageOf(error)}`);
    }
  }
  return signers;
}

/** Why a signature does not count by the list; undefined where it does, or where there is no list. */
export function strangerAmong(signers: Signers | undefined, name: string, key: string): string | undefined {
  if (signers === undefined) return undefined;
  const known = signers.get(name);
  if (known === undefined) return `${name} is not in the file of signers`;
  return known.includes(key) ? undefined : `the file of signers does not name ${key} for ${name}`;
}

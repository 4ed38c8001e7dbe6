import { spawn } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { basename, join } from 'node:path';
import type { PlannedGate } from '../app/approve.ts';
import { DrError, messageOf } from '../base/errors.ts';
import { type Approver, fingerprintsOf } from '../approvals/people.ts';
import { readPrivateKey } from '../approvals/private-key.ts';
import { decodePublicKey, ed25519Blob, fingerprint, readPublicKey } from '../approvals/public-key.ts';
import { NAMESPACE, type Namespace, signText } from '../approvals/signature.ts';

interface Signer {
  /** Who signs, as the runbook calls them; undefined when it names this key for nobody. */
  name: string | undefined;
  path: string;
  fingerprint: string;
}

/** The key that was named, or the one of ~/.ssh that the gate names. @throws DrError (usage) */
export function findSigner(gate: PlannedGate, named: string | undefined, home = homedir()): Promise<Signer | undefined> {
  return findKey(gate.from, named, home);
}

/** The same among people. @throws DrError (usage) */
export async function findKey(people: readonly Approver[], named: string | undefined, home = homedir()): Promise<Signer | undefined> {
  if (named !== undefined) return signerOf(people, named, await fingerprintOfFile(named));
  const folder = join(home, '.ssh');
  const names = (await readdir(folder).catch(() => [])).filter((name) => name.endsWith('.pub')).sort();
  for (const name of names) {
    const path = join(folder, name.slice(0, -'.pub'.length));
    const signer = signerOf(people, path, await fingerprintOfFile(path).catch(() => ''));
    if (signer.name !== undefined) return signer;
  }
  return undefined;
}

function signerOf(people: readonly Approver[], path: string, print: string): Signer {
  return { name: people.find((person) => fingerprintsOf(person).includes(print))?.name, path, fingerprint: print };
}

/** Of a private key's file: from its public half beside it, or from itself. */
async function fingerprintOfFile(path: string): Promise<string> {
  const text = await readFile(path.endsWith('.pub') ? path : `${path}.pub`, 'utf8').catch(() => undefined);
  if (text !== undefined) return fingerprint(readPublicKey(text));
  const pair = readPrivateKey(await readFile(path, 'utf8').catch((error: unknown) => Promise.reject(unreadable(path, messageOf(error)))));
  if (pair === undefined) throw unreadable(path, `it is no ed25519 key without a passphrase, and there is no ${basename(path)}.pub beside it`);
  return fingerprint(decodePublicKey(ed25519Blob(pair.publicKey)));
}

function unreadable(path: string, why: string): DrError {
  return new DrError({ code: 'KEY_UNUSABLE', exit: 'usage', title: `The key ${path} cannot be used.`, detail: why, next: ['--key FILE    the private key, or its public half where an agent holds it'] });
}

/** Signs by itself where it can, else through ssh-keygen: with a passphrase, an agent or a hardware key. */
export async function signWith(path: string, text: string, namespace: Namespace = NAMESPACE): Promise<string> {
  const pair = path.endsWith('.pub') ? undefined : readPrivateKey(await readFile(path, 'utf8').catch(() => ''));
  if (pair !== undefined) return signText(text, pair.privateKey, pair.publicKey, namespace);
  return sshKeygen(path, text, namespace);
}

/** It asks for a passphrase on the terminal by itself. */
function sshKeygen(path: string, text: string, namespace: Namespace): Promise<string> {
  return new Promise((resolve, reject) => {
    const failed = (why: string) =>
      reject(new DrError({ code: 'NOT_SIGNED', exit: 'usage', title: `ssh-keygen did not sign with ${path}.`, detail: why, next: [`${namespace === NAMESPACE ? 'dr approve' : 'dr sign'} RUN --print > FILE    gives the text, to be signed elsewhere`] }));
    const child = spawn('ssh-keygen', ['-Y', 'sign', '-f', path, '-n', namespace], { stdio: ['pipe', 'pipe', 'inherit'] });
    let out = '';
    child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
    child.on('error', (error) => failed(error.message));
    child.on('close', (code) => (code === 0 ? resolve(out) : failed(`exit code ${code ?? 'none'}`)));
    child.stdin.on('error', () => undefined);
    child.stdin.end(text);
  });
}

/** The signature, and the text that it belongs to. */
export async function signedElsewhere(path: string): Promise<{ text: string; signature: string }> {
  const unreadable = (why: string) => new DrError({ code: 'SIGNATURE_UNREADABLE', exit: 'usage', title: `The signature ${path} cannot be read.`, detail: why, next: ['--signature FILE.sig    with FILE beside it'] });
  if (!path.endsWith('.sig')) throw unreadable('The name of the file ends with .sig, and the text lies beside it without.');
  try {
    const [text, signature] = await Promise.all([readFile(path.slice(0, -'.sig'.length), 'utf8'), readFile(path, 'utf8')]);
    return { text, signature };
  } catch (error) {
    throw unreadable(messageOf(error));
  }
}

import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { readPrivateKey } from '../../src/approvals/private-key.ts';
import { fingerprint, readPublicKey } from '../../src/approvals/public-key.ts';
import { signText, verifySignature } from '../../src/approvals/signature.ts';

/*
 * Against OpenSSH itself: what it signs is verified here, and what is signed here is verified by it.
 */

const installed = spawnSync('ssh-keygen', ['-?']).error === undefined;
const folder = mkdtempSync(join(tmpdir(), 'dr-keys-'));
afterAll(() => rmSync(folder, { recursive: true }));

const TEXT = 'dr approval, version 1\nrun: x\n';

function key(name: string, ...args: string[]): string {
  const path = join(folder, name);
  execFileSync('ssh-keygen', ['-q', '-N', '', '-C', name, '-f', path, ...args]);
  return path;
}

function signedBySsh(path: string, namespace = 'dr-approval'): string {
  return execFileSync('ssh-keygen', ['-Y', 'sign', '-f', path, '-n', namespace], { input: TEXT, stdio: ['pipe', 'pipe', 'ignore'] }).toString();
}

describe.skipIf(!installed)('with ssh-keygen', () => {
  it.each([
    ['ed25519', ['-t', 'ed25519']],
    ['rsa', ['-t', 'rsa', '-b', '2048']],
    ['p256', ['-t', 'ecdsa', '-b', '256']],
    ['p384', ['-t', 'ecdsa', '-b', '384']],
    ['p521', ['-t', 'ecdsa', '-b', '521']],
  ])('a signature by a key of sort %s is verified, and one of another text is not', (name, args) => {
    const path = key(name, ...args);
    const line = readFileSync(`${path}.pub`, 'utf8');
    const listed = execFileSync('ssh-keygen', ['-l', '-f', `${path}.pub`]).toString();
    // Numbers in it may have leading zeros: several, so that both lengths come up.
    for (let i = 0; i < 8; i++) {
      const signature = signedBySsh(path);
      expect(fingerprint(verifySignature(TEXT, signature))).toBe(fingerprint(readPublicKey(line)));
      expect(() => verifySignature(`${TEXT} `, signature)).toThrow('it does not fit the text');
    }
    expect(listed).toContain(fingerprint(readPublicKey(line)));
  });

  it('a signature for something else does not count', () => {
    const path = key('elsewhere', '-t', 'ed25519');
    expect(() => verifySignature(TEXT, signedBySsh(path, 'git'))).toThrow('it is made for "git", not for "dr-approval"');
  });

  it('what is signed here is verified by OpenSSH', () => {
    const path = key('own', '-t', 'ed25519');
    const pair = readPrivateKey(readFileSync(path, 'utf8'));
    if (pair === undefined) throw new Error('the key was not read');
    writeFileSync(join(folder, 'text.sig'), signText(TEXT, pair.privateKey, pair.publicKey));
    writeFileSync(join(folder, 'allowed'), `ann@example.com ${readFileSync(`${path}.pub`, 'utf8')}`);
    const args = ['-Y', 'verify', '-f', join(folder, 'allowed'), '-I', 'ann@example.com', '-n', 'dr-approval', '-s', join(folder, 'text.sig')];
    expect(execFileSync('ssh-keygen', args, { input: TEXT }).toString()).toContain('Good "dr-approval" signature for ann@example.com');
  });

  it('a key with a passphrase, and one of another sort, are left to ssh-keygen', () => {
    const path = join(folder, 'locked');
    execFileSync('ssh-keygen', ['-q', '-N', 'secret words', '-t', 'ed25519', '-f', path]);
    expect(readPrivateKey(readFileSync(path, 'utf8'))).toBeUndefined();
    expect(readPrivateKey(readFileSync(key('rsa-too', '-t', 'rsa', '-b', '2048'), 'utf8'))).toBeUndefined();
  });

  it('a short RSA key is refused', () => {
    const path = key('short', '-t', 'rsa', '-b', '1024');
    expect(() => readPublicKey(readFileSync(`${path}.pub`, 'utf8'))).toThrow('an RSA key of 1024 bits is too short: 2048 or more');
  });
});

it.each([
  ['', 'it is not a line such as ssh-ed25519 AAAA…'],
  ['ssh-ed25519 !!!!', 'it is not a line such as ssh-ed25519 AAAA…'],
  ['ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIA==', 'it ends too early'],
  ['ssh-dss AAAAB3NzaC1kc3M=', 'keys of type ssh-dss are not supported: use ed25519, ECDSA or RSA'],
])('the public key %j is refused', (line, why) => {
  expect(() => readPublicKey(line)).toThrow(why);
});

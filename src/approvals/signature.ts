import { createHash, type KeyObject, sign, verify } from 'node:crypto';
import { decodePublicKey, ed25519Blob, type PublicKey } from './public-key.ts';
import { packed, WireReader } from './ssh-wire.ts';

/*
 * Signatures of OpenSSH (`ssh-keygen -Y sign`), so that people sign with the key that they have.
 * https://github.com/openssh/openssh-portable/blob/master/PROTOCOL.sshsig, and PROTOCOL.u2f for hardware keys.
 */

/** What a signature is for, in its own text: one made for anything else does not count. */
export const NAMESPACES = { approval: 'dr-approval', signOff: 'dr-sign-off', evidence: 'dr-evidence' } as const;
export type Namespace = (typeof NAMESPACES)[keyof typeof NAMESPACES];
export const NAMESPACE = NAMESPACES.approval;

const MAGIC = 'SSHSIG';
const ARMOR = /^-----BEGIN SSH SIGNATURE-----\s+([A-Za-z0-9+/=\s]+?)\s*-----END SSH SIGNATURE-----\s*$/;

/** Flag of a hardware key: somebody touched it. */
const PRESENT = 0x01;

/** A gate looks at the same files every few seconds. */
const verified = new Map<string, PublicKey>();
const VERIFIED_KEPT = 500;

/** The key that made the signature, when it fits the text. @throws Error that says why it does not. */
export function verifySignature(text: string, signature: string, namespace: Namespace = NAMESPACE): PublicKey {
  const both = JSON.stringify([namespace, text, signature]);
  const known = verified.get(both);
  if (known !== undefined) return known;
  const key = verifyAnew(text, signature, namespace);
  if (verified.size >= VERIFIED_KEPT) verified.clear();
  verified.set(both, key);
  return key;
}

function verifyAnew(text: string, signature: string, wanted: Namespace): PublicKey {
  const armored = ARMOR.exec(signature.trim())?.[1];
  if (armored === undefined) throw new Error('it is not an SSH signature (ssh-keygen -Y sign)');
  const reader = new WireReader(Buffer.from(armored.replace(/\s+/g, ''), 'base64'));
  if (reader.bytes(6).toString('latin1') !== MAGIC || reader.uint32() !== 1) throw new Error('it is not an SSH signature of version 1');
  const key = decodePublicKey(reader.string());
  const namespace = reader.text();
  if (namespace !== wanted) throw new Error(`it is made for "${namespace.slice(0, 40)}", not for "${wanted}"`);
  const reserved = reader.string();
  const hash = reader.text();
  if (hash !== 'sha256' && hash !== 'sha512') throw new Error(`its hash ${hash.slice(0, 20)} is not supported`);
  const made = reader.string();
  reader.end();
  const signed = Buffer.concat([Buffer.from(MAGIC), packed(wanted), packed(reserved), packed(hash), packed(hashed(hash, text))]);
  if (!fits(key, signed, made)) throw new Error('it does not fit the text');
  return key;
}

/** Signs with an ed25519 key, in the form of OpenSSH. `publicKey` belongs to `privateKey`. */
export function signText(text: string, privateKey: KeyObject, publicKey: KeyObject, namespace: Namespace = NAMESPACE): string {
  const signed = Buffer.concat([Buffer.from(MAGIC), packed(namespace), packed(''), packed('sha512'), packed(hashed('sha512', text))]);
  const made = Buffer.concat([packed('ssh-ed25519'), packed(sign(null, signed, privateKey))]);
  const version = Buffer.from([0, 0, 0, 1]);
  const whole = Buffer.concat([Buffer.from(MAGIC), version, packed(ed25519Blob(publicKey)), packed(namespace), packed(''), packed('sha512'), packed(made)]);
  const lines = whole.toString('base64').match(/.{1,70}/g) ?? [];
  return `-----BEGIN SSH SIGNATURE-----\n${lines.join('\n')}\n-----END SSH SIGNATURE-----\n`;
}

function hashed(hash: 'sha256' | 'sha512', text: string): Buffer {
  return createHash(hash).update(text, 'utf8').digest();
}

function fits({ type, key, application }: PublicKey, signed: Buffer, made: Buffer): boolean {
  const reader = new WireReader(made);
  const algorithm = reader.text();
  const signature = reader.string();
  let data = signed;
  if (application !== undefined) {
    const marks = reader.bytes(5);
    if (((marks[0] ?? 0) & PRESENT) === 0) throw new Error('nobody touched the hardware key');
    data = Buffer.concat([sha256(application), marks, sha256(signed)]);
  }
  reader.end();
  if (type === 'ssh-rsa') {
    // SHA-1 is not accepted, though OpenSSH once signed with it.
    const hash = { 'rsa-sha2-256': 'sha256', 'rsa-sha2-512': 'sha512' }[algorithm];
    return hash !== undefined && verify(hash, data, key, signature);
  }
  if (algorithm !== type) return false;
  if (type.includes('ed25519')) return verify(null, data, key, signature);
  return verifyEcdsa(type, key, data, signature);
}

function verifyEcdsa(type: string, key: KeyObject, data: Buffer, signature: Buffer): boolean {
  const { size, hash } = type.endsWith('521') ? { size: 66, hash: 'sha512' } : type.endsWith('384') ? { size: 48, hash: 'sha384' } : { size: 32, hash: 'sha256' };
  const reader = new WireReader(signature);
  const parts = [reader.number(), reader.number()];
  reader.end();
  if (parts.some((part) => part.length > size)) return false;
  const whole = Buffer.concat(parts.flatMap((part) => [Buffer.alloc(size - part.length), part]));
  return verify(hash, data, { key, dsaEncoding: 'ieee-p1363' }, whole);
}

function sha256(data: string | Uint8Array): Buffer {
  return createHash('sha256').update(data).digest();
}

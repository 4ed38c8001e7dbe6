import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import { WireReader } from './ssh-wire.ts';

interface KeyPair {
  privateKey: KeyObject;
  publicKey: KeyObject;
}

const OPENSSH = /^-----BEGIN OPENSSH PRIVATE KEY-----\s+([A-Za-z0-9+/=\s]+?)\s*-----END OPENSSH PRIVATE KEY-----\s*$/;
const MAGIC = 'openssh-key-v1\0';

/**
 * An ed25519 key without a passphrase, as OpenSSH or as PKCS#8 keeps it. Undefined for any other: that one is left to
 * ssh-keygen and its agent. https://github.com/openssh/openssh-portable/blob/master/PROTOCOL.key
 */
export function readPrivateKey(text: string): KeyPair | undefined {
  try {
    const armored = OPENSSH.exec(text.trim())?.[1];
    const privateKey = armored === undefined ? createPrivateKey(text) : openSshKey(Buffer.from(armored.replace(/\s+/g, ''), 'base64'));
    if (privateKey?.asymmetricKeyType !== 'ed25519') return undefined;
    return { privateKey, publicKey: createPublicKey(privateKey) };
  } catch {
    return undefined;
  }
}

function openSshKey(bytes: Buffer): KeyObject | undefined {
  const reader = new WireReader(bytes);
  if (reader.bytes(MAGIC.length).toString('latin1') !== MAGIC) return undefined;
  const cipher = reader.text();
  reader.string();
  reader.string();
  if (cipher !== 'none' || reader.uint32() !== 1) return undefined;
  reader.string();
  const inner = new WireReader(reader.string());
  if (inner.uint32() !== inner.uint32() || inner.text() !== 'ssh-ed25519') return undefined;
  const x = inner.string();
  const d = inner.string().subarray(0, 32);
  return createPrivateKey({ key: { kty: 'OKP', crv: 'Ed25519', x: x.toString('base64url'), d: d.toString('base64url') }, format: 'jwk' });
}

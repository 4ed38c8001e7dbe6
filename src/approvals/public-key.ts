import type { JsonWebKey, KeyObject } from 'node:crypto';
import { packed, WireReader } from './ssh-wire.ts';

/** Loaded with the first key: most runbooks name none, and start-up is counted. */
const crypto = () => process.getBuiltinModule('node:crypto');

/* Public keys that a runbook may name: lines of OpenSSH, and ed25519 as PEM. All become OpenSSH's own form, so that one key has one fingerprint. */

export interface PublicKey {
  /** e.g. `ssh-ed25519` */
  type: string;
  /** As OpenSSH encodes it. */
  blob: Buffer;
  key: KeyObject;
  /** A hardware key (FIDO) signs with the name of its application in front. */
  application?: string;
}

const RSA_BITS_MIN = 2_048;

const CURVES: Readonly<Record<string, { crv: string; size: number }>> = {
  nistp256: { crv: 'P-256', size: 32 },
  nistp384: { crv: 'P-384', size: 48 },
  nistp521: { crv: 'P-521', size: 66 },
};

/** `ssh-ed25519 AAAA… comment`, or an ed25519 key as PEM. @throws Error that says what is wrong with it. */
export function readPublicKey(text: string): PublicKey {
  if (text.includes('-----BEGIN')) {
    const key = crypto().createPublicKey(text);
    if (key.asymmetricKeyType !== 'ed25519') throw new Error('a PEM key must be ed25519');
    return decodePublicKey(ed25519Blob(key));
  }
  const [type, base64] = text.trim().split(/\s+/);
  if (type === undefined || base64 === undefined || !/^[A-Za-z0-9+/]+={0,2}$/.test(base64)) throw new Error('it is not a line such as ssh-ed25519 AAAA…');
  const key = decodePublicKey(Buffer.from(base64, 'base64'));
  if (key.type !== type) throw new Error(`it says ${type}, and is ${key.type}`);
  return key;
}

/** A key as OpenSSH encodes it. @throws Error */
export function decodePublicKey(blob: Uint8Array): PublicKey {
  const reader = new WireReader(blob);
  const type = reader.text();
  const { jwk, application } = jwkOf(type, reader);
  reader.end();
  const key = crypto().createPublicKey({ key: jwk, format: 'jwk' });
  // Asked of RSA only: to have it said takes longer than to read the key.
  const bits = jwk.kty === 'RSA' ? key.asymmetricKeyDetails?.modulusLength : undefined;
  if (bits !== undefined && bits < RSA_BITS_MIN) throw new Error(`an RSA key of ${bits} bits is too short: ${RSA_BITS_MIN} or more`);
  return { type, blob: Buffer.from(blob), key, ...(application === undefined ? {} : { application }) };
}

function jwkOf(type: string, reader: WireReader): { jwk: JsonWebKey; application?: string } {
  const url = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64url');
  switch (type) {
    case 'ssh-ed25519':
      return { jwk: { kty: 'OKP', crv: 'Ed25519', x: url(reader.string()) } };
    case 'sk-ssh-ed25519@openssh.com':
      return { jwk: { kty: 'OKP', crv: 'Ed25519', x: url(reader.string()) }, application: reader.text() };
    case 'ssh-rsa': {
      const e = url(reader.number());
      return { jwk: { kty: 'RSA', e, n: url(reader.number()) } };
    }
    case 'sk-ecdsa-sha2-nistp256@openssh.com':
      return { jwk: curvePoint(reader), application: reader.text() };
    case 'ecdsa-sha2-nistp256':
    case 'ecdsa-sha2-nistp384':
    case 'ecdsa-sha2-nistp521':
      return { jwk: curvePoint(reader) };
    default:
      throw new Error(`keys of type ${type.slice(0, 60)} are not supported: use ed25519, ECDSA or RSA`);
  }
}

function curvePoint(reader: WireReader): JsonWebKey {
  const curve = CURVES[reader.text()];
  const point = reader.string();
  if (curve === undefined || point[0] !== 4 || point.length !== 1 + 2 * curve.size) throw new Error('its point is not one of its curve');
  const part = (from: number) => point.subarray(from, from + curve.size).toString('base64url');
  return { kty: 'EC', crv: curve.crv, x: part(1), y: part(1 + curve.size) };
}

export function ed25519Blob(key: KeyObject): Buffer {
  const { x = '' } = key.export({ format: 'jwk' });
  return Buffer.concat([packed('ssh-ed25519'), packed(Buffer.from(x, 'base64url'))]);
}

/** As `ssh-keygen -l` prints it: `SHA256:…` */
export function fingerprint({ blob }: Pick<PublicKey, 'blob'>): string {
  return `SHA256:${crypto().createHash('sha256').update(blob).digest('base64').replace(/=+$/, '')}`;
}

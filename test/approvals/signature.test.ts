import { createHash, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { fingerprint, readPublicKey } from '../../src/approvals/public-key.ts';
import { signText, verifySignature } from '../../src/approvals/signature.ts';
import { packed, WireReader } from '../../src/approvals/ssh-wire.ts';
import { hardwareSignature, person } from './signers.ts';

/* Signatures of OpenSSH, made here part by part: each sort of key, and each way in which one is not what it says. */

const TEXT = 'dr approval, version 1\nrun: x\n';
const url = (value: string | undefined) => Buffer.from(value ?? '', 'base64url');
/** A positive number as SSH writes it: with a zero in front where the first bit is set. */
const number = (bytes: Buffer) => packed((bytes[0] ?? 0) >= 0x80 ? Buffer.concat([Buffer.from([0]), bytes]) : bytes);

interface Signer {
  blob: Buffer;
  /** The signature of the bytes, as it stands in the outer one. */
  made: (data: Buffer) => Buffer;
}

function rsa(bits = 2_048, algorithm = 'rsa-sha2-512', hash = 'sha512'): Signer {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: bits });
  const { n, e } = publicKey.export({ format: 'jwk' });
  return { blob: Buffer.concat([packed('ssh-rsa'), number(url(e)), number(url(n))]), made: (data) => Buffer.concat([packed(algorithm), packed(sign(hash, data, privateKey))]) };
}

const CURVES = { nistp256: ['P-256', 'sha256'], nistp384: ['P-384', 'sha384'], nistp521: ['P-521', 'sha512'] } as const;

function ecdsa(curve: keyof typeof CURVES, named: string = curve): Signer {
  const [namedCurve, hash] = CURVES[curve];
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve });
  const { x, y } = publicKey.export({ format: 'jwk' });
  const trimmed = (part: Buffer) => part.subarray(part.findIndex((byte) => byte !== 0));
  return {
    blob: Buffer.concat([packed(`ecdsa-sha2-${curve}`), packed(named), packed(Buffer.concat([Buffer.from([4]), url(x), url(y)]))]),
    made: (data) => {
      const whole = sign(hash, data, { key: privateKey, dsaEncoding: 'ieee-p1363' });
      const parts = [whole.subarray(0, whole.length / 2), whole.subarray(whole.length / 2)];
      return Buffer.concat([packed(`ecdsa-sha2-${curve}`), packed(Buffer.concat(parts.map((part) => number(trimmed(part)))))]);
    },
  };
}

function ed25519(pair: { privateKey: KeyObject; publicKey: KeyObject } = generateKeyPairSync('ed25519')): Signer {
  return { blob: Buffer.concat([packed('ssh-ed25519'), packed(url(pair.publicKey.export({ format: 'jwk' }).x))]), made: (data) => Buffer.concat([packed('ssh-ed25519'), packed(sign(null, data, pair.privateKey))]) };
}

interface Parts {
  magic?: string;
  version?: number;
  namespace?: string;
  hash?: string;
  behind?: string;
  /** What stands in the outer signature in place of the signature of the text. */
  made?: (data: Buffer) => Buffer;
}

function signedBy(signer: Signer, { magic = 'SSHSIG', version = 1, namespace = 'dr-approval', hash = 'sha512', behind = '', made = signer.made }: Parts = {}): string {
  const digest = createHash(hash === 'sha256' ? 'sha256' : 'sha512').update(TEXT).digest();
  const data = Buffer.concat([Buffer.from('SSHSIG'), packed(namespace), packed(''), packed(hash), packed(digest)]);
  const whole = Buffer.concat([Buffer.from(magic), Buffer.from([0, 0, 0, version]), packed(signer.blob), packed(namespace), packed(''), packed(hash), packed(made(data)), Buffer.from(behind)]);
  return `-----BEGIN SSH SIGNATURE-----\n${whole.toString('base64')}\n-----END SSH SIGNATURE-----\n`;
}

const line = ({ blob }: Signer, type = new WireReader(blob).text()) => `${type} ${blob.toString('base64')} somebody`;
const why = (signature: string, text = TEXT): string => {
  try {
    return `fits ${verifySignature(text, signature).type}`;
  } catch (error) {
    return (error as Error).message;
  }
};

describe('a signature', () => {
  it.each<[string, () => Signer, string]>([
    ['ed25519', ed25519, 'ssh-ed25519'],
    ['RSA with SHA-512', rsa, 'ssh-rsa'],
    ['RSA with SHA-256', () => rsa(2_048, 'rsa-sha2-256', 'sha256'), 'ssh-rsa'],
    ['P-256', () => ecdsa('nistp256'), 'ecdsa-sha2-nistp256'],
    ['P-384', () => ecdsa('nistp384'), 'ecdsa-sha2-nistp384'],
    ['P-521', () => ecdsa('nistp521'), 'ecdsa-sha2-nistp521'],
  ])('of %s fits its text and its key, and no other', (_, make, type) => {
    const [signer, other] = [make(), make()];
    for (const hash of ['sha256', 'sha512']) expect(why(signedBy(signer, { hash }))).toBe(`fits ${type}`);
    expect(why(signedBy(signer), `${TEXT} `)).toBe('it does not fit the text');
    expect(why(signedBy(signer, { made: other.made }))).toBe('it does not fit the text');
    const key = verifySignature(TEXT, signedBy(signer));
    expect(key.blob).toEqual(signer.blob);
    expect(key).not.toHaveProperty('application');
    expect(fingerprint(readPublicKey(line(signer)))).toBe(fingerprint(key));
  });

  it('of P-256 fits whatever zeros its numbers begin with', () => {
    const signer = ecdsa('nistp256');
    for (let i = 0; i < 300; i++) expect(why(signedBy(signer))).toBe('fits ecdsa-sha2-nistp256');
  });

  it('of RSA with SHA-1 does not count, nor one that names another algorithm than its key', () => {
    for (const hash of ['sha1', 'sha256', 'sha512']) expect(why(signedBy(rsa(2_048, 'ssh-rsa', hash)))).toBe('it does not fit the text');
    const signer = ed25519();
    expect(why(signedBy(signer, { made: (data) => Buffer.concat([packed('ssh-ed448'), signer.made(data).subarray(4 + 'ssh-ed25519'.length)]) }))).toBe('it does not fit the text');
  });

  it('of P-256 with a number that is too long does not count', () => {
    const long = () => Buffer.concat([packed('ecdsa-sha2-nistp256'), packed(Buffer.concat([packed(Buffer.alloc(33, 1)), packed(Buffer.alloc(32, 1))]))]);
    expect(why(signedBy(ecdsa('nistp256'), { made: long }))).toBe('it does not fit the text');
  });

  it.each<[string, Parts, string]>([
    ['of another sort of file', { magic: 'SSHKEY' }, 'it is not an SSH signature of version 1'],
    ['of a later version', { version: 2 }, 'it is not an SSH signature of version 1'],
    ['for something else', { namespace: 'git' }, 'it is made for "git", not for "dr-approval"'],
    ['for something with a long name', { namespace: 'g'.repeat(99) }, `it is made for "${'g'.repeat(40)}", not for "dr-approval"`],
    ['with another hash', { hash: 'md5' }, 'its hash md5 is not supported'],
    ['with a hash of a long name', { hash: 'm'.repeat(99) }, `its hash ${'m'.repeat(20)} is not supported`],
    ['with more behind it', { behind: 'x' }, 'something stands behind its end'],
    ['with more behind its inner one', { made: () => Buffer.concat([packed('ssh-ed25519'), packed(''), Buffer.from('x')]) }, 'something stands behind its end'],
  ])('%s does not count', (_, parts, text) => {
    expect(why(signedBy(ed25519(), parts))).toBe(text);
  });

  it('with more behind its two numbers does not count', () => {
    const more = () => Buffer.concat([packed('ecdsa-sha2-nistp256'), packed(Buffer.concat([packed(Buffer.alloc(32, 1)), packed(Buffer.alloc(32, 1)), Buffer.from('x')]))]);
    expect(why(signedBy(ecdsa('nistp256'), { made: more }))).toBe('something stands behind its end');
  });

  it('has its own form, in which white space does not matter, and nothing stands around it', () => {
    const good = signedBy(ed25519());
    const body = good.split('\n')[1] ?? '';
    for (const form of [`  \n${good}  `, good.replace(body, `${body.slice(0, 20)}\r\n${body.slice(20)}`), good.replaceAll('\n', ' ')]) expect(why(form)).toBe('fits ssh-ed25519');
    for (const form of ['', `x${good}`, `${good}x`, good.replace('BEGIN', 'END'), good.replace(body, `${body}*`)]) expect(why(form)).toBe('it is not an SSH signature (ssh-keygen -Y sign)');
  });

  it('is verified once, and never for another text, another purpose or another signature', () => {
    const signer = ed25519();
    const signature = signedBy(signer);
    expect(verifySignature(TEXT, signature)).toBe(verifySignature(TEXT, signature));
    expect(() => verifySignature(TEXT, signature, 'dr-sign-off')).toThrow('it is made for "dr-approval", not for "dr-sign-off"');
    expect(why(signature, 'other')).toBe('it does not fit the text');
  });

  it('that is made here is one that is verified here, for its purpose only, in lines of 70 characters', () => {
    const ann = person('ann');
    const made = signText(TEXT, ann.privateKey, ann.publicKey, 'dr-evidence');
    expect(verifySignature(TEXT, made, 'dr-evidence').type).toBe('ssh-ed25519');
    expect(() => verifySignature(TEXT, made)).toThrow('it is made for "dr-evidence"');
    expect(made).toMatch(/^-----BEGIN SSH SIGNATURE-----\n([A-Za-z0-9+/]{70}\n)+[A-Za-z0-9+/]{1,70}={0,2}\n-----END SSH SIGNATURE-----\n$/);
  });

  it('of a hardware key counts only where somebody has touched it', () => {
    const ann = person('ann');
    const touched = hardwareSignature(TEXT, ann, 0x05);
    expect(why(touched.signature)).toBe('fits sk-ssh-ed25519@openssh.com');
    expect(readPublicKey(touched.line)).toMatchObject({ type: 'sk-ssh-ed25519@openssh.com', application: 'ssh:' });
    expect(why(hardwareSignature(TEXT, ann, 0x04).signature)).toBe('nobody touched the hardware key');
    expect(why(touched.signature, 'other')).toBe('it does not fit the text');
  });
});

describe('a public key', () => {
  const read = (text: string): string => {
    try {
      return readPublicKey(text).type;
    } catch (error) {
      return (error as Error).message;
    }
  };

  it('is read as PEM where it is ed25519, as the same key as its line', () => {
    const ann = person('ann');
    const pem = ann.publicKey.export({ format: 'pem', type: 'spki' }).toString();
    expect(readPublicKey(pem)).toMatchObject({ type: 'ssh-ed25519', blob: readPublicKey(ann.line).blob });
    expect(read(generateKeyPairSync('rsa', { modulusLength: 2_048 }).publicKey.export({ format: 'pem', type: 'spki' }).toString())).toBe('a PEM key must be ed25519');
  });

  it('of a hardware key on P-256 has its application', () => {
    const { blob } = ecdsa('nistp256');
    const type = 'sk-ecdsa-sha2-nistp256@openssh.com';
    const whole = Buffer.concat([packed(type), blob.subarray(4 + 'ecdsa-sha2-nistp256'.length), packed('ssh:')]);
    expect(readPublicKey(`${type} ${whole.toString('base64')}`)).toMatchObject({ type, application: 'ssh:' });
  });

  it('is refused where it is not what it says, or too short', () => {
    const signer = ed25519();
    expect(read(`  ${line(signer).replace(' ', '  ')} `)).toBe('ssh-ed25519');
    expect(read(line(signer).replace(' ', ' !'))).toBe('it is not a line such as ssh-ed25519 AAAA…');
    expect(read(line(signer, 'ssh-rsa'))).toBe('it says ssh-rsa, and is ssh-ed25519');
    expect(read(line(rsa(1_024)))).toBe('an RSA key of 1024 bits is too short: 2048 or more');
    expect(read(`ssh-ed25519 ${Buffer.concat([signer.blob, Buffer.from('x')]).toString('base64')}`)).toBe('something stands behind its end');
    expect(read(`ssh-dss ${packed('ssh-dss').toString('base64')}`)).toBe('keys of type ssh-dss are not supported: use ed25519, ECDSA or RSA');
    expect(read(`x ${packed('k'.repeat(99)).toString('base64')}`)).toBe(`keys of type ${'k'.repeat(60)} are not supported: use ed25519, ECDSA or RSA`);
    for (const text of ['', 'ssh-ed25519', 'ssh-ed25519 !!!!', 'ssh-ed25519 AAAA====', 'ssh-ed25519 =']) expect(read(text)).toBe('it is not a line such as ssh-ed25519 AAAA…');
  });

  it.each<[string, (point: Buffer) => Buffer, string]>([
    ['of an unknown curve', (point) => point, 'nistp192'],
    ['in its short form', (point) => Buffer.concat([Buffer.from([2]), point.subarray(1)]), 'nistp256'],
    ['of another length', (point) => point.subarray(0, -1), 'nistp256'],
  ])('with a point %s is refused', (_, change, curve) => {
    const reader = new WireReader(ecdsa('nistp256').blob);
    reader.text();
    reader.text();
    const blob = Buffer.concat([packed('ecdsa-sha2-nistp256'), packed(curve), packed(change(reader.string()))]);
    expect(read(`ecdsa-sha2-nistp256 ${blob.toString('base64')}`)).toBe('its point is not one of its curve');
  });

  it('has the fingerprint that ssh-keygen shows', () => {
    const blob = Buffer.from('AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f', 'base64');
    expect(fingerprint({ blob })).toBe(`SHA256:${createHash('sha256').update(blob).digest('base64').slice(0, 43)}`);
  });
});

describe('what is read of the wire', () => {
  it('ends where it ends, and not too early', () => {
    const reader = new WireReader(Buffer.concat([packed('ab'), Buffer.from([0, 0, 1, 2])]));
    expect(reader.text()).toBe('ab');
    expect(() => reader.end()).toThrow('something stands behind its end');
    expect(reader.uint32()).toBe(258);
    reader.end();
    expect(() => reader.bytes(1)).toThrow('it ends too early');
    expect(reader.bytes(0)).toHaveLength(0);
  });

  it('a number loses its leading zeros, and zero is one byte', () => {
    const numberOf = (...bytes: number[]) => [...new WireReader(packed(Buffer.from(bytes))).number()];
    expect([numberOf(0, 0, 200), numberOf(200, 0), numberOf(0, 0), numberOf()]).toEqual([[200], [200, 0], [0], []]);
  });
});

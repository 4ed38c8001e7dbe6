import { createHash, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { ed25519Blob } from '../../src/approvals/public-key.ts';
import type { ApprovalGate } from '../../src/approvals/judge.ts';
import { NAMESPACE, signText } from '../../src/approvals/signature.ts';
import { packed } from '../../src/approvals/ssh-wire.ts';
import { fileText, type Statement, statementText } from '../../src/approvals/statement.ts';

/** Somebody with a key of their own. */
export interface Person {
  name: string;
  privateKey: KeyObject;
  publicKey: KeyObject;
  /** As a runbook names it. */
  line: string;
}

export function person(name: string): Person {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  return { name, privateKey, publicKey, line: `ssh-ed25519 ${ed25519Blob(publicKey).toString('base64')} ${name}` };
}

export const NOW = Date.parse('2026-11-20T10:20:00Z');

export const SUBJECT = {
  run: '20261120T101500Z-shop-failover-1a2b3c',
  plan: 'a'.repeat(64),
  application: 'shop',
  account: '111122223333',
  verb: 'failover',
  from: 'ap-northeast-2',
  to: 'ap-northeast-1',
  gate: 'assess.approval',
};

export function gateOf(people: readonly Person[], more: Partial<ApprovalGate> = {}): ApprovalGate {
  return {
    subject: SUBJECT,
    from: people.map(({ name, line }) => ({ name, keys: [line] })),
    quorum: 1,
    initiator: { identity: 'arn:aws:sts::111122223333:assumed-role/Admin/kim@example.com', user: 'kim', keys: [] },
    ...more,
  };
}

/** A statement of somebody, signed by them, as a file of the state. */
export function signed(by: Person, more: Partial<Statement> = {}): string {
  const text = statementText({ ...SUBJECT, decision: 'approve', approver: by.name, signed: NOW - 60_000, expires: NOW + 3_600_000, ...more });
  return fileText({ text, signature: signText(text, by.privateKey, by.publicKey) });
}

/** What a hardware key would make of a text: PROTOCOL.u2f of OpenSSH. */
export function hardwareSignature(text: string, by: Person, flags: number): { line: string; signature: string } {
  const application = 'ssh:';
  const type = 'sk-ssh-ed25519@openssh.com';
  const sha = (data: string | Uint8Array) => createHash('sha256').update(data).digest();
  const raw = Buffer.from(by.publicKey.export({ format: 'jwk' }).x ?? '', 'base64url');
  const blob = Buffer.concat([packed(type), packed(raw), packed(application)]);
  const hash = createHash('sha512').update(text).digest();
  const message = Buffer.concat([Buffer.from('SSHSIG'), packed(NAMESPACE), packed(''), packed('sha512'), packed(hash)]);
  const marks = Buffer.from([flags, 0, 0, 0, 7]);
  const made = Buffer.concat([packed(type), packed(sign(null, Buffer.concat([sha(application), marks, sha(message)]), by.privateKey)), marks]);
  const whole = Buffer.concat([Buffer.from('SSHSIG'), Buffer.from([0, 0, 0, 1]), packed(blob), packed(NAMESPACE), packed(''), packed('sha512'), packed(made)]);
  return { line: `${type} ${blob.toString('base64')}`, signature: `-----BEGIN SSH SIGNATURE-----\n${whole.toString('base64')}\n-----END SSH SIGNATURE-----` };
}

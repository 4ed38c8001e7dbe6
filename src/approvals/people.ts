import * as z from 'zod';
import { remembered } from '../base/remembered.ts';
import { fingerprint, readPublicKey } from './public-key.ts';

/** Somebody who may approve. Without keys their word is a claim. */
export interface Approver {
  name: string;
  keys: readonly string[];
}

/** Approvers in the parameters of a step: names alone, or with their keys. */
export const approvers = z.array(
  z.union([z.string().transform((name): Approver => ({ name, keys: [] })), z.strictObject({ name: z.string(), keys: z.array(z.string()) })]),
);

export const approvalSchema = z.object({ from: approvers, quorum: z.number(), waitMs: z.number().default(0) });

export interface Initiator {
  /** The caller's ARN. */
  identity: string;
  /** On the machine. */
  user: string;
  /** Fingerprints of approvers' keys that lay in the home folder. */
  keys: readonly string[];
}

export function fingerprintsOf({ keys }: Approver): string[] {
  return keys.map(fingerprintOf);
}

/** A gate asks for them at every look. */
const fingerprintOf = remembered((key: string) => fingerprint(readPublicKey(key)));

/** Whether an approver began the run: the same key, or the same name, with or without its domain. Somebody who hides both is not found out. */
export function isInitiator(person: Approver, initiator: Initiator): boolean {
  if (fingerprintsOf(person).some((print) => initiator.keys.includes(print))) return true;
  const called = new Set([initiator.identity.split('/').at(-1) ?? '', initiator.user].flatMap(spellings));
  return spellings(person.name).some((name) => called.has(name));
}

/** `Alice@Example.com` → `alice@example.com`, `alice` */
function spellings(name: string): string[] {
  const small = name.trim().toLowerCase();
  return [small, small.split('@')[0] ?? small].filter((part) => part !== '');
}

import { iso } from '../base/clock.ts';
import { messageOf } from '../base/errors.ts';
import { type Approver, fingerprintsOf, type Initiator, isInitiator } from './people.ts';
import { fingerprint, type PublicKey } from './public-key.ts';
import { NAMESPACES, verifySignature } from './signature.ts';
import { readSignedText, signedText } from './statement.ts';

/* What a person signs who stands for a run that has ended: all records so far by their last hash, and the report of them. */

export interface SignOffSubject {
  run: string;
  /** The plan's hash. */
  plan: string;
  application: string;
  account: string;
  verb: string;
  outcome: string;
  /** How many records the journal has, and the hash of the last one. */
  records: string;
  head: string;
}

export interface SignOff extends SignOffSubject {
  /** SHA-256 of `report.json`, as `tool` makes it of these records. */
  report: string;
  /** Name and version. */
  tool: string;
  name: string;
  /** May be empty. */
  comment: string;
  /** Milliseconds since the epoch. */
  signed: number;
}

const HEAD = 'dr sign-off, version 1';
const SUBJECT = ['run', 'plan', 'application', 'account', 'verb', 'outcome', 'records', 'head'] as const satisfies readonly (keyof SignOffSubject)[];
const LINES = [...SUBJECT, 'report', 'tool', 'name', 'comment', 'signed'] as const;

export function signOffText(signOff: SignOff): string {
  const oneLine = (value: string): string => value.replace(/\s+/g, ' ').trim();
  return signedText(HEAD, LINES, { ...signOff, name: oneLine(signOff.name), comment: oneLine(signOff.comment), signed: iso(signOff.signed) });
}

/** Undefined for a text that is not letter by letter what `signOffText` writes. */
export function readSignOff(text: string): SignOff | undefined {
  const { signed, ...values } = readSignedText(text, LINES);
  const at = Date.parse(signed);
  if (Number.isNaN(at) || values.name === '') return undefined;
  const signOff = { ...values, signed: at };
  return signOffText(signOff) === text ? signOff : undefined;
}

/** A sign-off that was looked at. `problem`: why it does not count. */
interface JudgedSignOff {
  signOff: SignOff | undefined;
  /** Type and fingerprint of the key that made the signature; undefined where it fits no key. */
  key: string | undefined;
  /** The runbook names this key for this person. Otherwise only the key is proven, and the name is what its owner wrote. */
  named: boolean;
  /** The signer began the run. */
  own: boolean;
  problem: string | undefined;
}

interface SignOffContext {
  subject: SignOffSubject;
  people: readonly Approver[];
  initiator: Initiator;
}

/** Weighs a sign-off: its signature, its key, and that it names exactly this run up to exactly that record. */
export function judgeSignOff({ text, signature }: { text: string; signature: string }, { subject, people, initiator }: SignOffContext): JudgedSignOff {
  const signOff = readSignOff(text);
  if (signOff === undefined) return { signOff, key: undefined, named: false, own: false, problem: 'its text is not that of a sign-off' };
  const made = keyOf(text, signature);
  if (typeof made === 'string') return { signOff, key: undefined, named: false, own: false, problem: `the signature of ${signOff.name} is not valid: ${made}` };
  const person = people.find(({ name }) => name === signOff.name);
  const named = person !== undefined && fingerprintsOf(person).includes(fingerprint(made));
  const own = isInitiator(named ? person : { name: signOff.name, keys: [] }, initiator) || initiator.keys.includes(fingerprint(made));
  const wrong = SUBJECT.find((name) => signOff[name] !== subject[name]);
  const problem = wrong === undefined ? keyProblem(signOff.name, made, people) : `what ${signOff.name} signed is for the ${wrong} ${signOff[wrong]}, not ${subject[wrong]}`;
  return { signOff, key: `${made.type} ${fingerprint(made)}`, named, own, problem };
}

function keyOf(text: string, signature: string): PublicKey | string {
  try {
    return verifySignature(text, signature, NAMESPACES.signOff);
  } catch (error) {
    return messageOf(error);
  }
}

/** Where the runbook names keys for somebody, no other key speaks for them; and nobody else's name goes with a key that it names. */
function keyProblem(name: string, key: PublicKey, people: readonly Approver[]): string | undefined {
  const print = fingerprint(key);
  const owner = people.find((person) => fingerprintsOf(person).includes(print));
  if (owner?.name === name) return undefined;
  if (owner !== undefined) return `the signature of ${name} is made with the key of ${owner.name}`;
  const person = people.find((one) => one.name === name && one.keys.length > 0);
  return person === undefined ? undefined : `the signature of ${name} is made with ${print}, which the runbook does not name for them`;
}

import { createHash } from 'node:crypto';
import { iso } from '../base/clock.ts';
import { messageOf } from '../base/errors.ts';
import { type Approver, fingerprintsOf, type Initiator, isInitiator } from './people.ts';
import { fingerprint, type PublicKey } from './public-key.ts';
import { verifySignature } from './signature.ts';
import { CLOCK_SKEW_MS, readFileText, readStatement, type SignedFile, type Statement, type Subject, VALID_MAX_MS } from './statement.ts';

export interface ApprovalGate {
  subject: Subject;
  from: readonly Approver[];
  quorum: number;
  initiator: Initiator;
}

export interface Decision {
  decision: 'approve' | 'reject';
  approver: string;
  /** Milliseconds since the epoch. */
  signed: number;
  expires: number;
  /** Type and fingerprint, e.g. `ssh-ed25519 SHA256:…` */
  key: string;
  /** SHA-256 of the signature. */
  signature: string;
}

export interface Judgement {
  approved: readonly Decision[];
  rejected: readonly Decision[];
  /** Why the others do not count, one sentence each. */
  refused: readonly string[];
}

/** Weighs every file that was found. Of one person the newest decision counts, and once. */
export function judge(files: readonly string[], gate: ApprovalGate, now: number): Judgement {
  const newest = new Map<string, Decision>();
  const refused: string[] = [];
  for (const content of files) {
    const file = readFileText(content);
    const found = file === undefined ? 'a file that is not an approval' : read(file, gate, now);
    if (typeof found === 'string') {
      refused.push(found);
      continue;
    }
    const before = newest.get(found.approver);
    if (before === undefined || replaces(found, before)) newest.set(found.approver, found);
  }
  // Only now: an older decision does not count again because a newer one has run out.
  for (const [approver, found] of newest) {
    const why = expiry(found, now);
    if (why === undefined) continue;
    refused.push(why);
    newest.delete(approver);
  }
  const all = [...newest.values()].sort((a, b) => a.signed - b.signed);
  return {
    approved: all.filter(({ decision }) => decision === 'approve'),
    rejected: all.filter(({ decision }) => decision === 'reject'),
    refused: [...new Set(refused)].sort(),
  };
}

/** Clocks of machines differ: where an approval is not later than a rejection by more than that, the rejection counts. */
function replaces(found: Decision, before: Decision): boolean {
  if (found.decision === before.decision) return found.signed > before.signed;
  return found.decision === 'approve' ? found.signed >= before.signed + CLOCK_SKEW_MS : found.signed + CLOCK_SKEW_MS > before.signed;
}

export function decide(file: SignedFile, gate: ApprovalGate, now: number): Decision | string {
  const found = read(file, gate, now);
  return typeof found === 'string' ? found : (expiry(found, now) ?? found);
}

/** Why an approval holds no more. A rejection holds until its author approves. */
function expiry({ decision, approver, expires }: Decision, now: number): string | undefined {
  return decision === 'approve' && expires <= now ? `what ${approver} signed expired at ${iso(expires)}: now is ${iso(now)}` : undefined;
}

/** What one file says, also where it has expired. */
function read(file: SignedFile, gate: ApprovalGate, now: number): Decision | string {
  const statement = readStatement(file.text);
  if (statement === undefined) return 'a text that is not the text of an approval';
  const { approver } = statement;
  const wrong = statementProblem(statement, gate, now);
  if (wrong !== undefined) return wrong;
  const key = signerOf(file, statement, gate);
  if (typeof key === 'string') return `the signature of ${approver} is not valid: ${key}`;
  const { decision, signed, expires } = statement;
  const signature = createHash('sha256').update(file.signature).digest('hex');
  return { decision, approver, signed, expires, key: `${key.type} ${fingerprint(key)}`, signature };
}

/** Why a statement does not count, no matter who signed it. */
export function statementProblem(statement: Statement, gate: ApprovalGate, now: number): string | undefined {
  const { approver, signed, expires } = statement;
  const person = gate.from.find(({ name }) => name === approver);
  if (person === undefined) return `${quoted(approver)} is not on the list: ${gate.from.map(({ name }) => name).join(', ')}`;
  if (statement.decision === 'approve' && isInitiator(person, gate.initiator)) {
    return `${approver} began this run (${gate.initiator.identity}, user ${gate.initiator.user}): somebody else has to approve it`;
  }
  for (const [name, what] of SUBJECT) {
    if (statement[name] !== gate.subject[name]) return `what ${approver} signed is for ${what} ${quoted(statement[name])}, not ${quoted(gate.subject[name])}`;
  }
  if (signed > now + CLOCK_SKEW_MS) return `what ${approver} signed is dated ${iso(signed)}, which is in the future: now is ${iso(now)}`;
  if (expires - signed > VALID_MAX_MS) return `what ${approver} signed would hold for more than a day`;
  return undefined;
}

const SUBJECT: readonly [keyof Subject, string][] = [
  ['run', 'run'],
  ['plan', 'plan'],
  ['gate', 'gate'],
  ['application', 'application'],
  ['account', 'account'],
  ['verb', 'verb'],
  ['from', 'a move from'],
  ['to', 'a move to'],
];

function signerOf({ text, signature }: SignedFile, { approver }: Statement, { from }: ApprovalGate): PublicKey | string {
  try {
    const key = verifySignature(text, signature);
    const person = from.find(({ name }) => name === approver);
    if (person !== undefined && fingerprintsOf(person).includes(fingerprint(key))) return key;
    const owner = from.find((other) => fingerprintsOf(other).includes(fingerprint(key)));
    return `it is made with ${fingerprint(key)}, ${owner === undefined ? `which the runbook does not name for them` : `the key of ${owner.name}`}`;
  } catch (error) {
    return messageOf(error);
  }
}

/** Files come from outside: nothing of them is shown at length. */
function quoted(text: string): string {
  return /^[\w@.+:/ -]{1,100}$/.test(text) ? text : JSON.stringify(text.slice(0, 60).replace(/[^\x20-\x7e]/g, '?'));
}

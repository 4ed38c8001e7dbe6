import * as z from 'zod';
import { messageOf } from '../base/errors.ts';
import { fingerprint, readPublicKey } from '../approvals/public-key.ts';
import { durationField } from '../kinds/common.ts';
import { RUNBOOK_PHASES } from '../model/step.ts';
import { lineField } from './fields.ts';

const KEY_WANTED = 'expected a public key, e.g. "ssh-ed25519 AAAA… alice@example.com"';

function keyField() {
  return z
    .string(KEY_WANTED)
    .min(1, KEY_WANTED)
    .max(4_096, 'expected a key of at most 4096 characters')
    .superRefine((text, ctx) => {
      const refuse = (message: string) => ctx.addIssue({ code: 'custom', message });
      if (text.includes('PRIVATE KEY')) return refuse('expected a public key: this is a private one, and must be replaced');
      try {
        readPublicKey(text);
      } catch (error) {
        refuse(`${KEY_WANTED}: ${messageOf(error)}`);
      }
    });
}

/** Undefined of a key that is refused elsewhere. */
function printOf(key: string): string | undefined {
  try {
    return fingerprint(readPublicKey(key));
  } catch {
    return undefined;
  }
}

const PERSON = 'a person, e.g. incident-commander@example.com';

const personField = z.union([
  lineField(PERSON),
  z.strictObject({
    name: lineField(PERSON).describe('Who; compared with the name of anyone who begins a run'),
    keys: z.array(keyField(), 'expected a list of public keys').min(1, 'expected at least one key, or a name alone').describe('Public keys: lines of OpenSSH, or ed25519 as PEM'),
  }),
]);

const approvalSchema = z
  .strictObject({
    before: z.enum(['point-of-no-return', ...RUNBOOK_PHASES.filter((phase) => phase !== 'assess')]).describe('What needs the approval: the line, or a phase'),
    from: z
      .array(personField, 'expected a list of people, e.g. [ann@example.com, ben@example.com]')
      .min(1, 'expected at least one person: nobody could ever approve')
      .describe('Who may approve. With keys, only signatures count (dr approve); without, names that are claimed with --approved-by'),
    quorum: z.int('expected a whole number').min(1, 'expected at least 1').describe('How many of them must approve'),
    wait: durationField({ min: 10_000, max: 6 * 3_600_000, range: 'a duration from 10s to 6h' })
      .prefault('15m')
      .describe('How long a run waits for signatures before it pauses'),
  })
  .superRefine(({ from, quorum }, ctx) => {
    const refuse = (path: PropertyKey[], message: string) => ctx.addIssue({ code: 'custom', path, message });
    const people = from.map((person) => (typeof person === 'string' ? { name: person, keys: [] } : person));
    const names = new Set(people.map(({ name }) => name));
    if (names.size < people.length) refuse(['from'], 'the same person stands here twice');
    else if (names.size > 0 && quorum > names.size) refuse(['quorum'], `expected at most ${names.size}, the number of people in from`);
    const signing = people.filter(({ keys }) => keys.length > 0);
    if (signing.length > 0 && signing.length < people.length) {
      const without = people.filter(({ keys }) => keys.length === 0).map(({ name }) => name);
      refuse(['from'], `expected keys for everybody or for nobody; without: ${without.join(', ')}`);
    }
    const prints = signing.flatMap(({ name, keys }) => keys.flatMap((key) => printOf(key) ?? []).map((print) => ({ name, print })));
    const other = prints.find(({ name, print }) => prints.some((one) => one.print === print && one.name !== name));
    if (other !== undefined) refuse(['from'], `the key ${other.print} stands for two people: one could approve as both`);
  });

/** Who must agree, and to what. */
export function approvalsField() {
  return z.array(approvalSchema, 'expected a list of approvals, e.g. [{ before: point-of-no-return, from: [ann@example.com], quorum: 1 }]');
}

import { describe, expect, it } from 'vitest';
import { approvers, isInitiator } from '../../src/approvals/people.ts';
import { fingerprint, readPublicKey } from '../../src/approvals/public-key.ts';
import { judgeSignOff, readSignOff, type SignOff, signOffText, type SignOffSubject } from '../../src/approvals/sign-off.ts';
import { signText } from '../../src/approvals/signature.ts';
import { FILE_MAX, fileName, fileText, readFileText, readStatement, type Statement, statementText } from '../../src/approvals/statement.ts';
import { NOW, person, type Person, SUBJECT as APPROVAL } from './signers.ts';

const SUBJECT: SignOffSubject = { run: APPROVAL.run, plan: 'a'.repeat(64), application: 'shop', account: '111122223333', verb: 'failover', outcome: 'succeeded', records: '120', head: 'b'.repeat(64) };
const ann = person('ann@example.com');
const bob = person('bob@example.com');
const signOff: SignOff = { ...SUBJECT, report: 'c'.repeat(64), tool: 'dr 1.0.0', name: ann.name, comment: 'fine', signed: NOW };
const print = (who: Person) => fingerprint(readPublicKey(who.line));

interface Case {
  by?: Person;
  text?: Partial<SignOff>;
  people?: { name: string; keys: string[] }[];
  initiator?: { identity: string; user: string; keys: string[] };
  signature?: string;
  purpose?: 'dr-sign-off' | 'dr-approval';
}
const NOBODY = { identity: 'arn:aws:iam::111122223333:user/kim', user: 'kim', keys: [] as string[] };

function judged({ by = ann, text = {}, people = [{ name: ann.name, keys: [ann.line] }], initiator = NOBODY, signature, purpose = 'dr-sign-off' }: Case = {}) {
  const whole = signOffText({ ...signOff, ...text });
  return judgeSignOff({ text: whole, signature: signature ?? signText(whole, by.privateKey, by.publicKey, purpose) }, { subject: SUBJECT, people, initiator });
}

describe('a sign-off', () => {
  it('counts with the key that the runbook names for the person', () => {
    expect(judged()).toEqual({ signOff, key: `ssh-ed25519 ${print(ann)}`, named: true, own: false, problem: undefined });
  });

  it('of somebody without a key in the runbook proves the key alone', () => {
    for (const people of [[], [{ name: ann.name, keys: [] }], [{ name: bob.name, keys: [bob.line] }]]) expect(judged({ people })).toMatchObject({ named: false, problem: undefined });
  });

  it('is looked for by its own name among all that the runbook names', () => {
    const [first, second] = [{ name: bob.name, keys: [bob.line] }, { name: ann.name, keys: [ann.line] }];
    expect(judged({ people: [first, second] })).toMatchObject({ named: true, problem: undefined });
    expect(judged({ by: bob, people: [first] })).toMatchObject({ named: false });
  });

  it('with another key than the runbook names does not count, nor with somebody else’s', () => {
    expect(judged({ by: bob })).toMatchObject({ named: false, problem: `the signature of ${ann.name} is made with ${print(bob)}, which the runbook does not name for them` });
    const both = [{ name: ann.name, keys: [ann.line] }, { name: bob.name, keys: [bob.line] }];
    expect(judged({ by: bob, people: both })).toMatchObject({ named: false, problem: `the signature of ${ann.name} is made with the key of ${bob.name}` });
  });

  it.each(Object.keys(SUBJECT) as (keyof SignOffSubject)[])('names its %s, or does not count', (name) => {
    expect(judged({ text: { [name]: 'other' } })).toMatchObject({ named: true, problem: `what ${ann.name} signed is for the ${name} other, not ${SUBJECT[name]}` });
  });

  it('is one of the person who began the run: by name, by the key that the runbook names, or by the key itself', () => {
    expect(judged({ initiator: { ...NOBODY, user: 'ann' } }).own).toBe(true);
    expect(judged({ initiator: { ...NOBODY, keys: [print(ann)] } }).own).toBe(true);
    expect(judged({ people: [], initiator: { ...NOBODY, keys: [print(ann)] } }).own).toBe(true);
    const second = [{ name: ann.name, keys: [ann.line, bob.line] }];
    expect(judged({ people: second, initiator: { ...NOBODY, keys: [print(bob)] } }).own).toBe(true);
    expect(judged({ by: bob, people: second.map((one) => ({ ...one, keys: [ann.line] })), initiator: { ...NOBODY, keys: [print(ann)] } }).own).toBe(false);
  });

  it('with a signature that does not fit, or was made for something else, does not count', () => {
    const wrong = { signOff, key: undefined, named: false, own: false };
    expect(judged({ signature: 'x' })).toEqual({ ...wrong, problem: `the signature of ${ann.name} is not valid: it is not an SSH signature (ssh-keygen -Y sign)` });
    expect(judged({ purpose: 'dr-approval' }).problem).toContain('it is made for "dr-approval", not for "dr-sign-off"');
  });

  it('with another text is none', () => {
    const none = { signOff: undefined, key: undefined, named: false, own: false, problem: 'its text is not that of a sign-off' };
    expect(judgeSignOff({ text: 'x', signature: '' }, { subject: SUBJECT, people: [], initiator: NOBODY })).toEqual(none);
  });

  it('is written on one line each, and read back letter by letter', () => {
    const text = signOffText({ ...signOff, name: ' ann \n the first ', comment: 'a\n\nb  c ' });
    expect(text).toBe(
      `dr sign-off, version 1\nrun: ${SUBJECT.run}\nplan: ${SUBJECT.plan}\napplication: shop\naccount: 111122223333\nverb: failover\noutcome: succeeded\nrecords: 120\nhead: ${SUBJECT.head}\nreport: ${signOff.report}\ntool: dr 1.0.0\nname: ann the first\ncomment: a b c\nsigned: 2026-11-20T10:20:00.000Z\n`,
    );
    expect(readSignOff(text)).toEqual({ ...signOff, name: 'ann the first', comment: 'a b c' });
    expect(readSignOff(signOffText({ ...signOff, comment: '' }))).toEqual({ ...signOff, comment: '' });
    for (const other of [`${text}x`, text.replace('version 1', 'version 2'), text.replace('name: ann the first', 'name: '), text.replace('2026-11-20T10:20:00.000Z', 'today'), text.replace('comment: a b c\n', ''), text.replace('run: ', 'Run: ')]) expect(readSignOff(other)).toBeUndefined();
  });
});

describe('the text of an approval', () => {
  const statement: Statement = { ...APPROVAL, decision: 'approve', approver: ann.name, signed: NOW, expires: NOW + 3_600_000 };
  const text = statementText(statement);

  it('is read back letter by letter, and nothing else is', () => {
    expect(text.split('\n')).toEqual(['dr approval, version 1', `run: ${APPROVAL.run}`, `plan: ${APPROVAL.plan}`, 'application: shop', 'account: 111122223333', 'verb: failover', 'from: ap-northeast-2', 'to: ap-northeast-1', 'gate: assess.approval', 'decision: approve', `approver: ${ann.name}`, 'signed: 2026-11-20T10:20:00.000Z', 'expires: 2026-11-20T11:20:00.000Z', '']);
    expect(readStatement(text)).toEqual(statement);
    expect(readStatement(text.replace('decision: approve', 'decision: reject'))).toEqual({ ...statement, decision: 'reject' });
    for (const other of [text.replace('decision: approve', 'decision: maybe'), text.replace('signed: 2026', 'signed: x'), text.replace('expires: 2026', 'expires: x'), text.replace('.000Z', 'Z'), text.trimEnd(), ` ${text}`]) expect(readStatement(other)).toBeUndefined();
  });

  it('lies in a file of its own form, named by its content', () => {
    const file = { text, signature: 'sig' };
    expect(readFileText(fileText(file))).toEqual(file);
    expect(JSON.parse(fileText(file))).toEqual({ schema: 'dr.approval/1', ...file });
    expect(fileName(file)).toMatch(/^[0-9a-f]{32}\.json$/);
    expect(fileName({ ...file, signature: 'other' })).not.toBe(fileName(file));
    for (const content of ['', '{}', fileText(file).replace('approval/1', 'approval/2'), JSON.stringify({ schema: 'dr.approval/1', ...file, more: 1 }), fileText({ ...file, text: 'x'.repeat(4_097) }), fileText({ ...file, signature: 'x'.repeat(16_385) })]) expect(readFileText(content)).toBeUndefined();
    expect(readFileText(fileText({ text: 'x'.repeat(4_096), signature: 'x'.repeat(16_384) }))).toBeDefined();
    const padded = fileText(file).padEnd(FILE_MAX);
    expect([readFileText(padded), readFileText(`${padded} `)]).toEqual([file, undefined]);
  });
});

describe('who began a run', () => {
  const by = (initiator: Partial<typeof NOBODY>, name = 'Ann@Example.com', keys: string[] = []) => isInitiator({ name, keys }, { ...NOBODY, user: 'x', ...initiator });

  it('is known by name, with or without its domain, however it is written', () => {
    for (const identity of ['arn:aws:sts::1:assumed-role/Admin/ann@example.com', 'arn:aws:iam::1:user/ANN', 'arn:aws:iam::1:user/team/ann ']) expect(by({ identity })).toBe(true);
    for (const user of ['ann', 'ann@example.com', 'Ann@other.com']) expect(by({ user })).toBe(true);
    for (const user of ['anna', 'example.com', '']) expect(by({ user })).toBe(false);
    expect(by({ identity: 'arn:aws:iam::1:user/ann/kim' })).toBe(false);
    expect([by({ user: '' }, ''), by({ user: '@' }, '@x')]).toEqual([false, false]);
  });

  it('an approver is a name, with keys or without', () => {
    expect(approvers.parse(['ann', { name: 'bob', keys: [bob.line] }])).toEqual([{ name: 'ann', keys: [] }, { name: 'bob', keys: [bob.line] }]);
  });

  it('is known by a key', () => {
    expect(by({ keys: [print(ann)] }, 'somebody', [bob.line, ann.line])).toBe(true);
    expect(by({ keys: [print(ann)] }, 'somebody', [bob.line])).toBe(false);
  });
});

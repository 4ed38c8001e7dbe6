import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { decide, judge } from '../../src/approvals/judge.ts';
import { fingerprint, readPublicKey } from '../../src/approvals/public-key.ts';
import { signText } from '../../src/approvals/signature.ts';
import { fileText, readFileText, readStatement, type Statement, statementText } from '../../src/approvals/statement.ts';
import { gateOf, hardwareSignature, NOW, type Person, person, signed, SUBJECT } from './signers.ts';

const ann = person('ann@example.com');
const ben = person('ben@example.com');
const mallory = person('mallory@example.com');
const kim = person('kim@example.com');
const gate = gateOf([ann, ben, kim], { quorum: 2 });

const decided = (file: string, now = NOW) => {
  const read = readFileText(file);
  return read === undefined ? 'no file' : decide(read, gate, now);
};

describe('an approval that counts', () => {
  it('is that of somebody on the list, for this run, plan and gate', () => {
    expect(decided(signed(ann))).toMatchObject({ decision: 'approve', approver: 'ann@example.com', key: `ssh-ed25519 ${fingerprint(readPublicKey(ann.line))}` });
    expect(judge([signed(ann), signed(ben)], gate, NOW)).toMatchObject({ approved: [{ approver: 'ann@example.com' }, { approver: 'ben@example.com' }], rejected: [], refused: [] });
  });

  it('counts once for a person, however often they sign', () => {
    expect(judge([signed(ann), signed(ann, { signed: NOW - 1 })], gate, NOW).approved).toHaveLength(1);
  });

  it('counts once for a person with two keys, and the later decision of either key is theirs', () => {
    const second = { ...person('ann'), name: ann.name };
    const both = { ...gate, from: [{ name: ann.name, keys: [ann.line, second.line] }, ...gate.from.slice(1)] };
    const later = [signed(ann), signed(second, { signed: NOW - 30_000 })];
    for (const files of [later, later.toReversed()]) expect(judge(files, both, NOW).approved).toMatchObject([{ approver: ann.name, signed: NOW - 30_000 }]);
    expect(judge([signed(ann, { signed: NOW - 900_000 }), signed(second, { decision: 'reject' })], both, NOW)).toMatchObject({ approved: [], rejected: [{ approver: ann.name }] });
  });

  it('is taken back by a later rejection, and the other way round', () => {
    const before = signed(ann, { signed: NOW - 900_000 });
    const no = signed(ann, { decision: 'reject', signed: NOW - 500_000 });
    const after = signed(ann, { signed: NOW - 1_000 });
    expect(judge([before, no], gate, NOW)).toMatchObject({ approved: [], rejected: [{ approver: 'ann@example.com' }] });
    expect(judge([after, no, before], gate, NOW)).toMatchObject({ approved: [{ approver: 'ann@example.com' }], rejected: [] });
  });

  it('does not count again because the rejection after it has run out', () => {
    const yes = signed(ann, { signed: NOW - 600_000, expires: NOW + 3_600_000 });
    const no = signed(ann, { decision: 'reject', signed: NOW - 300_000, expires: NOW - 1 });
    expect(judge([yes, no], gate, NOW)).toMatchObject({ approved: [], rejected: [{ approver: 'ann@example.com' }] });
  });

  it('that has run out takes the rejection before it back all the same', () => {
    const no = signed(ann, { decision: 'reject', signed: NOW - 600_000 });
    const yes = signed(ann, { signed: NOW - 300_000, expires: NOW });
    expect(judge([no, yes], gate, NOW)).toEqual({ approved: [], rejected: [], refused: ['what ann@example.com signed expired at 2026-11-20T10:20:00.000Z: now is 2026-11-20T10:20:00.000Z'] });
  });

  it('that a fast clock dated ahead does not beat the rejection that its author made later on another machine', () => {
    const both = [signed(ann, { signed: NOW + 200_000 }), signed(ann, { decision: 'reject', signed: NOW })];
    for (const files of [both, both.toReversed()]) expect(judge(files, gate, NOW)).toMatchObject({ approved: [], rejected: [{ approver: 'ann@example.com' }] });
  });

  it('loses against a rejection of the same moment', () => {
    const both = [signed(ann), signed(ann, { decision: 'reject' })];
    for (const files of [both, both.toReversed()]) expect(judge(files, gate, NOW)).toMatchObject({ approved: [], rejected: [{ approver: 'ann@example.com' }] });
  });

  it('beats the rejection of another machine only when it is later by more than clocks may differ', () => {
    const no = signed(ann, { decision: 'reject', signed: NOW - 600_000 });
    const yes = (after: number) => signed(ann, { signed: NOW - 600_000 + after });
    for (const [after, approved] of [[300_000, 1], [299_000, 0]] as const) {
      for (const files of [[no, yes(after)], [yes(after), no]]) expect(judge(files, gate, NOW).approved, `${after} ms later`).toHaveLength(approved);
    }
  });

  it('is dated at most five minutes ahead, and holds for at most a day', () => {
    expect(decided(signed(ann, { signed: NOW + 300_000 }))).toMatchObject({ decision: 'approve' });
    expect(decided(signed(ann, { signed: NOW, expires: NOW + 24 * 3_600_000 }))).toMatchObject({ decision: 'approve' });
    expect(decided(signed(ann, { signed: NOW, expires: NOW + 24 * 3_600_000 + 1 }))).toBe('what ann@example.com signed would hold for more than a day');
  });

  it('stands with the others, the oldest first, and why the rest do not count, in one order', () => {
    const files = [signed(ben, { signed: NOW - 1_000 }), signed(mallory), signed(ann, { signed: NOW - 2_000 }), 'no file', signed(mallory)];
    const refused = ['a file that is not an approval', expect.stringMatching(/^mallory@example\.com is not on the list/)];
    for (const some of [files, files.toReversed()]) expect(judge(some, gate, NOW)).toMatchObject({ approved: [{ approver: ann.name }, { approver: ben.name }], refused });
  });

  it('is known again by the hash of its signature', () => {
    const { signature = '' } = readFileText(signed(ann)) ?? {};
    expect(decided(fileText({ text: readFileText(signed(ann))?.text ?? '', signature }))).toMatchObject({ signature: createHash('sha256').update(signature).digest('hex') });
  });

  it('may come from a key named as PEM, or from a hardware key that somebody touched', () => {
    const pem = { ...gate, from: [{ name: ann.name, keys: [ann.publicKey.export({ type: 'spki', format: 'pem' }).toString()] }] };
    expect(judge([signed(ann)], pem, NOW).approved).toHaveLength(1);
    const text = textOf(ann);
    const touched = hardwareSignature(text, ann, 1);
    const hardware = { ...gate, from: [{ name: ann.name, keys: [touched.line] }] };
    expect(judge([fileText({ text, signature: touched.signature })], hardware, NOW).approved).toHaveLength(1);
    const untouched = hardwareSignature(text, ann, 0);
    expect(judge([fileText({ text, signature: untouched.signature })], hardware, NOW).refused).toEqual(['the signature of ann@example.com is not valid: nobody touched the hardware key']);
  });
});

function textOf(by: Person, more: Partial<Statement> = {}): string {
  return statementText({ ...SUBJECT, decision: 'approve', approver: by.name, signed: NOW, expires: NOW + 60_000, ...more });
}

describe('an approval that does not count', () => {
  const prints = (one: Person) => fingerprint(readPublicKey(one.line));
  const other = 'b'.repeat(64);
  const altered = () => {
    const file = readFileText(signed(ann)) ?? { text: '', signature: '' };
    return fileText({ ...file, text: file.text.replace('2026-11-20T11:20', '2026-11-20T12:20') });
  };
  const under = (name: string, by: Person) => {
    const text = textOf({ ...by, name });
    return fileText({ text, signature: signText(text, by.privateKey, by.publicKey) });
  };
  it.each([
    ['of a stranger', () => signed(mallory), 'mallory@example.com is not on the list: ann@example.com, ben@example.com, kim@example.com'],
    ['of who began the run', () => signed(kim), 'kim@example.com began this run (arn:aws:sts::111122223333:assumed-role/Admin/kim@example.com, user kim): somebody else has to approve it'],
    ['for another plan', () => signed(ann, { plan: other }), `what ann@example.com signed is for plan ${other}, not ${SUBJECT.plan}`],
    ['for another run', () => signed(ann, { run: '20261119T101500Z-shop-failover-1a2b3c' }), `what ann@example.com signed is for run 20261119T101500Z-shop-failover-1a2b3c, not ${SUBJECT.run}`],
    ['for another gate', () => signed(ann, { gate: 'traffic.approval' }), 'what ann@example.com signed is for gate traffic.approval, not assess.approval'],
    ['for another account', () => signed(ann, { account: '999988887777' }), 'what ann@example.com signed is for account 999988887777, not 111122223333'],
    ['for another application', () => signed(ann, { application: 'docs' }), 'what ann@example.com signed is for application docs, not shop'],
    ['for another verb', () => signed(ann, { verb: 'drill' }), 'what ann@example.com signed is for verb drill, not failover'],
    ['for a move to another region', () => signed(ann, { to: 'eu-west-1' }), 'what ann@example.com signed is for a move to eu-west-1, not ap-northeast-1'],
    ['for the other direction', () => signed(ann, { from: SUBJECT.to, to: SUBJECT.from }), 'what ann@example.com signed is for a move from ap-northeast-1, not ap-northeast-2'],
    ['that has expired', () => signed(ann, { expires: NOW }), 'what ann@example.com signed expired at 2026-11-20T10:20:00.000Z: now is 2026-11-20T10:20:00.000Z'],
    ['from the future', () => signed(ann, { signed: NOW + 301_000 }), 'what ann@example.com signed is dated 2026-11-20T10:25:01.000Z, which is in the future: now is 2026-11-20T10:20:00.000Z'],
    ['for longer than a day', () => signed(ann, { expires: NOW + 25 * 3_600_000 }), 'what ann@example.com signed would hold for more than a day'],
    ['with a text that was changed', altered, 'the signature of ann@example.com is not valid: it does not fit the text'],
    ['with a key of nobody', () => under('ann@example.com', mallory), `the signature of ann@example.com is not valid: it is made with ${prints(mallory)}, which the runbook does not name for them`],
    ['with the key of somebody else', () => under('ann@example.com', ben), `the signature of ann@example.com is not valid: it is made with ${prints(ben)}, the key of ben@example.com`],
    ['without a signature', () => fileText({ text: textOf(ann), signature: 'yes' }), 'the signature of ann@example.com is not valid: it is not an SSH signature (ssh-keygen -Y sign)'],
    ['with a text of another form', () => fileText({ text: `${textOf(ann)}and more\n`, signature: 'yes' }), 'a text that is not the text of an approval'],
  ])('%s', (_what, file, why) => {
    expect(decided(file())).toBe(why);
    expect(judge([file()], gate, NOW)).toMatchObject({ approved: [], rejected: [], refused: [why] });
  });

  it('shows nothing of a file at length, and no letter that a terminal acts on', () => {
    const of = (verb: string) => decided(signed(ann, { verb }));
    expect(of('x'.repeat(100))).toBe(`what ann@example.com signed is for verb ${'x'.repeat(100)}, not failover`);
    expect(of('x'.repeat(101))).toBe(`what ann@example.com signed is for verb "${'x'.repeat(60)}", not failover`);
    expect(of('drill\u001b[2J')).toBe('what ann@example.com signed is for verb "drill?[2J", not failover');
    expect(of('drill!')).toBe('what ann@example.com signed is for verb "drill!", not failover');
    expect(of('!drill')).toBe('what ann@example.com signed is for verb "!drill", not failover');
  });

  it('is any other file', () => {
    expect(judge(['', '{}', 'x'.repeat(100_000)], gate, NOW)).toEqual({ approved: [], rejected: [], refused: ['a file that is not an approval'] });
  });

  it('is that of who began the run under another name, when their key lay in the home folder', () => {
    const found = gateOf([ann, ben], { initiator: { identity: 'arn:aws:iam::111122223333:user/ops', user: 'ops', keys: [prints(ann)] } });
    expect(judge([signed(ann), signed(ben)], found, NOW)).toMatchObject({ approved: [{ approver: 'ben@example.com' }], refused: [expect.stringMatching(/^ann@example\.com began this run /)] });
  });

  it.each([
    ['the name of a session', 'arn:aws:sts::111122223333:assumed-role/Admin/kim@example.com', 'root'],
    ['the same without its domain, in other letters', 'arn:aws:sts::111122223333:assumed-role/Admin/KIM', 'root'],
    ['a user in a path', 'arn:aws:iam::111122223333:user/ops/on-call/kim', 'root'],
    ['the user of the machine', 'arn:aws:sts::111122223333:assumed-role/Admin/ci', 'kim'],
  ])('is that of who began the run, told by %s', (_by, identity, user) => {
    const one = gateOf([ann, kim], { initiator: { identity, user, keys: [] } });
    expect(judge([signed(ann), signed(kim)], one, NOW)).toMatchObject({ approved: [{ approver: ann.name }], refused: [expect.stringMatching(/^kim@example\.com began this run /)] });
  });

  it('but they may reject what they began', () => {
    expect(judge([signed(kim, { decision: 'reject' })], gate, NOW).rejected).toHaveLength(1);
  });
});

it('the text has one spelling, and is what a person reads', () => {
  const text = textOf(ann);
  expect(text).toBe(`dr approval, version 1
run: 20261120T101500Z-shop-failover-1a2b3c
plan: ${'a'.repeat(64)}
application: shop
account: 111122223333
verb: failover
from: ap-northeast-2
to: ap-northeast-1
gate: assess.approval
decision: approve
approver: ann@example.com
signed: 2026-11-20T10:20:00.000Z
expires: 2026-11-20T10:21:00.000Z
`);
  expect(readStatement(text)).toMatchObject({ ...SUBJECT, approver: 'ann@example.com' });
  for (const other of [`${text}\n`, text.trimEnd(), text.replaceAll('\n', '\r\n'), text.replace('.000Z', 'Z'), `x${text}`]) expect(readStatement(other), other).toBeUndefined();
});

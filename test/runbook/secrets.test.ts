import { expect, test } from 'vitest';
import { findSecrets, printable, quote } from '../../src/runbook/secrets.ts';

// Written in two parts, so that no scanner takes this file for a leak.
const KEY = 'wJalrXUtnFEMI/K7MDENG/' + 'bPxRfiCYEXAMPLEKEY';

test.each([
  ['id: AKIA' + 'IOSFODNN7EXAMPLE', 'an AWS access key id'],
  [`key: "${KEY}"`, 'an AWS secret access key'],
  ['postgres://shop:hunter2@db.example.com/shop', 'a password in a URL'],
  ['HTTPS://token@example.com', 'a password in a URL'],
  ['https://hooks.slack.com/services/T000/B000/XXXX', 'a Slack webhook'],
  ['xoxb' + '-1234567890-abcdef', 'a Slack token'],
  ['ghp_' + '0123456789abcdefghijABCDEFGHIJ', 'a GitHub token'],
  ['-----BEGIN' + ' OPENSSH PRIVATE KEY-----', 'a private key'],
])('%s', (text, what) => {
  expect(findSecrets(text).map((s) => s.what)).toEqual([what]);
  expect(printable(text, 200)).toContain(`<${what}, not shown>`);
  for (const { offset, length } of findSecrets(text)) expect(printable(text, 200)).not.toContain(text.slice(offset, offset + length));
});

test.each([
  'da39a3ee5e6b4b0d3255bfef95601890afd80709',
  'arn:aws:secretsmanager:ap-northeast-1:111122223333:secret:shop/db-AbCdEf',
  'arn:aws:sns:ap-northeast-1:111122223333:dr',
  'https://shop.example.com/healthz',
  'incident-commander@example.com',
  'Z0123456789ABCDEFGHIJ',
  'SLACK_WEBHOOK_URL',
  'https://d111111abcdef8.cloudfront.net/assets/app/static/js/main',
])('%s is no secret', (text) => {
  expect(findSecrets(text)).toEqual([]);
});

test('a quoted text cannot repaint a terminal and is short', () => {
  expect(quote('\u001b[2J\u202ex\n')).toBe('"\\u001b[2J\\u202ex\\u000a"');
  expect(quote('x'.repeat(100))).toBe(`"${'x'.repeat(60)}…"`);
  expect(quote('\ud800')).toBe('"\\ud800"');
});

import { expect, it } from 'vitest';
import { cleaned, redacted } from '../../src/effects/redact.ts';

const SECRET = 'hunter2/secret+value="é" &1';
const base64 = (text: string) => Buffer.from(text).toString('base64');
const percent = [...Buffer.from(SECRET)].map((byte) => `%${byte.toString(16)}`).join('');

it.each([
  ['itself', SECRET],
  ['URL', encodeURIComponent(SECRET)],
  ['URL, lower case', encodeURIComponent(SECRET).replace(/%../g, (code) => code.toLowerCase())],
  ['URL, form', new URLSearchParams({ x: SECRET }).toString().slice(2)],
  ['URL, twice', encodeURIComponent(encodeURIComponent(SECRET))],
  ['URL, every byte', percent],
  ['base64', base64(SECRET)],
  ['base64 at the second place', base64(`a${SECRET}`)],
  ['base64 at the third place', base64(`ab${SECRET}!`)],
  ['base64 of user and secret', base64(`user:${SECRET}`)],
  ['base64 for URLs', Buffer.from(`x${SECRET}`).toString('base64url')],
  ['base64 in a URL', encodeURIComponent(base64(SECRET))],
  ['base64 in lines', base64(SECRET).replace(/.{10}/g, '$&\r\n')],
  ['hex', Buffer.from(SECRET).toString('hex')],
  ['HEX', Buffer.from(SECRET).toString('hex').toUpperCase()],
  ['JSON', JSON.stringify(SECRET).slice(1, -1)],
  ['JSON with \\/', JSON.stringify(SECRET).slice(1, -1).replaceAll('/', '\\/')],
  ['JSON with \\u', Array.from(SECRET, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`).join('')],
  ['HTML', SECRET.replaceAll('&', '&amp;').replaceAll('"', '&quot;').replaceAll('/', '&#x2F;').replaceAll('+', '&#43;')],
  ['colour in it', `${SECRET.slice(0, 7)}\u001b[0m${SECRET.slice(7)}`],
  ['a title in it', `${SECRET.slice(0, 7)}\u001b]0;title\u0007${SECRET.slice(7)}`],
  ['zero width in it', Array.from(SECRET).join('\u200b')],
  ['a soft hyphen in it', Array.from(SECRET).join('\u00ad')],
  ['a NUL in it', Array.from(SECRET).join('\0')],
  ['UPPER CASE', SECRET.toUpperCase()],
  ['read backwards', Array.from(SECRET).reverse().join('')],
  ['lines in it', SECRET.replace(/.{5}/g, '$&\n')],
])('masks a secret as %s', (_name, form) => {
  const out = redacted(`before ${form} after`, [{ name: 'TOKEN', value: SECRET }]);
  expect(out).toMatch(/^before .{0,10}\[TOKEN\].{0,4} after$/su);
});

it('masks parts of a long secret, and the longer one of two', () => {
  const key = Array.from({ length: 40 }, (_, i) => base64(`line ${i} of a key`)).join('\n');
  expect(redacted(key.slice(0, 600), [{ name: 'KEY', value: key }])).toMatch(/^(\[KEY\]\s*)+.{0,64}$/s);
  expect(redacted('s3cret-longer', [{ name: 'A', value: 's3cret' }, { name: 'B', value: 's3cret-longer' }])).toBe('[B]');
});

it.each([
  ['JSON in JSON', 'pa"ss\\word', JSON.stringify(JSON.stringify({ p: 'pa"ss\\word' }))],
  ['JSON in JSON in JSON', 'pa"ss\\word', JSON.stringify(JSON.stringify(JSON.stringify({ p: 'pa"ss\\word' })))],
  ['\\u in JSON in JSON', 'password', JSON.stringify(JSON.stringify('password').replace('w', '\\u0077'))],
  ['base64 whose lines end as JSON writes it', 'a longer password', JSON.stringify(base64('a longer password').replace(/.{6}/g, '$&\n'))],
  ['set -x of a shell', "pa'ssword", `+ curl -H 'token: pa'\\''ssword'`],
  ['another quotation of a shell', "pa'ssword", `'pa'"'"'ssword'`],
  ['a file whose last line ends, printed without that', 'password\n', '{"token":"password"}'],
  ['one line of a key, where it stands in a list', `-----BEGIN KEY-----\n${base64('of the key')}\n-----END KEY-----\n`, `  | ${base64('of the key')}`],
  ['a field of a JSON', '{"username":"shop","password":"password"}', 'login with password failed'],
  ['the password of an address', 'postgres://shop:pass%40word@db.example.com/shop', 'pass@word and pass%40word are wrong'],
])('masks a secret in %s', (_form, value, text) => {
  const out = redacted(text, [{ name: 'TOKEN', value }]);
  expect(out).toContain('[TOKEN]');
  expect(out).not.toMatch(/wo|rd|BvZi/);
});

it('leaves ordinary words alone, also where a secret is short', () => {
  expect(redacted('a lab in labour: ab', [{ name: 'A', value: 'lab' }, { name: 'B', value: '' }])).toBe('a [A] in labour: ab');
  expect(redacted('Ein Wörtchen, 東京: 100 %\n\tok', [{ name: 'A', value: 'something else' }])).toBe('Ein Wörtchen, 東京: 100 %\n\tok');
});

it('takes out what repaints a terminal or hides', () => {
  expect(cleaned('a\u001b[2Jb\u001b]0;pwned\u0007c\u009b31md\u202ee\u200bf\rg\u001bPq\u001b\\h')).toBe('abcdefgh');
});

it('is not slow on what a hostile counterpart may say', () => {
  // Each of them takes minutes where a search goes back and forth.
  for (const text of [' '.repeat(65_000), 'a'.repeat(65_000), 'a '.repeat(32_000), '\u001b]'.repeat(32_000)]) expect(redacted(text, [{ name: 'A', value: 'aaaa bbbb aaaa' }])).not.toContain('[A]');
  for (const text of ['\\'.repeat(65_000), '\\n'.repeat(32_000)]) for (const value of ['nnnnnnnnnnn1', '\\\\\\x\\y', "''''''a"]) expect(redacted(text, [{ name: 'A', value }])).not.toContain('[A]');
}, 60_000);

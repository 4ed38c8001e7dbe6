import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeCbor, encodeCbor } from '../../../src/lab/wire/cbor.ts';
import { element, escapeXml, parseXml } from '../../../src/lab/wire/xml.ts';
import { parseQuery } from '../../../src/lab/wire/query.ts';

describe('CBOR', () => {
  it('decodes what it encoded', () => {
    const leaf = fc.oneof(
      fc.string({ unit: 'grapheme' }),
      fc.maxSafeInteger(),
      fc.double({ noNaN: true }),
      fc.boolean(),
      fc.constant(null),
      fc.date({ noInvalidDate: true, min: new Date(0), max: new Date('2100-01-01') }),
    );
    const value = fc.letrec((tie) => ({
      any: fc.oneof({ depthSize: 'small' }, leaf, fc.array(tie('any')), fc.dictionary(fc.string(), tie('any'))),
    })).any;
    fc.assert(
      fc.property(value, (v) => {
        expect(decodeCbor(encodeCbor(v))).toEqual(plain(v));
      }),
    );
  });

  it('reads the examples of RFC 8949, appendix A', () => {
    const read = (hex: string) => decodeCbor(Buffer.from(hex, 'hex'));
    expect(read('1903e8')).toBe(1000);
    expect(read('3903e7')).toBe(-1000);
    expect(read('f93c00')).toBe(1);
    expect(read('f90001')).toBe(5.960464477539063e-8);
    expect(read('fa47c35000')).toBe(100000);
    expect(read('c11a514b67b0')).toEqual(new Date('2013-03-21T20:04:00Z'));
    expect(read('7f657374726561646d696e67ff')).toBe('streaming');
    expect(read('9f018202039f0405ffff')).toEqual([1, [2, 3], [4, 5]]);
    expect(read('bf61610161629f0203ffff')).toEqual({ a: 1, b: [2, 3] });
  });

  it('takes any bytes without anything but a SyntaxError, and without building more than they hold', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
        try {
          decodeCbor(bytes);
        } catch (error) {
          expect(error).toBeInstanceOf(SyntaxError);
        }
      }),
      { numRuns: 2000 },
    );
    expect(() => decodeCbor(Buffer.from('9bffffffffffffffff', 'hex'))).toThrow(SyntaxError);
    expect(() => decodeCbor(Buffer.alloc(1000, 0x81))).toThrow(SyntaxError);
  });
});

/** Dictionaries of fast-check have no prototype; what is decoded has one. */
function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object' || value === null || value instanceof Date) return value;
  return Object.fromEntries(Object.entries(value).map(([key, field]) => [key, plain(field)]));
}

describe('XML', () => {
  it('reads what it wrote, whatever the text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const node = parseXml(`<?xml version="1.0"?>\n<!-- x -->${element('A', element('b', escapeXml(text)), 'urn:x')}`);
        expect(node).toEqual({ name: 'A', text: '', children: [{ name: 'b', text, children: [] }] });
      }),
    );
  });

  it('reads CDATA, prefixes, attributes, empty elements and entities', () => {
    const node = parseXml(`<n:a x='>' y="/>"><b/><c>&lt;&#65;&#x1F5FC;<![CDATA[<&]]></c></n:a>`);
    expect(node.name).toBe('a');
    expect(node.children.map((child) => [child.name, child.text])).toEqual([['b', ''], ['c', '<A\u{1f5fc}<&']]);
  });

  it.each([
    '', 'text', '<a>', '</a>', '<a></b>', '<a/><b/>', '<a>&unknown;</a>', '<a>&#x110000;</a>', '<a', '<a "></a>',
    '<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>', '<a>'.repeat(100) + '</a>'.repeat(100),
  ])('refuses %j', (xml) => {
    expect(() => parseXml(xml)).toThrow(SyntaxError);
  });

  it('takes any text without anything but a SyntaxError', () => {
    const piece = fc.constantFrom('<', '>', '/', 'a', '&', ';', '"', "'", '<a>', '</a>', '<!--', '-->', '<![CDATA[', ']]>', ' ');
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 40 }), (pieces) => {
        try {
          parseXml(pieces.join(''));
        } catch (error) {
          expect(error).toBeInstanceOf(SyntaxError);
        }
      }),
      { numRuns: 2000 },
    );
  });
});

describe('Query', () => {
  it('keeps names of objects out of reach', () => {
    const tree = parseQuery(new URLSearchParams('__proto__.polluted=1&constructor.prototype.polluted=1'));
    expect([...tree.branches.keys()]).toEqual(['__proto__', 'constructor']);
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
  });

  it('refuses more parameters than any request has', () => {
    const many = new URLSearchParams(Array.from({ length: 10_001 }, (_, i): [string, string] => [`a.${i}`, '1']));
    expect(() => parseQuery(many)).toThrow('too many parameters');
  });
});

/**
 * What a value of each record type looks like, and what Route 53 says of one that does not.
 * https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/ResourceRecordTypes.html
 */
import * as z from 'zod';

/** AWS: a TXT string holds at most 255 characters, all strings of a value 4,000. */
const STRING_MAX = 255;
const VALUE_MAX = 4000;

type Rule = (value: string) => string | undefined;

const RULES: Readonly<Record<string, Rule>> = {
  A: (value) => (z.ipv4().safeParse(value).success ? undefined : 'ARRDATAIllegalIPv4Address (Value is not a valid IPv4 address)'),
  AAAA: (value) => (z.ipv6().safeParse(value).success ? undefined : 'AAAARRDATAIllegalIPv6Address (Value is not a valid IPv6 address)'),
  CNAME: wrongDomain,
  NS: wrongDomain,
  PTR: wrongDomain,
  TXT: wrongText,
  SPF: wrongText,
  MX: (value) => {
    const fields = value.trim().split(/\s+/);
    if (fields.length !== 2) return "MXRRDATANotTwoFields (MX record doesn't have 2 fields)";
    return isNumber(fields[0], 65_535) ? wrongDomain(fields[1] ?? '') : 'InvalidMXPriority (Priority is not a number from 0 to 65535)';
  },
  SRV: (value) => {
    const fields = value.trim().split(/\s+/);
    if (fields.length !== 4) return "SRVRRDATANotFourFields (SRV record doesn't have 4 fields)";
    return fields.slice(0, 3).every((field) => isNumber(field, 65_535)) ? wrongDomain(fields[3] ?? '') : 'InvalidSRVRDATA (Priority, weight and port are numbers from 0 to 65535)';
  },
  CAA: (value) => (/^\d{1,3} [a-z0-9]+ "[^"]*"$/i.test(value.trim()) && isNumber(value.trim().split(' ')[0], 255) ? undefined : 'CAARRDATANotThreeFields (CAA record needs flags, a tag and a quoted value)'),
};

/** Why a value cannot stand in a record set of a type; undefined when it can. Other types need some text only. */
export function wrongRecordValue(type: string, value: string): string | undefined {
  const rule = Object.hasOwn(RULES, type) ? RULES[type] : undefined;
  const why = value.trim() === '' && type !== 'A' && type !== 'AAAA' ? 'EmptyRDATA (Value is empty)' : rule?.(value);
  if (why === undefined && value.length > VALUE_MAX) return `Invalid Resource Record: 'FATAL problem: RDATATooLong (Value is longer than ${VALUE_MAX} characters) encountered with '${value.slice(0, 40)}…''`;
  return why === undefined ? undefined : `Invalid Resource Record: 'FATAL problem: ${why} encountered with '${value}''`;
}

function isNumber(text: string | undefined, most: number): boolean {
  return text !== undefined && /^\d{1,5}$/.test(text) && Number(text) <= most;
}

function wrongDomain(value: string): string | undefined {
  const name = value.endsWith('.') ? value.slice(0, -1) : value;
  const labels = name.split('.');
  if (name !== '' && labels.includes('')) return 'DomainLabelEmpty (Domain label is empty)';
  if (labels.some((label) => label.length > 63)) return 'DomainLabelTooLong (Domain label is too long)';
  return name.length > 255 || /[\s"]/.test(name) ? 'UnsupportedCharacter (Value contains unsupported characters)' : undefined;
}

/** One or more strings in double quotes, with blanks between them. */
function wrongText(value: string): string | undefined {
  const text = value.trim();
  if (!/^"(?:[^"\\]|\\.)*"(?:\s+"(?:[^"\\]|\\.)*")*$/.test(text)) return 'InvalidCharacterString (Value should be enclosed in quotation marks)';
  const strings = text.match(/"(?:[^"\\]|\\.)*"/g) ?? [];
  return strings.some((one) => one.length - 2 > STRING_MAX) ? 'CharacterStringTooLong (Value is too long)' : undefined;
}

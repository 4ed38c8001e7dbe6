import type { RecordType } from '../../aws/route53.ts';

/*
 * What a record of a type may answer with. Pure, and without node:net: runbooks are checked without loading the network.
 * https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/ResourceRecordTypes.html
 */

const BYTE = '(?:25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)';
const IPV4 = new RegExp(`^${BYTE}(?:\\.${BYTE}){3}$`);

export function isIpv4(value: string): boolean {
  return IPV4.test(value);
}

export function isIpv6(value: string): boolean {
  return /^[\da-f:.]+$/i.test(value) && value.includes(':') && URL.canParse(`http://[${value}]/`);
}

/** What is wrong with one value of such a record; undefined if Route 53 takes it, as far as the value alone can tell. */
export function wrongValue(type: RecordType, value: string): string | undefined {
  switch (type) {
    case 'A':
      return isIpv4(value) ? undefined : `expected an IPv4 address for an A record, found ${value}`;
    case 'AAAA':
      return isIpv6(value) ? undefined : `expected an IPv6 address for an AAAA record, found ${value}`;
    case 'CNAME':
      return /\s/.test(value) || isIpv4(value) || isIpv6(value) ? `expected a DNS name for a CNAME record, found ${value}` : undefined;
    default:
      return undefined;
  }
}

export function wrongValues(type: RecordType, values: readonly string[]): string | undefined {
  const twice = values.find((value, i) => values.indexOf(value) !== i);
  if (twice !== undefined) return `${twice} is there twice: Route 53 takes each value once`;
  return type === 'CNAME' && values.length > 1 ? `a CNAME record has one value, found ${values.length}` : undefined;
}

/** A value as it is compared: host names without case and last dot, IPv6 addresses in their shortest form. */
export function plainValue(value: string): string {
  if (isIpv6(value)) return new URL(`http://[${value}]/`).hostname.slice(1, -1);
  return value.toLowerCase().replace(/\.$/, '');
}

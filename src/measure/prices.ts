/*
 * About what twins cost while they are there. On demand, in us-east-1, US dollars, databases with PostgreSQL in one zone, instances with
 * Linux, as of June 2026. The pages of AWS are https://aws.amazon.com/rds/postgresql/pricing/ and https://aws.amazon.com/ec2/pricing/on-demand/;
 * the figures were taken from public copies of them. Other regions, engines and contracts have other prices: a figure is an order of magnitude.
 * What is not in the table has no price: it is never counted as nothing.
 */

export interface Rented {
  what: 'database' | 'instance';
  /** As AWS names it, e.g. `db.r6g.large` or `m7g.large`; undefined: not known. */
  class: string | undefined;
  count: number;
  /** Of a database, GiB. */
  storageGb?: number | undefined;
}

/** Of the size `large`, an hour. Within a family the price follows the size. */
const LARGE: Readonly<Record<Rented['what'], Readonly<Record<string, number>>>> = {
  database: { t3: 0.145, t4g: 0.129, m5: 0.178, m6g: 0.159, m6i: 0.178, m7g: 0.168, r5: 0.25, r6g: 0.225, r6i: 0.25, r7g: 0.239 },
  instance: {
    t3: 0.0832, t4g: 0.0672, m5: 0.096, m6g: 0.077, m6i: 0.096, m7g: 0.0816, m7i: 0.1008, c5: 0.085, c6g: 0.068, c6i: 0.085, c7g: 0.0725, c7i: 0.0893,
    r5: 0.126, r6g: 0.1008, r6i: 0.126, r7g: 0.1071,
  },
};

/** A gibibyte of storage (gp2, gp3) of a database, a month. */
const STORAGE_MONTH = 0.115;
const MONTH_HOURS = 730;

const SMALL: Readonly<Record<string, number>> = { nano: 1 / 16, micro: 1 / 8, small: 1 / 4, medium: 1 / 2, large: 1, xlarge: 2 };

function timesLarge(size: string): number | undefined {
  const many = /^([1-9]\d*)xlarge$/.exec(size)?.[1];
  return many === undefined ? (Object.hasOwn(SMALL, size) ? SMALL[size] : undefined) : 2 * Number(many);
}

/** US dollars an hour; undefined where the table does not have the class. */
function priceOf(what: Rented['what'], name: string): number | undefined {
  const [family = '', size = ''] = name.replace(/^db\./, '').split('.');
  const large = Object.hasOwn(LARGE[what], family) ? LARGE[what][family] : undefined;
  const times = timesLarge(size);
  return large === undefined || times === undefined ? undefined : large * times;
}

export interface Cost {
  /** US dollars an hour, of what has a price. */
  usdPerHour: number;
  /** Classes without one. */
  unknown: readonly string[];
}

export function costOf(rented: readonly Rented[]): Cost {
  const prices = rented.flatMap(({ what, class: name, count, storageGb }): { usd: number | undefined; name: string }[] => {
    const price = name === undefined ? undefined : priceOf(what, name);
    const shown = name ?? `${what} whose class was not seen`;
    const itself = { usd: price === undefined ? undefined : count * price, name: shown };
    return what === 'database' ? [itself, { usd: storageGb === undefined ? undefined : (count * storageGb * STORAGE_MONTH) / MONTH_HOURS, name: `the storage of ${shown}` }] : [itself];
  });
  return { usdPerHour: prices.reduce((sum, { usd = 0 }) => sum + usd, 0), unknown: [...new Set(prices.flatMap(({ usd, name }) => (usd === undefined ? [name] : [])))] };
}

export const NOT_COUNTED = 'On-demand prices of us-east-1, June 2026, without disks of instances, backups, requests and data transfer.';

/** `about $2.40 a day`, `at least $2.40 a day (no price is known of db.x2g.large)`, or `not known`. */
export function costText({ usdPerHour, unknown }: Cost, hours: number, per: string): string {
  if (usdPerHour === 0 && unknown.length === 0) return `nothing ${per}`;
  const missing = unknown.length === 0 ? '' : ` (no price is known of ${unknown.join(', ')})`;
  if (usdPerHour === 0) return `not known${missing}`;
  return `${unknown.length === 0 ? 'about' : 'at least'} $${(Math.max(0.01, usdPerHour * hours)).toFixed(2)} ${per}${missing}`;
}

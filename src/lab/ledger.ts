/**
 * What users were given, kept outside of everything that can break.
 * 1. An order counts as acknowledged only when the user got its 201.
 * 2. An outage runs from the last good answer before it to the first good answer after it.
 * 3. What was acknowledged and is not in the surviving database is lost; what is not known is said to be unknown.
 */

/** One order as its user saw it. Times in milliseconds since the epoch. */
export interface OrderSample {
  id: string;
  sentAt: number;
  endedAt: number;
  /** Who sent it: users who are answered alike. Default: all are. */
  from?: string;
  /** HTTP; 0 without an answer. */
  status: number;
  address: string | undefined;
  committedAt?: number;
  region?: string;
  error?: string;
}

/** A time during which some users got no good answer. */
export interface Outage {
  from: string;
  lastGoodAt: number;
  lastGoodAddress: string | undefined;
  firstGoodAt: number | undefined;
  firstGoodAddress: string | undefined;
  downtimeMs: number | undefined;
  failedOrders: number;
}

export interface LedgerSummary {
  startedAt: number;
  orders: number;
  acknowledged: number;
  failed: number;
  lastGood: { at: number; address: string | undefined; region: string | undefined } | undefined;
  lastError: string | undefined;
  outages: readonly Outage[];
}

/** Truth about loss: every acknowledged order looked for in the database that survived. */
export interface LossAudit {
  /** Where it was looked: the region whose application acknowledged last. */
  region: string;
  checked: number;
  /** Acknowledged so long ago that they are no longer remembered. */
  notChecked: number;
  lost: number;
  /** Stored in a region that nobody has taken over from, and that does not answer: not lost, and not to be had. */
  unreachable: number;
  lostIds: readonly string[];
  /** Commit times of the first and the last lost order. */
  lostFrom: number | undefined;
  lostTo: number | undefined;
  /** From the first lost commit to the break (or the last lost commit if that is later): the true RPO. 0 if none is lost. */
  lossMs: number;
}

/** At 20 orders a second more than two hours. */
const REMEMBERED = 150_000;
const OUTAGES_REMEMBERED = 100;
const LOST_SHOWN = 20;

interface Acknowledged {
  id: string;
  region: string | undefined;
  committedAt: number;
}

export class Ledger {
  readonly #startedAt: number;
  readonly #acknowledged: Acknowledged[] = [];
  #forgotten = 0;
  #orders = 0;
  #failed = 0;
  #lastGood: LedgerSummary['lastGood'];
  readonly #lastGoodOf = new Map<string, { at: number; address: string | undefined }>();
  #lastError: string | undefined;
  #outages: Outage[] = [];

  constructor(startedAt: number) {
    this.#startedAt = startedAt;
  }

  record(sample: OrderSample): void {
    this.#orders++;
    if (sample.status === 201) this.#good(sample);
    else this.#bad(sample);
  }

  #good(sample: OrderSample): void {
    this.#acknowledged.push({ id: sample.id, region: sample.region, committedAt: sample.committedAt ?? sample.endedAt });
    // In one go, now and then: taking one from the front of a long array is slow.
    if (this.#acknowledged.length > REMEMBERED * 1.1) {
      this.#forgotten += this.#acknowledged.splice(0, this.#acknowledged.length - REMEMBERED).length;
    }
    const from = sample.from ?? '';
    const open = this.#openOutage(from);
    if (open !== undefined) {
      open.firstGoodAt = sample.endedAt;
      open.firstGoodAddress = sample.address;
      open.downtimeMs = sample.endedAt - open.lastGoodAt;
    }
    if (this.#lastGood === undefined || sample.endedAt >= this.#lastGood.at) {
      this.#lastGood = { at: sample.endedAt, address: sample.address, region: sample.region };
    }
    if (sample.endedAt >= (this.#lastGoodOf.get(from)?.at ?? 0)) this.#lastGoodOf.set(from, { at: sample.endedAt, address: sample.address });
  }

  #bad(sample: OrderSample): void {
    this.#failed++;
    this.#lastError = sample.error ?? `HTTP ${sample.status}`;
    const from = sample.from ?? '';
    const open = this.#openOutage(from);
    if (open !== undefined) {
      open.failedOrders++;
      return;
    }
    // Sent before others were answered well: a straggler of what is over, or the first sign that the next ones confirm.
    const lastGood = this.#lastGoodOf.get(from);
    if (lastGood === undefined || sample.sentAt <= lastGood.at) return;
    this.#outages = [...this.#outages.slice(1 - OUTAGES_REMEMBERED), {
      from,
      lastGoodAt: lastGood.at,
      lastGoodAddress: lastGood.address,
      firstGoodAt: undefined,
      firstGoodAddress: undefined,
      downtimeMs: undefined,
      failedOrders: 1,
    }];
  }

  #openOutage(from: string): Outage | undefined {
    return this.#outages.findLast((outage) => outage.from === from && outage.firstGoodAt === undefined);
  }

  summary(): LedgerSummary {
    return {
      startedAt: this.#startedAt,
      orders: this.#orders,
      acknowledged: this.#acknowledged.length + this.#forgotten,
      failed: this.#failed,
      lastGood: this.#lastGood,
      lastError: this.#lastError,
      outages: this.#outages.map((outage) => ({ ...outage })),
    };
  }

  /**
   * `present` answers which of some ids, all acknowledged in one region, are where they are to be looked for; undefined
   * when that cannot be reached. `brokenAt`: when the region of the old writer was broken, if it was.
   */
  async audit(
    region: string,
    brokenAt: number | undefined,
    present: (ids: readonly string[], committedIn: string | undefined) => Promise<ReadonlySet<string> | undefined>,
  ): Promise<LossAudit> {
    const all = this.#acknowledged.slice();
    const lost: Acknowledged[] = [];
    let unreachable = 0;
    for (const [committedIn, orders] of Map.groupBy(all, (order) => order.region)) {
      for (let from = 0; from < orders.length; from += 1000) {
        const some = orders.slice(from, from + 1000);
        const found = await present(some.map(({ id }) => id), committedIn);
        if (found === undefined) unreachable += some.length;
        else lost.push(...some.filter(({ id }) => !found.has(id)));
      }
    }
    const times = lost.map(({ committedAt }) => committedAt).sort((a, b) => a - b);
    const [lostFrom, lostTo] = [times[0], times.at(-1)];
    return {
      region,
      checked: all.length,
      notChecked: this.#forgotten,
      lost: lost.length,
      unreachable,
      lostIds: lost.slice(0, LOST_SHOWN).map(({ id }) => id),
      lostFrom,
      lostTo,
      lossMs: lostFrom === undefined || lostTo === undefined ? 0 : Math.max(brokenAt ?? lostTo, lostTo) - lostFrom,
    };
  }
}

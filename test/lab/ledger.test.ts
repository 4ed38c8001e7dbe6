import { describe, expect, it } from 'vitest';
import { Ledger, type OrderSample } from '../../src/lab/ledger.ts';

const good = (id: string, sentAt: number, endedAt: number, address = '127.0.0.2'): OrderSample => ({ id, sentAt, endedAt, status: 201, address, committedAt: endedAt - 1, region: 'r' });
const bad = (id: string, sentAt: number, endedAt: number): OrderSample => ({ id, sentAt, endedAt, status: 0, address: '127.0.0.2', error: 'no answer' });

describe('the ledger', () => {
  it('counts downtime from the last good answer to the next', () => {
    const ledger = new Ledger(0);
    for (const sample of [good('1', 0, 10), good('2', 50, 60), bad('3', 100, 600), bad('4', 150, 650), good('5', 900, 910, '127.0.0.3'), good('6', 950, 960, '127.0.0.3')]) ledger.record(sample);
    expect(ledger.summary()).toMatchObject({ orders: 6, acknowledged: 4, failed: 2, lastGood: { at: 960, address: '127.0.0.3' } });
    expect(ledger.summary().outages).toEqual([
      { from: '', lastGoodAt: 60, lastGoodAddress: '127.0.0.2', firstGoodAt: 910, firstGoodAddress: '127.0.0.3', downtimeMs: 850, failedOrders: 2 },
    ]);
  });

  it('has an outage without an end while it lasts, and takes no straggler for a new one', () => {
    const ledger = new Ledger(0);
    for (const sample of [bad('0', 0, 5), good('1', 0, 10), bad('2', 20, 500)]) ledger.record(sample);
    expect(ledger.summary().outages).toMatchObject([{ lastGoodAt: 10, firstGoodAt: undefined, downtimeMs: undefined, failedOrders: 1 }]);
    ledger.record(good('3', 510, 520));
    ledger.record(bad('4', 30, 530));
    expect(ledger.summary().outages).toHaveLength(1);
  });

  it('tells exactly what was acknowledged and is lost, and over which time', async () => {
    const ledger = new Ledger(0);
    for (let n = 0; n < 2500; n++) ledger.record(good(`o-${n}`, n * 10, n * 10 + 5));
    ledger.record(bad('never', 25_000, 25_400));
    const lost = new Set(['o-2490', 'o-2497', 'o-2499']);
    const asked: number[] = [];
    const audit = await ledger.audit('tokyo', 25_100, (ids) => {
      asked.push(ids.length);
      return Promise.resolve(new Set(ids.filter((id) => !lost.has(id))));
    });
    expect(asked).toEqual([1000, 1000, 500]);
    expect(audit).toEqual({ region: 'tokyo', checked: 2500, notChecked: 0, unreachable: 0, lost: 3, lostIds: [...lost], lostFrom: 24_904, lostTo: 24_994, lossMs: 25_100 - 24_904 });
    expect((await ledger.audit('tokyo', undefined, (ids) => Promise.resolve(new Set(ids)))).lossMs).toBe(0);
  });

  it('keeps the outages of users apart who are answered differently', () => {
    const ledger = new Ledger(0);
    for (const sample of [
      { ...good('s1', 0, 10), from: 'seoul' },
      { ...good('t1', 0, 10), from: 'tokyo' },
      { ...bad('s2', 20, 30), from: 'seoul' },
      { ...good('t2', 30, 40), from: 'tokyo' },
      { ...good('s3', 50, 60), from: 'seoul' },
    ]) ledger.record(sample);
    expect(ledger.summary().outages).toMatchObject([{ from: 'seoul', lastGoodAt: 10, firstGoodAt: 60, downtimeMs: 50 }]);
  });

  it('tells what cannot be reached from what is lost', async () => {
    const ledger = new Ledger(0);
    for (const [n, region] of ['seoul', 'seoul', 'tokyo', 'tokyo'].entries()) ledger.record({ ...good(`r-${n}`, n, n + 1), region });
    const audit = await ledger.audit('tokyo', undefined, (ids, from) => Promise.resolve(from === 'seoul' ? undefined : new Set(ids.slice(1))));
    expect(audit).toMatchObject({ checked: 4, unreachable: 2, lost: 1, lostIds: ['r-2'] });
  });

  it('says how many it no longer remembers', async () => {
    const ledger = new Ledger(0);
    for (let n = 0; n < 170_000; n++) ledger.record(good(`o-${n}`, n, n));
    const audit = await ledger.audit('tokyo', undefined, (ids) => Promise.resolve(new Set(ids)));
    expect(audit.checked + audit.notChecked).toBe(170_000);
    expect(audit.notChecked).toBeGreaterThan(0);
    expect(ledger.summary().acknowledged).toBe(170_000);
  });
});

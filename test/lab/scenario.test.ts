import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { simulatedAnswer } from '../../src/kinds/route53/simulate.ts';
import { scenarioOf } from '../../src/lab/scenario.ts';
import { loadRunbook } from '../../src/runbook/load.ts';
import { SHOP } from '../engine/simulated.ts';

/** What the lab makes of the shop with a change. */
async function shopWith(from: string, to: string) {
  const folder = await mkdtemp(join(tmpdir(), 'dr-scenario-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const text = await readFile(SHOP, 'utf8');
  expect(text).toContain(from);
  await writeFile(join(folder, 'shop.yaml'), text.replace(from, to));
  return scenarioOf([await loadRunbook(join(folder, 'shop.yaml'))], 'pw');
}

it('refuses probes that the lab would never answer, before anything starts', async () => {
  await expect(shopWith('http://shop.example.com/healthz', 'https://shop.example.com/healthz')).rejects.toThrow('asks https://shop.example.com/healthz, and the lab has no certificates');
  await expect(shopWith('http://shop.example.com/healthz', 'http://www.example.org/healthz')).rejects.toThrow('none of its traffic records has this name');
  await expect(shopWith('http://shop.example.com/healthz', 'http://shop.example.com:8080/healthz')).rejects.toThrow('the lab answers at port 80 only');
});

it('serves AAAA records beside A, and says plainly that users need an A record or a CNAME', async () => {
  const record = 'record: { name: shop.example.com, type: A }';
  const both = 'records: [{ name: shop.example.com, type: A }, { name: shop.example.com, type: AAAA }]';
  expect((await shopWith(record, both)).apps[0]?.addressOf('ap-northeast-1')).toBe('127.0.0.3');
  expect(simulatedAnswer(undefined, 'AAAA', ['a', 'b'], 'b').values).toEqual(['::ffff:127.0.0.3']);
  await expect(shopWith(record, 'record: { name: shop.example.com, type: AAAA }')).rejects.toThrow('its traffic has AAAA records, and users of the lab find the application by an A record or a CNAME');
});

it('serves a name that is a CNAME only, also to a name of the runbook\'s own', async () => {
  const record = 'record: { name: shop.example.com, type: A }';
  const plainly = (await shopWith(record, 'record: { name: shop.example.com, type: CNAME }')).apps[0];
  expect([plainly?.host, plainly?.addressOf('ap-northeast-2'), plainly?.addressOf('ap-northeast-1')]).toEqual(['shop.example.com', '127.0.0.2', '127.0.0.3']);
  const answers = 'answers: { ap-northeast-2: { values: [alb.ap-northeast-2.elb.amazonaws.com], ttl: 1 }, ap-northeast-1: { values: [alb.ap-northeast-1.elb.amazonaws.com], ttl: 1 } }';
  const named = (await shopWith(record, `record: { name: shop.example.com, type: CNAME }\n    ${answers}`)).apps[0];
  expect([named?.addressOf('ap-northeast-2'), named?.addressOf('ap-northeast-1')]).toEqual(['127.0.0.2', '127.0.0.3']);
});

it('refuses a database that the runbook names after another engine', async () => {
  await expect(shopWith('shop-orders-tokyo }', 'shop-orders-mysql }')).rejects.toThrow('databases.orders names shop-orders-mysql, and the databases of the lab are PostgreSQL');
});

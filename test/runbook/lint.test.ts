import { readFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { parseRunbook } from '../../src/runbook/load.ts';
import { formatProblem } from '../../src/runbook/problem.ts';
import { edited, VALID } from './fixture.ts';

async function warnings(text: string): Promise<string[]> {
  const { warnings: found } = await parseRunbook(Buffer.from(text), 'x.yaml');
  expect(found.every((w) => w.severity === 'warning')).toBe(true);
  return found.map((w) => formatProblem('x.yaml', w));
}

const HTTP = 'https://shop.example.com/healthz';
const HOST = 'x.yaml:28:22 warning: probes.home-page.http: ';

const cases: [what: string, from: string, to: string, ...printed: string[]][] = [
  ['an RPO that a one-minute metric cannot prove', 'rpo: 5m', 'rpo: 119s',
    'x.yaml:4:20 warning: objectives.rpo: an RPO of 1m 59s cannot be proven for orders by replica-lag: CloudWatch has one value a minute; expect it to be missed, or set 2m or more'],
  ['an RPO of two minutes', 'rpo: 5m', 'rpo: 2m'],
  ['an RTO that leans on us-east-1', 'rto: 90m', 'rto: 59m',
    'x.yaml:26:13 warning: traffic.storefront.switch: an RTO of 59m with switch: record needs the Route 53 control plane in us-east-1, which was down for hours on 7 December 2021; switch: object needs no write to Route 53'],
  ['an RTO of an hour', 'rto: 90m', 'rto: 60m'],
  ['a decision when the RTO is over', 'notify:', 'decide: { after: 90m }\nnotify:',
    'x.yaml:33:18 warning: decide.after: the RTO of 1h 30m is over before a region is left after 1h 30m: leave time for the failover itself'],
  ['a decision before that', 'notify:', 'decide: { after: 10m }\nnotify:'],
  ['an alarm that is lost with the home region', 'notify:', 'decide: { alarms: [{ region: ap-northeast-2, name: errors }] }\nnotify:',
    'x.yaml:33:30 warning: decide.alarms[0].region: the alarm errors is in the home region, and gives no answer when that is lost: name one in a region that the application does not use'],
  ['an alarm elsewhere', 'notify:', 'decide: { alarms: [{ region: us-west-2, name: errors }] }\nnotify:'],
  ['a short hold', 'hold: 30s', 'hold: 2s',
    'x.yaml:28:75 warning: probes.home-page.hold: hold 2.0 s is shorter than three samples (every 1.0 s)'],
  ['a hold of three samples', 'hold: 30s', 'hold: 3s'],
  ['no probes', `probes:\n  home-page: { http: "${HTTP}", every: 1s, hold: 30s }\n`, '',
    'x.yaml:1:1 warning: no probes: downtime will not be measured and recovery is not seen from outside'],
  ['no approvals', VALID.slice(VALID.indexOf('approvals:'), VALID.indexOf('notify:')), '',
    'x.yaml:1:1 warning: no approvals: one person alone can cross the point of no return'],
  ['nobody to tell', VALID.slice(VALID.indexOf('notify:')), 'notify: []\n',
    'x.yaml:1:1 warning: no notify: nobody is notified when a failover starts or ends'],
  ['a notifier that is lost with the region', VALID.slice(VALID.indexOf('  - slack')), '  - sns: { ap-northeast-2: "arn:aws:sns:ap-northeast-2:111122223333:dr" }\n',
    'x.yaml:33:1 warning: notify: every notifier is in ap-northeast-2, the home region: when it is lost, nobody is notified'],
  ['a probe of an address', HTTP, 'http://203.0.113.7/', `${HOST}"203.0.113.7" is an address: it does not follow the traffic switch; use the name that users use`],
  ['a probe of an IPv6 address', HTTP, 'http://[2001:db8::1]/', `${HOST}"[2001:db8::1]" is an address: it does not follow the traffic switch; use the name that users use`],
  ['a probe of this machine', HTTP, 'http://localhost:8080/', `${HOST}"localhost" is this machine, not what users see`],
  ['a probe of a short name', HTTP, 'http://shop/', `${HOST}"shop" is no full name: where it leads depends on the machine that asks`],
  ['a probe of one region', HTTP, 'https://lb.ap-northeast-2.elb.amazonaws.com/', `${HOST}"lb.ap-northeast-2.elb.amazonaws.com" belongs to ap-northeast-2 alone: it does not follow the traffic switch`],
  ['a variable, which nothing expands', 'owner: shop-oncall@example.com', 'owner: ${OWNER}',
    'x.yaml:2:8 warning: owner: variables are not expanded: ${OWNER} is used as it stands; write the value itself'],
  ['a variable inside a text', 'name: Tokyo', 'name: "T-${CITY:-tokyo}"',
    'x.yaml:7:27 warning: regions.ap-northeast-1.name: variables are not expanded: ${CITY:-tokyo} is used as it stands; write the value itself'],
  ['a dollar that is none', 'owner: shop-oncall@example.com', 'owner: cost $5 {a}'],
  ['the kind finds something', VALID.slice(VALID.indexOf('    fence:'), VALID.indexOf('compute:')), '',
    'x.yaml:9:3 warning: databases.orders: without `fence` an old writer whose API still answers cannot be quarantined'],
];

describe('what does not stop a run but is said', () => {
  test.each(cases)('%s', async (_what, from, to, ...printed) => {
    expect(await warnings(edited(from, to))).toEqual(printed);
  });

  /** Traffic that is switched by an object: its health check watches the object, and no region. */
  const byObject = (text: string) => {
    const changed = text.replace('switch: record', 'switch: object\n    object: { ap-northeast-1: { bucket: shop-dr, key: failed-over } }\n    answers: { ap-northeast-2: { values: [192.0.2.1] }, ap-northeast-1: { values: [192.0.2.2] } }');
    expect(changed).not.toBe(text);
    return changed;
  };
  const PROBES = `probes:\n  home-page: { http: "${HTTP}", every: 1s, hold: 30s }\n`;

  test('nothing tells that users are down', async () => {
    expect(await warnings(byObject(edited(PROBES, '')))).toEqual([
      'x.yaml:1:1 warning: no probes: downtime will not be measured and recovery is not seen from outside',
      'x.yaml:1:1 warning: neither a probe nor a health check that watches a region: nothing tells that users are down, so that a failover will need a named person (--attest-source-down)',
    ]);
    expect(await warnings(byObject(VALID))).toEqual([]);
  });

  test('only this machine would see that a region is lost', async () => {
    const archive = (await readFile(new URL('../../runbooks/archive.yaml', import.meta.url), 'utf8')).replace('switch: record', 'switch: object\n    object: { ap-northeast-1: { bucket: shop-dr, key: failed-over } }\n    answers: { ap-northeast-2: { values: [192.0.2.1] }, ap-northeast-1: { values: [192.0.2.2] } }');
    expect((await warnings(archive)).join('\n')).toContain('no health check watches a region, and no replica tells of it: only this machine sees at first that one is lost, so that a failover will need a named person (--attest-source-down)');
  });

  test('a region that opened after this version', async () => {
    const text = VALID.replaceAll('ap-northeast-1', 'ap-northeast-8');
    expect(await warnings(text)).toEqual([
      'x.yaml:7:3 warning: regions.ap-northeast-8: this version of dr does not know the region ap-northeast-8; did you mean ap-northeast-1?',
    ]);
  });
});

test('an RPO of nothing is refused where data is copied asynchronously', async () => {
  await expect(parseRunbook(Buffer.from(edited('rpo: 5m', 'rpo: 0s')), 'x.yaml')).rejects.toMatchObject({ detail: expect.stringContaining('objectives.rpo: 0s cannot be met: orders is copied asynchronously') as string });
});

test('topics of two accounts', async () => {
  const one = '"arn:aws:sns:ap-northeast-1:111122223333:dr"';
  const found = await warnings(edited(one, `${one}, ap-northeast-2: "arn:aws:sns:ap-northeast-2:999988887777:dr"`));
  expect(found.join('\n')).toContain('the topics belong to two accounts or more');
});

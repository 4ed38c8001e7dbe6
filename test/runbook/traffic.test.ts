import { describe, expect, it } from 'vitest';
import { parseRunbook } from '../../src/runbook/load.ts';
import { RunbookError } from '../../src/runbook/problem.ts';
import { edited } from './fixture.ts';

/* What dr validate says of the kinds of traffic, each with its line. */

const SEOUL = 'ap-northeast-2';
const TOKYO = 'ap-northeast-1';
const PAIR = `    kind: route53-failover
    zone: Z0123456789ABCDEFGHIJ
    record: { name: shop.example.com, type: A }
    sets: { ap-northeast-2: seoul, ap-northeast-1: tokyo }
    switch: record
`;

async function problems(text: string): Promise<string[]> {
  const print = (list: readonly { line: number; col: number; severity: string; message: string }[]) =>
    list.map((p) => `${p.line}:${p.col} ${p.severity === 'warning' ? 'warning: ' : ''}${p.message}`);
  try {
    return print((await parseRunbook(Buffer.from(text), 'shop.yaml')).warnings);
  } catch (error) {
    if (error instanceof RunbookError) return print(error.problems);
    throw error;
  }
}

/** The valid runbook, active-active, with that as its traffic. */
function active(traffic: string): string {
  return edited(PAIR, traffic)
    .replace('strategy: warm-standby', 'strategy: active-active')
    .replace(/databases:[^]*?compute:/, 'databases:\n  orders:\n    kind: rds-writers\n    instances: { ap-northeast-2: a, ap-northeast-1: b }\n    keys: uuid\ncompute:');
}

const shared = (kind: string, lines: string) => `    kind: ${kind}\n    zone: Z0123456789ABCDEFGHIJ\n    record: { name: shop.example.com, type: A }\n    switch: record\n${lines}`;
const capacity = `    capacity: { ${SEOUL}: { autoScalingGroup: web, healthy: 4 }, ${TOKYO}: { autoScalingGroup: web, healthy: 4 } }\n`;
const answer = (value: string, more = ', healthCheck: hc') => `{ values: [${value}], ttl: 60${more} }`;
const sets = `    sets: { ${SEOUL}: seoul, ${TOKYO}: tokyo }\n`;

describe('aliases to load balancers', () => {
  const alias = (region: string, zone: string, name = `dualstack.web-1.${region}.elb.amazonaws.com`) => `${region}: { alias: { zone: ${zone}, name: ${name} }, healthCheck: hc }`;
  const latency = (...answers: string[]) => active(shared('route53-latency', `${sets}${capacity}    answers: { ${answers.join(', ')} }\n`));
  const wrong = (zone: string, name: string) => `${zone} is the zone of a load balancer in ${SEOUL} here, and ${name} is in ${TOKYO}: Route 53 refuses an alias whose name is not in its zone. aws elbv2 describe-load-balancers --region ${TOKYO} shows CanonicalHostedZoneId`;
  const zoneProblems = async (text: string) => (await problems(text)).filter((one) => one.includes('CanonicalHostedZoneId'));

  it('of two regions have two zones: each region has its own', async () => {
    expect(await zoneProblems(latency(alias(SEOUL, 'ZWKZPGTI48KDX'), alias(TOKYO, 'Z14GRHDCWA56QT')))).toEqual([]);
    expect(await zoneProblems(latency(alias(SEOUL, 'ZWKZPGTI48KDX'), alias(TOKYO, 'ZWKZPGTI48KDX')))).toEqual([expect.stringContaining(wrong('ZWKZPGTI48KDX', `dualstack.web-1.${TOKYO}.elb.amazonaws.com`)) as string]);
    const network = (region: string) => alias(region, 'ZIBE1TIR4HY56', `web-1.elb.${region}.amazonaws.com`);
    expect(await zoneProblems(latency(network(SEOUL), network(TOKYO)))).toEqual([expect.stringContaining(wrong('ZIBE1TIR4HY56', `web-1.elb.${TOKYO}.amazonaws.com`)) as string]);
    expect(await zoneProblems(latency(alias(SEOUL, 'Z1', 'd1.cloudfront.net'), alias(TOKYO, 'Z1', 'd2.cloudfront.net')))).toEqual([]);
  });

  it('are only warned of where no run writes them', async () => {
    const found = await zoneProblems(edited('switch: record', `switch: record\n    answers: { ${alias(SEOUL, 'ZWKZPGTI48KDX')}, ${alias(TOKYO, 'ZWKZPGTI48KDX')} }`));
    expect(found).toEqual([expect.stringContaining('warning: ') as string]);
  });
});

describe('route53-failover', () => {
  it('an object need not be in every region, but in no other', async () => {
    const object = (region: string) => edited('switch: record', `switch: object\n    object: { ${region}: { bucket: dr-bucket, key: k } }`);
    expect(await problems(object(TOKYO))).toEqual([
      '21:3 warning: traffic.storefront: without `answers` a move is recognised by its leaving the old answer only, when the Route 53 API is silent',
    ]);
    expect(await problems(object('ap-northeast-3'))).toContain(
      '27:15 traffic.storefront.object: unknown region "ap-northeast-3"; did you mean "ap-northeast-2"?',
    );
    expect(await problems(edited('switch: record', 'switch: object'))).toEqual([expect.stringContaining('`switch: object` needs `object`')]);
  });

  it('has one name, or several, each once', async () => {
    const record = 'record: { name: shop.example.com, type: A }';
    const two = 'records: [{ name: a.example.com, type: A }, { name: b.example.com, type: AAAA }]';
    expect(await problems(edited(record, two))).toEqual([]);
    expect(await problems(edited(record, ''))).toEqual(['21:3 traffic.storefront: expected `record`, or several in `records`']);
    expect(await problems(edited(record, `${record}\n    ${two}`))).toEqual([expect.stringContaining('expected `record` or `records`, not both') as string]);
    expect(await problems(edited(record, two.replace('b.example.com, type: AAAA', 'a.example.com., type: A')))).toEqual([expect.stringContaining('a.example.com A stands here twice') as string]);
  });

  it('a record belongs to one resource', async () => {
    const twice = (zone: string) => edited(PAIR, `${PAIR}  second:\n${PAIR.replace('Z0123456789ABCDEFGHIJ', zone)}`);
    const said = async (zone: string) => (await problems(twice(zone))).filter((line) => line.includes('shop.example.com A'));
    expect(await said('Z0123456789ABCDEFGHIJ')).toEqual([expect.stringMatching(/^\d+:\d+ traffic\.second\.record: shop\.example\.com A is also a record of traffic\.storefront/)]);
    expect(await said('Z0PRIVATE')).toEqual([expect.stringMatching(/warning: traffic\.second\.record: .* sees one of the two zones only/)]);
  });

  it('takes the id of a zone whatever its first letter: AWS documents its length alone', async () => {
    const said = async (zone: string) => (await problems(edited('Z0123456789ABCDEFGHIJ', zone))).filter((line) => line.includes('.zone'));
    expect(await said('V323387QVS7HMUUJEN1KY1')).toEqual([]);
    expect(await said('example.com')).toEqual([expect.stringContaining('expected a hosted zone id such as Z0123456789ABCDEFGHIJ')]);
  });

  it('cannot serve three regions', async () => {
    const three = edited('  ap-northeast-1: { name: Tokyo }', '  ap-northeast-1: { name: Tokyo }\n  ap-northeast-3: { name: Osaka }').replaceAll('ap-northeast-1: tokyo }', 'ap-northeast-1: tokyo, ap-northeast-3: osaka }');
    expect(await problems(three)).toContain('26:11 traffic.storefront.sets: route53-failover supports exactly two regions: use route53-weighted, with the weight 0 for each standby');
  });
});

describe('route53-weighted', () => {
  const weighted = (lines: string) => active(shared('route53-weighted', `${sets}    weights: { ${SEOUL}: 100, ${TOKYO}: 50 }\n${capacity}${lines}`));

  it('is good as it is, and falls to 0', async () => {
    expect((await problems(weighted(''))).filter((p) => p.includes('traffic.'))).toEqual([]);
    for (const pace of ['[75, 80, 0]', '[50, 25]', '[]']) {
      expect(await problems(weighted(`    pace: ${pace}\n`))).toEqual(expect.arrayContaining([expect.stringMatching(/traffic\.storefront\.pace/)]));
    }
  });

  it('a standby may have the weight 0, a region that serves may not', async () => {
    const weights = (seoul: number, tokyo: number) => `${sets}    weights: { ${SEOUL}: ${seoul}, ${TOKYO}: ${tokyo} }\n${capacity}`;
    const rule = (text: string) => expect.stringContaining(`${text}: weights are 0 to 255, a standby may have 0, and a region that serves needs at least 1`) as string;
    const said = async (text: string) => (await problems(text)).filter((line) => line.includes('weight'));
    expect(await said(active(shared('route53-weighted', weights(100, 0))))).toEqual([rule('ap-northeast-1 has the weight 0')]);
    expect(await said(edited(PAIR, shared('route53-weighted', weights(100, 0))))).toEqual([]);
    expect(await said(edited(PAIR, shared('route53-weighted', weights(0, 0))))).toEqual([rule('ap-northeast-2 and ap-northeast-1 have the weight 0')]);
    expect(await said(edited(PAIR, shared('route53-weighted', weights(256, 0))))).toEqual([expect.stringContaining('expected a weight from 0 to 255, found 256')]);
  });

  it('an object lives in another region than the one that it takes out', async () => {
    const object = (home: string) => weighted(`    object: { ${SEOUL}: { in: ${home}, bucket: dr-b, key: k }, ${TOKYO}: { in: ${SEOUL}, bucket: dr-c, key: k } }\n`).replace('switch: record', 'switch: object');
    expect(await problems(object(SEOUL))).toEqual(expect.arrayContaining([expect.stringMatching(/object.*expected another region: ap-northeast-2 is what is lost/)]));
    expect(await problems(object(TOKYO))).toEqual(expect.arrayContaining([expect.stringMatching(/`switch: object` needs `answers`/)]));
    const whole = weighted(`    answers: { ${SEOUL}: ${answer('192.0.2.2')}, ${TOKYO}: ${answer('192.0.2.1')} }\n    object: { ${SEOUL}: { in: us-east-1, bucket: dr-b, key: k }, ${TOKYO}: { in: ${SEOUL}, bucket: dr-c, key: k } }\n`).replace('switch: record', 'switch: object');
    expect((await problems(whole)).filter((p) => !p.includes('warning'))).toEqual([expect.stringMatching(/traffic\.storefront\.object\.ap-northeast-2: unknown region "us-east-1"/)]);
  });
});

describe('route53-latency and route53-geolocation', () => {
  const both = `    answers: { ${SEOUL}: ${answer('192.0.2.2')}, ${TOKYO}: ${answer('192.0.2.1')} }\n`;

  it('a set that nobody checks keeps sending users into a lost region', async () => {
    const blind = both.replace(', healthCheck: hc', '');
    const [found, ...more] = (await problems(active(shared('route53-latency', `${sets}${capacity}${blind}`)))).filter((p) => p.includes('traffic.'));
    expect(more).toEqual([]);
    expect(found).toMatch(/warning: traffic\.storefront\.answers: ap-northeast-2 has neither a health check nor an alias that evaluates its target: Route 53 would keep sending users into a lost region/);
    expect((await problems(active(shared('route53-latency', `${sets}${capacity}${both}`)))).filter((p) => p.includes('traffic.'))).toEqual([]);
  });

  it('an alias may leave a lost region by itself, and cannot be asked whether it has', async () => {
    const alias = `{ alias: { zone: Z0123456789ABCDEFGHIJ, name: lb.example.com } }`;
    const some = `    answers: { ${SEOUL}: ${alias}, ${TOKYO}: ${answer('192.0.2.1')} }\n`;
    expect((await problems(active(shared('route53-latency', `${sets}${capacity}${some}`)))).filter((p) => p.includes('traffic.'))).toEqual([
      expect.stringMatching(/warning: traffic\.storefront\.answers: ap-northeast-2 has an alias that evaluates its target, and no health check: Route 53 leaves a lost region by itself but cannot be asked whether it has; without another signal a failover will need a named person \(--attest-source-down\)$/),
    ]);
    const checked = some.replace('lb.example.com }', 'lb.example.com }, healthCheck: hc');
    expect((await problems(active(shared('route53-latency', `${sets}${capacity}${checked}`)))).filter((p) => p.includes('traffic.'))).toEqual([]);
  });

  it('values fit the types of the records, and may be given by type', async () => {
    const both = '    records:\n      - { name: shop.example.com, type: A }\n      - { name: shop.example.com, type: AAAA }\n';
    const dual = (lines: string) => active(shared('route53-latency', sets + capacity + lines).replace('    record: { name: shop.example.com, type: A }\n', both));
    const byType = (v4: string, v6: string) => `{ A: ${answer(v4)}, AAAA: ${answer(v6)} }`;
    const answers = (seoul: string, tokyo: string) => `    answers:\n      ${SEOUL}: ${seoul}\n      ${TOKYO}: ${tokyo}\n`;
    const found = await problems(dual(answers(answer('192.0.2.2'), byType('192.0.2.3', '192.0.2.4'))));
    expect(found.filter((line) => line.includes('expected an IP'))).toEqual([
      expect.stringMatching(/^\d+:\d+ traffic\.\w+\.answers\.ap-northeast-2\.values\[0\]: expected an IPv6 address for an AAAA record, found 192\.0\.2\.2; the resource has A and AAAA records: give the answers by type/),
      expect.stringMatching(/^\d+:\d+ traffic\.\w+\.answers\.ap-northeast-1\.AAAA\.values\[0\]: expected an IPv6 address/),
    ]);
    expect(await problems(dual(answers(`{ A: ${answer('192.0.2.2')} }`, byType('192.0.2.3', '"2001:db8::3"'))))).toContainEqual(expect.stringContaining('the key "AAAA" is missing'));
    expect((await problems(dual(answers(byType('192.0.2.2', '"2001:db8::2"'), byType('192.0.2.3', '"2001:db8::3"'))))).filter((line) => line.includes('answers'))).toEqual([]);
  });

  it('places: a default is missing, two are the same, a region is unknown', async () => {
    const geo = (places: string) => problems(active(shared('route53-geolocation', `${capacity}${both}    places:\n${places}`)));
    expect(await geo(`      kr: { place: { country: KR }, region: ${SEOUL} }\n`)).toEqual(expect.arrayContaining([expect.stringMatching(/warning: traffic\.storefront\.places: no place is the default/)]));
    expect(await geo(`      kr: { place: { country: KR }, region: ${SEOUL} }\n      k2: { place: { country: KR }, region: ${TOKYO} }\n      all: { place: default, region: ${TOKYO} }\n`)).toEqual(
      expect.arrayContaining([expect.stringMatching(/traffic\.storefront\.places: two sets have the same place/)]),
    );
    expect(await geo(`      all: { place: default, region: ap-northeast-3 }\n`)).toEqual(expect.arrayContaining([expect.stringMatching(/traffic\.storefront\.places\.all.*unknown region "ap-northeast-3"/)]));
    expect(await geo(`      all: { place: { country: Korea }, region: ${SEOUL} }\n`)).toEqual(expect.arrayContaining([expect.stringMatching(/country/)]));
  });

  it('switch: health-check needs a check in each answer', async () => {
    const text = active(shared('route53-latency', `${sets}${capacity}${both.replace(', healthCheck: hc', '')}`)).replace('switch: record', 'switch: health-check');
    expect(await problems(text)).toEqual(expect.arrayContaining([expect.stringMatching(/^\d+:\d+ traffic\.storefront\.answers: `switch: health-check` needs a `healthCheck` of its own in each answer/)]));
  });
});

describe('rds-writers', () => {
  const writers = (lines: string) => active(PAIR).replace('    keys: uuid\n', lines).replace(PAIR, shared('route53-weighted', `${sets}    weights: { ${SEOUL}: 1, ${TOKYO}: 1 }\n${capacity}`));

  it('offsets belong to auto-increment, and differ', async () => {
    const found = (text: string) => problems(text).then((list) => list.filter((p) => p.includes('databases.')));
    expect(await found(writers('    keys: uuid\n'))).toEqual([]);
    expect(await found(writers(`    keys: uuid\n    offsets: { ${SEOUL}: 1, ${TOKYO}: 2 }\n`))).toEqual([expect.stringContaining('`offsets` belong to `keys: auto-increment`')]);
    expect(await found(writers(`    keys: auto-increment\n    offsets: { ${SEOUL}: 1, ${TOKYO}: 1 }\n`))).toEqual([expect.stringMatching(/databases\.orders\.offsets: two regions have the same offset/)]);
    expect(await found(writers('    keys: auto-increment\n'))).toEqual([expect.stringMatching(/warning: databases\.orders: without `offsets`/)]);
  });
});

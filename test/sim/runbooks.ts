import { parseRunbook } from '../../src/runbook/load.ts';
import type { LoadedRunbook } from '../../src/runbook/runbook.ts';
import { publicLines } from './approvers.ts';
import { BOSS, LEAD } from './scenario.ts';
import { DATABASES, instanceOf, NAME, OSAKA, regionsOf, SEOUL, type Shape, targetGroupOf, TOKYO } from './shapes.ts';

/*
 * Runbooks of the simulation: written as YAML and read by the loader like any other, once for each shape.
 */

/** `{ ap-northeast-2: …, ap-northeast-1: … }` */
function each(shape: Shape, make: (region: string, letter: string) => string): string {
  return `{ ${regionsOf(shape).map((region, i) => `${region}: ${make(region, 'abc'.charAt(i))}`).join(', ')} }`;
}

function group(name: string, letter: string, use: number): string {
  return `sg-0${letter}${use}0000000000000${name.length % 10}`;
}

const LOGIN = '{ database: shop, table: dr_canary, userEnv: SHOP_DB_USER, passwordEnv: SHOP_DB_PASSWORD }';

function database(name: string, shape: Shape): string[] {
  const instances = `    instances: ${each(shape, (region) => instanceOf(name, region))}`;
  const fence = shape.fence ? [`    fence: { quarantine: ${each(shape, (_r, letter) => group(name, letter, 2))} }`] : [];
  const canary = shape.canary ? [`    canary: ${LOGIN}`] : [];
  switch (shape.strategy) {
    case 'active-active':
      return [`  ${name}:`, '    kind: rds-writers', instances, '    keys: auto-increment', `    offsets: ${each(shape, (region) => (region === SEOUL ? '1' : '2'))}`];
    case 'backup-restore': {
      const keys = `    kmsKeys: ${each(shape, (region, letter) => `"arn:aws:kms:${region}:111122223333:key/0a1b2c3d-0000-4000-8000-00000000000${letter}"`)}`;
      const settings = (letter: string) => `{ class: db.r6g.large, subnetGroup: shop, securityGroups: [${group(name, letter, 1)}], parameterGroup: shop-pg17, multiAz: true, retentionDays: 14 }`;
      return [`  ${name}:`, '    kind: rds-backup', instances, keys, `    restore: ${each(shape, (_r, letter) => settings(letter))}`, ...fence, ...canary];
    }
    default:
      return [`  ${name}:`, '    kind: rds-read-replica', instances, `    securityGroups: ${each(shape, (_r, letter) => `[${group(name, letter, 1)}]`)}`, ...fence, ...canary];
  }
}

function compute(shape: Shape): string[] {
  const targets = `    targets: { port: 8080, groups: ${each(shape, (region) => `"${targetGroupOf(region)}"`)} }`;
  const waits = shape.strategy === 'pilot-light' || shape.strategy === 'backup-restore' ? 0 : 1;
  switch (shape.compute) {
    case 'none':
      return [];
    case 'group':
      return ['compute:', '  api:', '    kind: auto-scaling-group', `    groups: ${each(shape, () => 'shop-api')}`, '    active: { min: 2, desired: 3, max: 6 }', `    standby: { min: ${waits}, desired: ${waits}, max: 6 }`];
    case 'instances':
      return ['compute:', '  api:', '    kind: ec2-instances', `    instances: ${each(shape, (_r, letter) => `[i-0${letter}00000000000b01, i-0${letter}00000000000b02]`)}`, `    spares: ${each(shape, (_r, letter) => `[i-0${letter}00000000000b03]`)}`, '    types: [m7g.large]', targets];
    case 'image':
      return ['compute:', '  api:', '    kind: ec2-image', '    count: 2', `    template: ${each(shape, () => '{ name: shop-api, version: $Default }')}`, `    image: ${each(shape, () => '{ name: "shop-api-*" }')}`, targets];
  }
}

function traffic(shape: Shape): string[] {
  const lines = ['traffic:', '  storefront:', `    kind: ${shape.traffic}`, '    zone: Z0123456789ABCDEFGHIJ', `    record: { name: ${NAME}, type: A }`, `    switch: ${shape.switch}`];
  const answers = `    answers: ${each(shape, (region) => `{ values: [127.0.0.${region === SEOUL ? 2 : 3}], ttl: 60, healthCheck: shop-${region} }`)}`;
  const capacity = shape.compute === 'group' ? [`    capacity: ${each(shape, () => '{ autoScalingGroup: shop-api, healthy: 2 }')}`] : [];
  switch (shape.traffic) {
    case 'route53-failover': {
      const object = shape.switch === 'object' ? [`    object: { ${TOKYO}: { bucket: shop-switch-tokyo, key: failed-over } }`] : [];
      return [...lines, `    sets: { ${SEOUL}: seoul, ${TOKYO}: tokyo }`, ...object];
    }
    case 'route53-weighted':
      if (shape.strategy !== 'active-active') return [...lines, `    sets: ${each(shape, (region) => region)}`, `    weights: ${each(shape, () => '100')}`, ...capacity];
      return [...lines, `    sets: { ${SEOUL}: seoul, ${TOKYO}: tokyo }`, `    weights: ${each(shape, () => '100')}`, '    pace: [50, 0]', '    between: 10s', ...capacity];
    case 'route53-latency':
      return [...lines, `    sets: { ${SEOUL}: seoul, ${TOKYO}: tokyo }`, answers, ...capacity];
    case 'route53-geolocation':
      return [
        ...lines,
        '    places:',
        `      korea: { place: { country: KR }, region: ${SEOUL} }`,
        `      japan: { place: { country: JP }, region: ${TOKYO} }`,
        `      world: { place: default, region: ${SEOUL} }`,
        answers,
        ...capacity,
      ];
  }
}

/** Before the line, around it and behind it; one that is a line of its own (a program that cannot be taken back). */
const OWN = [
  'steps:',
  '  let-caches-expire: { kind: wait, after: traffic, for: 20s, limit: 1m }',
  `  warm-cache: { kind: http-request, after: traffic, limit: 30s, url: "http://${NAME}/healthz", changes: nothing, optional: true }`,
  '  move-jobs: { kind: command, after: data, limit: 2m, run: [./jobs, "{target}"], env: [PATH] }',
  '  pause-jobs: { kind: command, before: fence, limit: 2m, run: [./jobs, pause], env: [PATH], undo: { run: [./jobs, go-on] } }',
  '  tell-the-bank: { kind: manual, after: traffic, limit: 1h, instruction: "Tell the bank.", changes: nothing }',
];

function signer(name: typeof BOSS | typeof LEAD): string {
  return `{ name: ${name}, keys: [${publicLines(name).map((line) => `"${line}"`).join(', ')}] }`;
}

function yamlOf(shape: Shape): string {
  const lines = [
    'runbook: shop',
    'owner: shop-oncall@example.com',
    `strategy: ${shape.strategy}`,
    `objectives: { rpo: ${shape.strategy === 'active-active' ? 0 : shape.rpoMinutes}${shape.strategy === 'active-active' ? 's' : 'm'}, rto: 15m }`,
    'regions:',
    `  ${SEOUL}: { name: Seoul, home: true }`,
    `  ${TOKYO}: { name: Tokyo }`,
    ...(shape.third === true ? [`  ${OSAKA}: { name: Osaka }`] : []),
    'databases:',
    ...DATABASES.slice(0, shape.databases).flatMap((name) => database(name, shape)),
    ...compute(shape),
    ...traffic(shape),
  ];
  if (shape.probe) lines.push('probes:', `  home-page: { http: "http://${NAME}/healthz", expect: { status: 200 }, every: 5s, hold: 10s }`);
  if (shape.approval === 'named') lines.push('approvals:', `  - { before: point-of-no-return, from: [${BOSS}, ${LEAD}], quorum: 1 }`);
  if (shape.approval === 'signed') lines.push('approvals:', `  - { before: point-of-no-return, from: [${signer(BOSS)}, ${signer(LEAD)}], quorum: 2, wait: 10m }`);
  if (shape.own) lines.push(...OWN);
  lines.push('notify:', `  - sns: ${each(shape, (region) => `"arn:aws:sns:${region}:111122223333:dr"`)}`);
  return `${lines.join('\n')}\n`;
}

const loaded = new Map<string, Promise<LoadedRunbook>>();

export function runbookOf(shape: Shape): Promise<LoadedRunbook> {
  const key = JSON.stringify(shape);
  const known = loaded.get(key) ?? parseRunbook(new TextEncoder().encode(yamlOf(shape)), 'shop.yaml');
  loaded.set(key, known);
  return known;
}

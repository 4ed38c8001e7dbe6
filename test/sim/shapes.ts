import { parseRunbook } from '../../src/runbook/load.ts';
import type { LoadedRunbook } from '../../src/runbook/runbook.ts';

/*
 * Runbooks of the simulation: written as YAML and read by the loader like any other, once for each shape.
 */

export const SEOUL = 'ap-northeast-2';
export const TOKYO = 'ap-northeast-1';
export const NAME = 'shop.example.com';

/** What differs from one runbook to the next. */
export interface Shape {
  /** One database, or two that are promoted side by side. */
  databases: 1 | 2;
  fence: boolean;
  canary: boolean;
  switch: 'record' | 'object';
  compute: boolean;
  probe: boolean;
  approval: boolean;
  rpoMinutes: 3 | 10;
}

export const DATABASES = ['orders', 'stock'] as const;

export function instanceOf(database: string, region: string): string {
  return `shop-${database}-${region === SEOUL ? 'seoul' : 'tokyo'}`;
}

function database(name: string, shape: Shape): string {
  const lines = [`  ${name}:`, '    kind: rds-read-replica', `    instances: { ${SEOUL}: ${instanceOf(name, SEOUL)}, ${TOKYO}: ${instanceOf(name, TOKYO)} }`];
  if (shape.fence) lines.push(`    fence: { quarantine: { ${SEOUL}: sg-0aaaaaaaaaaaaaaa${name.length % 10}, ${TOKYO}: sg-0bbbbbbbbbbbbbbb${name.length % 10} } }`);
  if (shape.canary) lines.push('    canary: { database: shop, table: dr_canary, userEnv: SHOP_DB_USER, passwordEnv: SHOP_DB_PASSWORD }');
  return lines.join('\n');
}

function yamlOf(shape: Shape): string {
  const lines = [
    'runbook: shop',
    'owner: shop-oncall@example.com',
    'strategy: warm-standby',
    `objectives: { rpo: ${shape.rpoMinutes}m, rto: 15m }`,
    'regions:',
    `  ${SEOUL}: { name: Seoul, home: true }`,
    `  ${TOKYO}: { name: Tokyo }`,
    'databases:',
    ...DATABASES.slice(0, shape.databases).map((name) => database(name, shape)),
  ];
  if (shape.compute) {
    lines.push('compute:', '  api:', '    kind: auto-scaling-group', `    groups: { ${SEOUL}: shop-api, ${TOKYO}: shop-api }`);
    lines.push('    active: { min: 2, desired: 3, max: 6 }', '    standby: { min: 1, desired: 1, max: 6 }');
  }
  lines.push('traffic:', '  storefront:', '    kind: route53-failover', '    zone: Z0123456789ABCDEFGHIJ', `    record: { name: ${NAME}, type: A }`);
  lines.push(`    sets: { ${SEOUL}: seoul, ${TOKYO}: tokyo }`, `    switch: ${shape.switch}`);
  if (shape.switch === 'object') lines.push(`    object: { ${TOKYO}: { bucket: shop-switch-tokyo, key: failed-over } }`);
  if (shape.probe) lines.push('probes:', `  home-page: { http: "http://${NAME}/healthz", expect: { status: 200 }, every: 5s, hold: 10s }`);
  if (shape.approval) lines.push('approvals:', '  - { before: point-of-no-return, from: [boss@example.com, lead@example.com], quorum: 1 }');
  lines.push('notify:', `  - sns: { ${SEOUL}: "arn:aws:sns:${SEOUL}:111122223333:dr", ${TOKYO}: "arn:aws:sns:${TOKYO}:111122223333:dr" }`);
  return `${lines.join('\n')}\n`;
}

const loaded = new Map<string, Promise<LoadedRunbook>>();

export function runbookOf(shape: Shape): Promise<LoadedRunbook> {
  const yaml = yamlOf(shape);
  const known = loaded.get(yaml) ?? parseRunbook(new TextEncoder().encode(yaml), 'shop.yaml');
  loaded.set(yaml, known);
  return known;
}

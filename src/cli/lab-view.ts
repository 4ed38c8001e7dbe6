import { formatDuration } from '../base/duration.ts';
import type { LedgerSummary } from '../lab/ledger.ts';
import type { LabInfo, LabStatus } from '../lab/status.ts';
import { regionName } from './names.ts';
import { columns, indent, type Painter } from './text.ts';

/** How to look at a lab from another terminal. */
export function labStartedText(info: LabInfo, paint: Painter): string {
  const rows = columns([
    ['process', String(info.pid)],
    ...info.runbooks.map(({ name, path }) => ['runbook', `${name} (${path})`]),
    ['databases', info.engine],
    ['AWS', info.awsUrl],
    ['DNS', info.resolver],
    ...info.runbooks.map(({ host }) => ['application', `${host}, port ${info.applicationPort}, active in ${regionName(info.home)}`]),
  ]);
  return [
    paint('bold', 'The lab is running.'),
    indent(rows.join('\n'), 2),
    paint('bold', 'Next:'),
    indent(
      ['eval "$(dr lab env)"      lets dr, the AWS CLI and any SDK see it', `dr lab break ${info.home}`, 'dr lab status', 'dr lab stop'].join('\n'),
      2,
    ),
  ].join('\n');
}

/** The lab as it is now: regions, databases, groups, names, users. */
export function labStatusText(status: LabStatus, now: number, paint: Painter): string {
  const { world } = status;
  const section = (title: string, rows: string[][]) => `${paint('bold', title)}\n${indent(columns(rows).join('\n'), 2)}`;
  return [
    `lab of ${status.runbooks.map(({ name }) => name).join(', ')}, process ${status.pid}, for ${formatDuration(now - status.startedAt)}, ${status.engine}`,
    section('Regions', status.regions.map((region) => [
      `${region.name} (${region.id})`,
      `${region.alive ? 'alive' : 'broken'}${region.network === 'cut' ? ', cut off' : ''}`,
      `application ${region.application}`,
      region.brokenAt === undefined ? '' : `broken ${formatDuration(now - region.brokenAt)} ago`,
    ])),
    section('Databases', status.databases.map((db) => [db.id, db.region, db.state, db.door === 'open' ? 'reachable' : db.door === 'dead' ? 'unreachable' : db.door, db.endpoint])),
    section('Groups', world.groups.map((group) => [group.name, group.region, `${group.healthy} of ${group.desired} healthy`])),
    section('Names', world.records.map((record) => [
      record.name,
      record.type,
      record.setIdentifier ?? '',
      record.failover ?? '',
      record.values.join(' '),
      record.answered ? 'answered now' : '',
    ])),
    ...Object.entries(status.usersOf).map(([runbook, users]) =>
      section(status.runbooks.length === 1 ? 'Users' : `Users of ${runbook}`, usersRows(users, now)),
    ),
  ].join('\n\n');
}

function usersRows(users: LedgerSummary, now: number): string[][] {
  const last = users.lastGood;
  return [
    ['orders', `${users.orders}: ${users.acknowledged} acknowledged, ${users.failed} failed`],
    ['last good', last === undefined ? 'none' : `${formatDuration(now - last.at)} ago, from ${last.region ?? last.address ?? 'nowhere known'}`],
    ...(users.lastError === undefined ? [] : [['last error', users.lastError]]),
  ];
}

/** Without the settings: they hold the database's password, and `dr lab env` is there to show them. */
export function withoutEnv<T extends LabInfo>({ env: _env, ...rest }: T): Omit<T, 'env'> {
  return rest;
}

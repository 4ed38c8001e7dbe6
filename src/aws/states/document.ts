import { activityStatus, analysisStatus, healthStatus, imageState, instanceState, lifecycleState, reservationState, statusCheck, targetState } from './capacity.ts';
import { acceleratedRecovery, alarmState, certificateStatus, changeState, eventStatus, keyState } from './others.ts';
import { applyStatus, automatedBackupStatus, dbInstanceState, membershipStatus, proxyStatus, proxyTargetState, replicationState, snapshotStatus } from './rds.ts';
import type { StateTable } from './table.ts';

/** Every table of states, in the order of `docs/aws-states.md`. */
export const STATE_TABLES: readonly StateTable<object>[] = [
  dbInstanceState, replicationState, membershipStatus, applyStatus, snapshotStatus, automatedBackupStatus,
  instanceState, statusCheck, imageState, reservationState, lifecycleState, healthStatus, activityStatus, targetState,
  changeState, acceleratedRecovery, keyState, certificateStatus, proxyStatus, proxyTargetState, analysisStatus, alarmState, eventStatus,
];

function cell(value: string | boolean | undefined): string {
  return String(value ?? '').replaceAll('|', '\\|');
}

function tableText({ field, page, states, unlisted }: StateTable<object>): string {
  const rows = [...Object.entries(states), ['any other value, or none', unlisted] as const];
  const columns = [...new Set(rows.flatMap(([, meaning]) => Object.keys(meaning)))].filter((column) => column !== 'note');
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  const body = rows.map(([state, meaning]: readonly [string, object]) => {
    const of = new Map<string, string | boolean>(Object.entries(meaning));
    return line([meaning === unlisted ? state : `\`${state}\``, ...columns.map((column) => cell(of.get(column))), cell(of.get('note'))]);
  });
  return [`## ${field}`, '', `[AWS documentation](${page})`, '', line(['value', ...columns, 'note']), line(['value', ...columns, 'note'].map(() => '---')), ...body].join('\n');
}

/** The text of `docs/aws-states.md`. */
export function statesDocument(): string {
  const head = [
    '# States of AWS',
    '',
    'What each status of AWS means to `dr`. Decisions use these tables only. A value that is not listed is unknown: neither ready nor down.',
    '',
    'This file is made from `src/aws/states/`: `npm run aws-states`.',
  ];
  return `${[head.join('\n'), ...STATE_TABLES.map(tableText)].join('\n\n')}\n`;
}

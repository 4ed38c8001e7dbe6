import { SqlError, type Store } from './store.ts';

export type Value = string | null;

/** A statement that the model knows: its columns before it runs, its rows when it does. */
export interface Statement {
  columns: readonly { name: string; type: 'text' | 'bool' }[];
  /** What it is called when a read-only session may not run it; absent for what only reads. */
  writes?: string;
  run(store: Store, parameters: readonly Value[], session: SessionState): { rows: readonly (readonly Value[])[]; tag: string };
}

/** What a statement may see and change of the session that runs it. */
export interface SessionState {
  /** `default_transaction_read_only`: taken from the database when the session begins. */
  readOnly: boolean;
  endOthers(): void;
}

const NAME = '("(?:[^"]|"")+"|[a-z_]\\w*)';

/** `"a""b"` is a"b; a bare name is in lower case already. */
function unquote(name: string): string {
  return name.startsWith('"') ? name.slice(1, -1).replaceAll('""', '"') : name;
}

const FORMS: readonly [RegExp, (groups: readonly string[]) => Statement][] = [
  [/^SELECT pg_is_in_recovery\(\) AS replica, \(CASE WHEN .* AS owner$/i, () => ({
    columns: [{ name: 'replica', type: 'bool' }, { name: 'at', type: 'text' }, { name: 'read_only', type: 'text' }, { name: 'owner', type: 'bool' }],
    run: (store, _, session) => ({ rows: [[store.writable ? 'f' : 't', String(store.log.length), session.readOnly ? 'on' : 'off', 't']], tag: 'SELECT 1' }),
  })],
  [/^SET default_transaction_read_only = off$/i, () => ({
    columns: [],
    run: (_store, _, session) => {
      session.readOnly = false;
      return { rows: [], tag: 'SET' };
    },
  })],
  [new RegExp(`^ALTER DATABASE ${NAME} (SET default_transaction_read_only = on|RESET default_transaction_read_only)$`, 'i'), ([, change]) => ({
    columns: [],
    writes: 'ALTER DATABASE',
    run: (store) => {
      store.setReadOnly(/^SET/i.test(change ?? ''));
      return { rows: [], tag: 'ALTER DATABASE' };
    },
  })],
  [/^SELECT count\(\*\) FILTER \(WHERE NOT pg_terminate_backend\(pid, 2000\)\)::text AS left FROM pg_stat_activity WHERE /i, () => ({
    columns: [{ name: 'left', type: 'text' }],
    run: (_store, _, session) => {
      session.endOthers();
      return { rows: [['0']], tag: 'SELECT 1' };
    },
  })],
  [/^SELECT pg_is_in_recovery\(\) AS replica$/i, () => ({
    columns: [{ name: 'replica', type: 'bool' }],
    run: (store) => ({ rows: [[store.writable ? 'f' : 't']], tag: 'SELECT 1' }),
  })],
  [/^SELECT pg_is_in_recovery\(\) AS replica, current_setting\('transaction_read_only'\) AS read_only$/i, () => ({
    columns: [{ name: 'replica', type: 'bool' }, { name: 'read_only', type: 'text' }],
    run: (store, _, session) => ({ rows: [[store.writable ? 'f' : 't', session.readOnly || !store.writable ? 'on' : 'off']], tag: 'SELECT 1' }),
  })],
  [/^SELECT to_regclass\(\$1\)::text AS there$/i, () => ({
    columns: [{ name: 'there', type: 'text' }],
    run: (store, [table]) => ({ rows: [[store.has(unquote(table ?? '')) ? table ?? null : null]], tag: 'SELECT 1' }),
  })],
  [new RegExp(`^CREATE TABLE IF NOT EXISTS ${NAME} \\((.+)\\)$`, 'is'), ([table, definitions]) => ({
    columns: [],
    writes: 'CREATE TABLE',
    run: (store) => {
      store.create(unquote(table ?? ''), columnNames(definitions ?? ''));
      return { rows: [], tag: 'CREATE TABLE' };
    },
  })],
  [new RegExp(`^INSERT INTO ${NAME} \\(([^)]+)\\) VALUES \\(((?:\\$\\d+(?:, )?)+)\\)$`, 'i'), ([table, names, values]) => ({
    columns: [],
    writes: 'INSERT',
    run: (store, parameters) => {
      const columns = (names ?? '').split(',').map((name) => unquote(name.trim()));
      const places = (values ?? '').split(',').map((place) => Number(place.trim().slice(1)) - 1);
      store.insert(unquote(table ?? ''), Object.fromEntries(columns.map((name, n) => [name, parameters[places[n] ?? -1] ?? null])));
      return { rows: [], tag: 'INSERT 0 1' };
    },
  })],
  [new RegExp(`^SELECT ${NAME} FROM ${NAME} WHERE ${NAME} = (\\$1|ANY\\(\\$1\\))$`, 'i'), ([column, table, key, place]) => ({
    columns: [{ name: unquote(column ?? ''), type: 'text' }],
    run: (store, [parameter]) => {
      const { columns, rows } = store.table(unquote(table ?? ''));
      if (unquote(key ?? '') !== columns[0]) throw new SqlError('0A000', 'the model database selects by key only');
      const wanted = place === '$1' ? [parameter ?? ''] : arrayItems(parameter ?? '{}');
      const found = wanted.map((item) => rows.get(item)).filter((row) => row !== undefined);
      return { rows: found.map((row) => [row[unquote(column ?? '')] ?? null]), tag: `SELECT ${found.length}` };
    },
  })],
];

/** @throws SqlError for what is not one of the few statements that the lab's parts and the canary send. */
export function parseStatement(text: string): Statement {
  const plain = text.trim().replace(/;$/, '').replace(/\s+/g, ' ');
  for (const [pattern, make] of FORMS) {
    const match = pattern.exec(plain);
    if (match !== null) return make(match.slice(1));
  }
  throw new SqlError('0A000', `the lab's model database does not know this statement: ${plain.slice(0, 200)}`);
}

function columnNames(definitions: string): string[] {
  return definitions.split(',').map((part) => unquote(/^\s*("(?:[^"]|"")+"|\w+)/.exec(part)?.[1] ?? ''));
}

/** Items of an array in PostgreSQL's text form: `{a,"b c"}`. */
function arrayItems(text: string): string[] {
  return [...text.slice(1, -1).matchAll(/"((?:[^"\\]|\\.)*)"|([^,]+)/g)].map((m) => m[2] ?? (m[1] ?? '').replace(/\\(.)/g, '$1'));
}

import { SqlError } from './sql-error.ts';
import type { Store } from './store.ts';

export type Value = string | null;

/** A statement that the model knows: its columns before it runs, its rows when it does. */
export interface Statement {
  columns: readonly { name: string; type: 'text' | 'bool' }[];
  run(store: Store, parameters: readonly Value[]): { rows: readonly (readonly Value[])[]; tag: string };
}

const NAME = '("(?:[^"]|"")+"|[a-z_]\\w*)';

/** `"a""b"` is a"b; a bare name is in lower case already. */
function unquote(name: string): string {
  return name.startsWith('"') ? name.slice(1, -1).replaceAll('""', '"') : name;
}

const FORMS: readonly [RegExp, (groups: readonly string[]) => Statement][] = [
  [/^SELECT pg_is_in_recovery\(\) AS replica$/i, () => ({
    columns: [{ name: 'replica', type: 'bool' }],
    run: (store) => ({ rows: [[store.writable ? 'f' : 't']], tag: 'SELECT 1' }),
  })],
  [/^SELECT to_regclass\(\$1\)::text AS there$/i, () => ({
    columns: [{ name: 'there', type: 'text' }],
    run: (store, [table]) => ({ rows: [[store.has(unquote(table ?? '')) ? table ?? null : null]], tag: 'SELECT 1' }),
  })],
  [new RegExp(`^CREATE TABLE IF NOT EXISTS ${NAME} \\((.+)\\)$`, 'is'), ([table, definitions]) => ({
    columns: [],
    run: (store) => {
      store.create(unquote(table ?? ''), columnNames(definitions ?? ''));
      return { rows: [], tag: 'CREATE TABLE' };
    },
  })],
  [new RegExp(`^INSERT INTO ${NAME} \\(([^)]+)\\) VALUES \\(((?:\\$\\d+(?:, )?)+)\\)$`, 'i'), ([table, names, values]) => ({
    columns: [],
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

import type { hash as Hash } from 'node:crypto';
import { remembered } from './remembered.ts';

/** What the journal, plans and reports are made of. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json | undefined };

/** JSON with sorted keys and without undefined: equal values give equal text. `without` is a key of the outermost object that is left out. */
export function canonicalJson(value: unknown, without?: string): string {
  // Put together by hand: every journal record and every plan goes through here.
  if (typeof value === 'string') return JSON.stringify(value);
  if (value === undefined || value === null) return 'null';
  if (typeof value !== 'object') return JSON.stringify(value);
  let text = '';
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length; i++) text += i === 0 ? canonicalJson(value[i]) : `,${canonicalJson(value[i])}`;
    return `[${text}]`;
  }
  const record = value as Record<string, unknown>;
  for (const key of sorted(Object.keys(record))) {
    const item = record[key];
    if (item === undefined || key === without) continue;
    text += `${text === '' ? '' : ','}${quotedKey(key)}${canonicalJson(item)}`;
  }
  return `{${text}}`;
}

/** More keys than this are left to the engine's own sort. */
const FEW_KEYS = 24;

/** In place. The engine's sort costs more than the rest for the few keys that a record has. */
function sorted(keys: string[]): string[] {
  if (keys.length > FEW_KEYS) return keys.sort();
  for (let i = 1; i < keys.length; i++) {
    const key = keys[i] as string;
    let at = i;
    for (let before = keys[at - 1]; before !== undefined && before > key; before = keys[at - 1]) {
      keys[at] = before;
      at -= 1;
    }
    keys[at] = key;
  }
  return keys;
}

/** With the colon. */
const quotedKey = remembered((key) => `${JSON.stringify(key)}:`);

/** Loaded with the first hash: a command that needs none starts faster. */
let hash: typeof Hash | undefined;

export function sha256(data: string | Uint8Array): string {
  hash ??= process.getBuiltinModule('node:crypto').hash;
  return hash('sha256', data, 'hex');
}

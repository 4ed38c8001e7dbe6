import { hash } from 'node:crypto';

/** What the journal, plans and reports are made of. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json | undefined };

/** JSON with sorted keys and without undefined: equal values give equal text. */
export function canonicalJson(value: unknown): string {
  if (value === undefined || value === null) return 'null';
  if (typeof value !== 'object') return JSON.stringify(value);
  // Put together by hand: every journal record and every plan goes through here.
  let text = '';
  if (Array.isArray(value)) {
    for (const item of value) text += `${text === '' ? '' : ','}${canonicalJson(item)}`;
    return `[${text}]`;
  }
  const record = value as Record<string, unknown>;
  for (const key of Object.keys(record).sort()) {
    const item = record[key];
    if (item !== undefined) text += `${text === '' ? '' : ','}${quotedKey(key)}:${canonicalJson(item)}`;
  }
  return `{${text}}`;
}

/** The same few keys come by the million. */
const quotedKeys = new Map<string, string>();
const KEYS_KEPT = 2_000;

function quotedKey(key: string): string {
  const known = quotedKeys.get(key);
  if (known !== undefined) return known;
  const quoted = JSON.stringify(key);
  if (quotedKeys.size < KEYS_KEPT) quotedKeys.set(key, quoted);
  return quoted;
}

/** Lower-case hexadecimal SHA-256 of a text or bytes. */
export function sha256(data: string | Uint8Array): string {
  return hash('sha256', data, 'hex');
}

import { hostname, userInfo } from 'node:os';
import type { Ran } from '../commands/run-dr.ts';

/** What differs from run to run and from machine to machine, under a name of its own. */
const MASKS: [RegExp, string][] = [
  [/\b\d{8}T\d{6}Z-([a-z-]+)-[0-9a-f]{6}\b/g, 'RUN-$1'],
  [/\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z/g, 'TIME'],
  [/\b\d\d:\d\d:\d\d\.\d{3}\b/g, 'TIME'],
  [/\b\d\d:\d\d:\d\d UTC\b/g, 'TIME UTC'],
  [/\bprocess \d+/g, 'process PID'],
  [/(?<=127\.0\.0\.\d:)\d+/g, 'PORT'],
  [/\b[Pp]ort \d+/g, 'port PORT'],
  // Neither a second more or less nor the unit that it brings is a difference.
  [/\b\d+h( \d+m)?\b|\b\d+m \d+s\b|(?<=\b(?:at most|up to|sample) |[+(])\d+m\b|\b\d+(\.\d+)? (ms|s)\b/g, 'N s'],
  [/(?<=--accept-data-loss )\d+s/g, 'Ns'],
  // Cut to the width of a terminal, or just not, by the length of what is masked.
  [/^(?=.*…$|(?: {2}[\w.]+: .*\bN s\b))(.{60}).*$/gm, '$1…'],
  [/\b[0-9a-f]{64}\b/g, 'HASH'],
  [/-lab-[0-9a-f]{12}\b/g, '-lab-HASH'],
];

/** Exit code and everything that a person reads, masked. `known` are texts of this test, e.g. its folder. */
export function told({ code, stdout, stderr }: Ran, known: Record<string, string> = {}): string {
  let text = [`exit ${String(code)}`, stdout.trimEnd(), stderr.trimEnd()].filter((part) => part !== '').join('\n');
  for (const [value, name] of Object.entries(known)) text = text.replaceAll(value, name);
  // In its place only: it may be a word like any other.
  text = text.replaceAll(`by ${userInfo().username} on ${hostname()} (`, 'by USER on HOST (');
  for (const [pattern, name] of MASKS) text = text.replaceAll(pattern, name);
  return text;
}

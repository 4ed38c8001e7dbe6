import { LineCounter, parseDocument, type Document } from 'yaml';
import { messageOf } from '../base/errors.ts';
import { codePoint, UNPRINTABLE } from './characters.ts';
import type { Position, Problem } from './problem.ts';
import { findSecrets, printable } from './secrets.ts';
import { yamlProblems } from './yaml-fault.ts';
import { YamlReader, type Path } from './yaml-reader.ts';

/** Problems of one sort that are collected before the rest is left out. */
const PROBLEMS = 200;

/** A YAML text as plain values, and where each of them stands. */
export interface YamlText {
  /** Maps have no prototype. Undefined when the text could not be read. */
  value: unknown;
  problems: Problem[];
  /**
   * Where a value stands. A block map or list is found at its key, and what is missing at the key of the map that
   * should hold it.
   */
  at: (path: Path) => Position;
  /** Where the key itself stands. */
  keyAt(path: Path): Position;
}

/** Reads one YAML 1.2 document (core schema). Never throws: what is wrong is a problem with its place. */
export function parseYaml(source: string): YamlText {
  const text = source.startsWith('\ufeff') ? source.slice(1) : source;
  const lines = lineCounter(text);
  const secrets = checkSecrets(text, lines);
  const stop = (problems: Problem[]): YamlText => {
    const start = () => ({ line: 1, col: 1 });
    return { value: undefined, problems: [...secrets, ...problems], at: start, keyAt: start };
  };
  const unprintable = checkCharacters(text, lines);
  if (unprintable.length > 0) return stop(unprintable);
  let doc: Document.Parsed;
  try {
    doc = parseDocument(text, {
      version: '1.2', schema: 'core', stringKeys: true, prettyErrors: false, logLevel: 'error',
      // Checked by the reader below: the parser compares every key with every other one.
      uniqueKeys: false,
    });
  } catch (error) {
    return stop([{ line: 1, col: 1, message: `YAML: ${printable(messageOf(error), 200)}`, severity: 'error' }]);
  }
  const faults = yamlProblems(doc, text, lines);
  if (faults.length > 0) return stop(faults.slice(0, PROBLEMS));
  const reader = new YamlReader(lines);
  reader.checkDirectives(doc);
  const value = reader.read(doc.contents, 0);
  if (reader.isExhausted()) return stop(reader.problems);
  return {
    value,
    problems: [...secrets, ...reader.problems],
    at: (path) => reader.place(doc.contents, path, false),
    keyAt: (path) => reader.place(doc.contents, path, true),
  };
}

function lineCounter(text: string): LineCounter {
  const lines = new LineCounter();
  lines.addNewLine(0);
  for (let i = text.indexOf('\n'); i >= 0; i = text.indexOf('\n', i + 1)) lines.addNewLine(i + 1);
  return lines;
}

const UNPRINTABLE_ALL = new RegExp(UNPRINTABLE.source, 'g');

function checkCharacters(text: string, lines: LineCounter): Problem[] {
  const problems: Problem[] = [];
  for (const match of text.matchAll(UNPRINTABLE_ALL)) {
    const message = `${codePoint(match[0])} is not allowed in a runbook: it is not printable`;
    problems.push({ ...lines.linePos(match.index), message, severity: 'error' });
    if (problems.length === PROBLEMS) break;
  }
  return problems;
}

function checkSecrets(text: string, lines: LineCounter): Problem[] {
  return findSecrets(text).slice(0, PROBLEMS).map((secret) => ({
    ...lines.linePos(secret.offset),
    message: `this looks like ${secret.what}. Secrets never stand in a runbook: name an environment variable instead`,
    severity: 'error',
  }));
}

import { posix } from 'node:path';
import ts from 'typescript';

/*
 * The conventions of src/ that a compiler does not know, as pure functions over files,
 * so that each can be shown to fail on a planted one.
 */

/** Path from the root of the project, with slashes, and text. */
export interface SourceText {
  path: string;
  text: string;
}

/** From the roof down: a file imports only from its own floor or below. */
export const FLOORS = [
  'commands',
  'cli',
  'app',
  'report',
  'rehearsal',
  'lab',
  'engine',
  'journal',
  'plan',
  'runbook',
  'kinds',
  'model',
  'measure',
  'simulator',
  'effects',
  'aws',
  'approvals',
  'base',
] as const;

/** Rooms that know no time and no chance but the injected ones. */
const PURE = new Set(['plan', 'engine', 'journal', 'kinds', 'model', 'measure', 'simulator']);

export const MAX_FILE_LINES = 400;
export const MAX_FUNCTION_LINES = 70;

export interface ImportOf {
  from: string;
  specifier: string;
  /** Path of the file, for a relative import. */
  target: string | undefined;
  /** `import()` at run time. */
  lazy: boolean;
  /** Erased by the compiler. */
  typeOnly: boolean;
}

function parse(file: SourceText): ts.SourceFile {
  return ts.createSourceFile(file.path, file.text, ts.ScriptTarget.Latest, true, ts.ScriptKind.TS);
}

function everyNode(root: ts.Node, visit: (node: ts.Node) => void): void {
  visit(root);
  ts.forEachChild(root, (child) => everyNode(child, visit));
}

/** Every import, re-export, `import()` and `import('…').Type` of a file. */
export function importsOf(file: SourceText): ImportOf[] {
  const found: ImportOf[] = [];
  const add = (node: ts.Node | undefined, lazy: boolean, typeOnly: boolean) => {
    if (node === undefined || !ts.isStringLiteralLike(node)) return;
    const specifier = node.text;
    const target = specifier.startsWith('.') ? posix.join(posix.dirname(file.path), specifier) : undefined;
    found.push({ from: file.path, specifier, target, lazy, typeOnly });
  };
  everyNode(parse(file), (node) => {
    if (ts.isImportDeclaration(node)) {
      add(node.moduleSpecifier, false, node.importClause?.phaseModifier === ts.SyntaxKind.TypeKeyword);
    } else if (ts.isExportDeclaration(node)) {
      add(node.moduleSpecifier, false, node.isTypeOnly);
    } else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
      add(node.arguments[0], true, false);
    } else if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) {
      add(node.argument.literal, false, true);
    }
  });
  return found;
}

function floorOf(path: string): number {
  return FLOORS.indexOf(path.split('/')[1] as (typeof FLOORS)[number]);
}

/** An import that runs up a floor, or a file that stands on none. */
export function upwardImports(files: readonly SourceText[]): string[] {
  const homeless = files.filter((file) => floorOf(file.path) === -1).map((file) => `${file.path} stands on no floor`);
  const upward = files.flatMap(importsOf).flatMap(({ from, target }) => {
    if (target === undefined || floorOf(from) <= floorOf(target)) return [];
    return [`${from} imports ${target}, which is above it`];
  });
  return [...homeless, ...upward];
}

/** One text for each file that can reach itself, naming the way. Types count: a circle is a circle. */
export function importCycles(files: readonly SourceText[]): string[] {
  const edges = new Map(files.map((file) => [file.path, importsOf(file).flatMap((i) => i.target ?? [])]));
  const done = new Set<string>();
  const way: string[] = [];
  const cycles: string[] = [];
  const walk = (path: string): void => {
    const at = way.indexOf(path);
    if (at !== -1) {
      cycles.push([...way.slice(at), path].join(' → '));
      return;
    }
    if (done.has(path)) return;
    way.push(path);
    for (const next of edges.get(path) ?? []) walk(next);
    way.pop();
    done.add(path);
  };
  for (const path of edges.keys()) walk(path);
  return cycles;
}

export function barrels(files: readonly SourceText[]): string[] {
  return files.filter((file) => posix.basename(file.path) === 'index.ts').map((file) => `${file.path} is a barrel`);
}

/** The SDK outside of aws/, or a client that is loaded before it is needed. */
export function sdkImports(files: readonly SourceText[]): string[] {
  return files.flatMap(importsOf).flatMap(({ from, specifier, lazy, typeOnly }) => {
    if (!/^@(aws-sdk|smithy)\//.test(specifier)) return [];
    if (!from.startsWith('src/aws/')) return [`${from} imports ${specifier}: only src/aws/ may`];
    return lazy || typeOnly || !specifier.startsWith('@aws-sdk/client-') ? [] : [`${from} loads ${specifier} at once: use import()`];
  });
}

/** The engine runs steps, and does not know what they reach: AWS in its own files, or a kind. */
export function engineImports(files: readonly SourceText[]): string[] {
  return files.filter(({ path }) => path.startsWith('src/engine/')).flatMap(importsOf).flatMap(({ from, specifier, target }) =>
    target?.startsWith('src/aws/') === true || target?.startsWith('src/simulator/') === true || specifier.startsWith('@aws-sdk/') ? [`${from} imports ${specifier}: the engine knows no AWS`] : [],
  );
}

/** The floors that may know kinds by name: they are made there, and plans are put together from them. */
const KNOWS_KINDS = /^src\/(kinds|plan)\//;

/** Where a verb is compared by its name instead of being asked for a trait. What a kind plans for each is a switch that the compiler checks. */
export function verbTexts(files: readonly SourceText[], verbs: ReadonlySet<string>): string[] {
  return files.filter(({ path }) => path !== 'src/model/verb.ts').flatMap((file) => {
    const source = parse(file);
    const found: string[] = [];
    everyNode(source, (node) => {
      if (!ts.isBinaryExpression(node) || !/^[!=]==$/.test(node.operatorToken.getText(source))) return;
      const sides = [node.left, node.right];
      const named = sides.some((side) => ts.isStringLiteralLike(side) && verbs.has(side.text));
      if (named && sides.some((side) => /verb$/i.test(side.getText(source)))) found.push(`${file.path}:${source.getLineAndCharacterOfPosition(node.getStart(source)).line + 1} compares a verb by its name: ask for a trait`);
    });
    return found;
  });
}

/** What a record or a verdict says to people. */
const SENTENCE = /\b(because|observed)$/;
const READS_TEXT = /^(startsWith|endsWith|includes|match|matchAll|search|split|indexOf)$/;

/** Where something is decided by the words of a sentence instead of by a field. Journals of earlier versions have one place for it. */
export function sentencesRead(files: readonly SourceText[]): string[] {
  return files.filter(({ path }) => path !== 'src/journal/old-journals.ts').flatMap((file) => {
    const source = parse(file);
    const found: string[] = [];
    const say = (node: ts.Node) => found.push(`${file.path}:${source.getLineAndCharacterOfPosition(node.getStart(source)).line + 1} reads '${node.getText(source).slice(0, 60)}': let a field say it`);
    const isSentence = (node: ts.Node): boolean => SENTENCE.test(node.getText(source));
    everyNode(source, (node) => {
      if (ts.isCallExpression(node) && ts.isPropertyAccessExpression(node.expression)) {
        const { name, expression } = node.expression;
        if (READS_TEXT.test(name.text) && isSentence(expression)) say(node);
        // The same finding from two sides may be known by its whole text.
        if (/^(test|exec|has)$/.test(name.text) && node.arguments.some((one) => isSentence(one) && !(name.text === 'has' && /observed$/.test(one.getText(source))))) say(node);
      }
      if (!ts.isBinaryExpression(node) || !/^[!=]==$/.test(node.operatorToken.getText(source))) return;
      const [a, b] = [node.left, node.right];
      const words = (other: ts.Expression) => (ts.isStringLiteralLike(other) && other.text !== '') || /^[A-Z][A-Z_]+$/.test(other.getText(source));
      if ((isSentence(a) && words(b)) || (isSentence(b) && words(a))) say(node);
    });
    return found;
  });
}

/** A kind, or the beginning of an id or of a fact, that is compared or looked for as a text where nobody may know its meaning. */
export function kindTexts(files: readonly SourceText[], kinds: ReadonlySet<string>): string[] {
  return files.filter(({ path }) => !KNOWS_KINDS.test(path)).flatMap((file) => {
    const source = parse(file);
    const found: string[] = [];
    everyNode(source, (node) => {
      if (!ts.isStringLiteralLike(node) || ts.isImportDeclaration(node.parent)) return;
      if (!kinds.has(node.text) && !/^(own|databases|compute|traffic|rpo|fence|standby|protected|kept|signal|canary)\.$/.test(node.text)) return;
      found.push(`${file.path}:${source.getLineAndCharacterOfPosition(node.getStart(source)).line + 1} knows '${node.text}' by name: let the contract in src/model/ say what is needed`);
    });
    return found;
  });
}

export function longFiles(files: readonly SourceText[]): string[] {
  return files.flatMap(({ path, text }) => {
    const lines = text.trimEnd().split('\n').length;
    return lines > MAX_FILE_LINES ? [`${path} has ${lines} lines (limit ${MAX_FILE_LINES})`] : [];
  });
}

export function longFunctions(files: readonly SourceText[]): string[] {
  return files.flatMap((file) => {
    const source = parse(file);
    const found: string[] = [];
    everyNode(source, (node) => {
      if (!ts.isFunctionLike(node) || !('body' in node) || node.body === undefined) return;
      const lineOf = (position: number) => source.getLineAndCharacterOfPosition(position).line + 1;
      const first = lineOf(node.getStart(source));
      const lines = lineOf(node.end) - first + 1;
      if (lines > MAX_FUNCTION_LINES) found.push(`${file.path}:${first} is a function of ${lines} lines (limit ${MAX_FUNCTION_LINES})`);
    });
    return found;
  });
}

const IMPURE_MEMBERS = new Set([
  'Date.now',
  'Math.random',
  'performance.now',
  'process.hrtime',
  'process.uptime',
  'crypto.randomUUID',
  'crypto.randomBytes',
]);
/** Not setImmediate: it gives way to others, and takes no time that could be measured. */
const IMPURE_CALLS = new Set(['setTimeout', 'setInterval', 'randomUUID', 'randomBytes', 'randomInt']);
const IMPURE_MODULES = new Set(['node:timers', 'node:timers/promises', 'node:perf_hooks']);

/** The wall clock, sleeping or chance, read past the injected Clock and Ids. */
export function impurities(files: readonly SourceText[]): string[] {
  return files.filter((file) => PURE.has(file.path.split('/')[1] ?? '')).flatMap((file) => {
    const source = parse(file);
    const found: string[] = [];
    const add = (node: ts.Node, what: string) =>
      found.push(`${file.path}:${source.getLineAndCharacterOfPosition(node.getStart(source)).line + 1} uses ${what}`);
    everyNode(source, (node) => {
      if (ts.isPropertyAccessExpression(node) && IMPURE_MEMBERS.has(node.getText(source))) add(node, node.getText(source));
      if (ts.isCallExpression(node) && IMPURE_CALLS.has(node.expression.getText(source))) add(node, node.expression.getText(source));
      if (ts.isNewExpression(node) && node.expression.getText(source) === 'Date' && (node.arguments ?? []).length === 0) add(node, 'new Date()');
      if (ts.isImportDeclaration(node) && ts.isStringLiteral(node.moduleSpecifier) && IMPURE_MODULES.has(node.moduleSpecifier.text)) {
        add(node, node.moduleSpecifier.text);
      }
    });
    return found;
  });
}

/** Put together here so that this file does not name them. */
const MACHINE_PATHS = [['/work', 'main'], ['/work', 'shared'], ['shared', 'design'], ['/tmp', 'brief'], ['/root', ''], ['/home', 'user']].map(
  (parts) => parts.join('/'),
);

/** Paths of the machine on which something was written; they mean nothing anywhere else. */
export function machinePaths(files: readonly SourceText[]): string[] {
  return files.flatMap(({ path, text }) =>
    text.split('\n').flatMap((line, i) => {
      const named = MACHINE_PATHS.find((candidate) => line.includes(candidate));
      return named === undefined ? [] : [`${path}:${i + 1} names ${named}`];
    }),
  );
}

/** What holds a status of AWS, by its name in the code; `state` in small letters is our own. */
const HOLDS_STATUS = /([sS]tatus|StatusCode|State|State\??\.Name|replication|shown)( \?\? '[^']*')?$/;

/**
 * A status that has a table in src/aws/states/, compared with a text elsewhere: each place would have its own list. Sees `===`,
 * `switch`, and a list or a Set of two statuses and more that is asked with `has` or `includes`.
 */
export function statusTexts(files: readonly SourceText[], statuses: ReadonlySet<string>): string[] {
  return files.filter(({ path }) => !path.startsWith('src/aws/states/')).flatMap((file) => {
    const source = parse(file);
    const found: string[] = [];
    const report = (node: ts.Node, what: string): void => {
      const line = source.getLineAndCharacterOfPosition(node.getStart(source)).line + 1;
      found.push(`${file.path}:${line} compares a status with ${what}: ask the table in src/aws/states/`);
    };
    const named = (node: ts.Node): string | undefined => (ts.isStringLiteralLike(node) && statuses.has(node.text) ? `'${node.text}'` : undefined);
    const holds = (node: ts.Node): boolean => HOLDS_STATUS.test(node.getText(source).replace(/^\((.*)\)$/s, '$1'));
    everyNode(source, (node) => {
      if (ts.isBinaryExpression(node) && /^[!=]==?$/.test(node.operatorToken.getText(source))) {
        for (const [text, other] of [[node.left, node.right], [node.right, node.left]] as const) {
          const status = named(text);
          if (status !== undefined && holds(other)) report(node, status);
        }
      } else if (ts.isCaseClause(node)) {
        const status = named(node.expression);
        if (status !== undefined && ts.isSwitchStatement(node.parent.parent) && holds(node.parent.parent.expression)) report(node, status);
      } else if (ts.isCallExpression(node) && ts.isPropertyAccessExpression(node.expression) && /^(has|includes)$/.test(node.expression.name.text)) {
        const [asked] = node.arguments;
        if (asked !== undefined && holds(asked) && hasStatuses(source, node.expression.expression, statuses)) report(node, 'a list');
      }
    });
    return found;
  });
}

/** A list or a Set with a status in it, written here or under a name of this file. */
function hasStatuses(source: ts.SourceFile, list: ts.Expression, statuses: ReadonlySet<string>): boolean {
  let written: ts.Node | undefined = list;
  if (ts.isIdentifier(list)) {
    const name = list.text;
    written = undefined;
    everyNode(source, (node) => {
      if (ts.isVariableDeclaration(node) && ts.isIdentifier(node.name) && node.name.text === name) written = node.initializer;
    });
  }
  let any = false;
  if (written !== undefined) everyNode(written, (node) => void (any ||= ts.isStringLiteralLike(node) && statuses.has(node.text)));
  return any;
}

/** Phrases that are no plain English of the field, and what to say instead. */
export const BANNED: readonly (readonly [phrase: RegExp, instead: string])[] = [
  [/\bled back\b|\bleads? (?:it |them |the run |itself )?back\b/i, 'roll back'],
  [/\bown steps?\b/i, 'custom step'],
  [/\b(?:anew|afresh)\b/i, 'again'],
  [/\bgo(?:es)? on\b|\bgone on with\b/i, 'continue, resume'],
  [/\bwhoever\b/i, 'anyone who, no matter who'],
  [/\b(?:is|are) told\b/i, 'is shown, is given, is notified'],
  [/\bwas already so\b|\bas (?:it|they) (?:is|are) to be\b/i, 'no change needed, as wanted'],
];

/** Lines of code and prose with a banned phrase. */
export function bannedPhrases(files: readonly SourceText[]): string[] {
  return files.flatMap(({ path, text }) =>
    text.split('\n').flatMap((line, i) => BANNED.flatMap(([phrase, instead]) => (phrase.test(line) ? [`${path}:${i + 1} says "${phrase.exec(line)?.[0] ?? ''}": say ${instead}`] : []))),
  );
}

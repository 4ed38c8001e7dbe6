import { isUtf8 } from 'node:buffer';
import { constants } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { DrError, messageOf } from '../base/errors.ts';
import { sha256 } from '../base/json.ts';
import { LIMITS } from '../base/limits.ts';
import { error, explainIssues } from './explain.ts';
import { notFound } from './find.ts';
import { lintRunbook, lintVariables } from './lint.ts';
import { checkRegions, checkStrategy, isMap, lintResource, readOwnSteps, readResources } from './resources.ts';
import { RunbookError, sortProblems, type Problem } from './problem.ts';
import { toRunbook, type LoadedRunbook } from './runbook.ts';
import { regionsSchema, runbookSchema } from './schema.ts';
import { describe } from './secrets.ts';
import { parseYaml, type YamlText } from './yaml.ts';

/**
 * Reads and checks one runbook, offline.
 * @throws RunbookError (RUNBOOK_INVALID) with every problem and its place.
 * @throws DrError (RUNBOOK_NOT_FOUND, RUNBOOK_UNREADABLE) when there is no file to read.
 */
export async function loadRunbook(path: string): Promise<LoadedRunbook> {
  return await parseRunbook(await readFile(path), path);
}

/** The same for bytes that are in memory; `path` is for messages. */
export async function parseRunbook(bytes: Uint8Array, path: string): Promise<LoadedRunbook> {
  const source = decode(bytes);
  if (typeof source !== 'string') throw new RunbookError(path, [source]);
  const text = parseYaml(source);
  const file = text.value;
  if (file === undefined) throw new RunbookError(path, text.problems);
  const problems: Problem[] = [...text.problems];
  const checked = runbookSchema.safeParse(file, { jitless: true });
  if (!checked.success) {
    problems.push(...explainIssues(checked.error.issues, { schema: runbookSchema, base: [], value: file, text }));
  }
  if (!isMap(file)) throw new RunbookError(path, problems);
  // The regions are looked at for themselves, so that a slip elsewhere does not hide one here.
  const regions = regionsSchema.safeParse(file['regions'], { jitless: true });
  const { resources, problems: more } = await readResources(file, Object.keys(regions.data ?? {}), text);
  const own = await readOwnSteps(file, Object.keys(regions.data ?? {}), text);
  problems.push(...more, ...own.problems, ...checkSomething(file, text));
  if (regions.success) {
    for (const step of own.steps) problems.push(...checkRegions(step, Object.keys(regions.data), text));
    for (const resource of resources) problems.push(...checkRegions(resource, Object.keys(regions.data), text));
  }
  for (const resource of resources) problems.push(...checkStrategy(resource, file['strategy'], text));
  if (!checked.success) throw new RunbookError(path, problems);
  const read = resources.map(({ section, name, kind, resource }) => ({ section, name, kind, resource }));
  const runbook = toRunbook(checked.data, read, own.steps.map(({ step }) => step));
  const forKinds = { strategy: runbook.strategy, objectives: runbook.objectives, regions: runbook.regions.map((region) => region.id) };
  for (const resource of resources) problems.push(...lintResource(resource, forKinds, text));
  problems.push(...lintRunbook(runbook, resources, text), ...lintVariables(file, text));
  if (problems.some((p) => p.severity === 'error')) throw new RunbookError(path, problems);
  let hash: string | undefined;
  return {
    runbook,
    path,
    get sha256() {
      return (hash ??= sha256(bytes));
    },
    warnings: sortProblems(problems),
    at: text.at,
  };
}

/** A runbook that recovers nothing is a slip. */
function checkSomething(file: Record<string, unknown>, text: YamlText): Problem[] {
  if ('databases' in file || 'compute' in file || 'traffic' in file) return [];
  return [error(text.at([]), [], 'nothing to recover: expected at least one of databases, compute, traffic')];
}

function decode(bytes: Uint8Array): string | Problem {
  const at = (offset: number, message: string): Problem => {
    const before = Buffer.from(bytes.buffer, bytes.byteOffset, offset).toString('utf8').split('\n');
    return { line: before.length, col: (before.at(-1) ?? '').length + 1, message, severity: 'error' };
  };
  if (bytes.length > LIMITS.runbookBytes) return at(0, `larger than the limit of ${LIMITS.runbookBytes} bytes`);
  const nul = bytes.indexOf(0);
  if (nul >= 0) return at(nul, 'a NUL byte: not a UTF-8 text file (UTF-16?); save it as UTF-8');
  if (!isUtf8(bytes)) return at(firstBadByte(bytes), 'a byte that is not UTF-8: save the file as UTF-8');
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('utf8');
  if (text.trim() === '') return at(0, `expected a runbook, found ${describe(undefined)}: the file is empty`);
  return text;
}

function firstBadByte(bytes: Uint8Array): number {
  let offset = 0;
  for (;;) {
    const lead = bytes[offset] ?? 0;
    const length = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
    if (offset >= bytes.length || !isUtf8(bytes.subarray(offset, offset + length))) return offset;
    offset += length;
  }
}

async function readFile(path: string): Promise<Uint8Array> {
  let handle: FileHandle | undefined;
  try {
    // A pipe that nobody writes to is not waited for.
    handle = await open(path, constants.O_RDONLY | (process.platform === 'win32' ? 0 : constants.O_NONBLOCK));
    const stat = await handle.stat();
    if (!stat.isFile()) {
      const what = stat.isDirectory() ? 'a folder' : 'not a file';
      throw unreadable(path, `${path} is ${what}`, ['give the path of one YAML file, e.g. runbooks/shop.yaml']);
    }
    const buffer = Buffer.alloc(Math.min(stat.size, LIMITS.runbookBytes) + 1);
    let length = 0;
    for (;;) {
      const { bytesRead } = await handle.read(buffer, length, buffer.length - length);
      length += bytesRead;
      if (bytesRead === 0 || length === buffer.length) return buffer.subarray(0, length);
    }
  } catch (cause) {
    if (cause instanceof DrError) throw cause;
    const code = (cause as NodeJS.ErrnoException).code;
    if (code === 'ENOENT' || code === 'ENOTDIR') throw await notFound(path);
    throw unreadable(path, messageOf(cause), [`check the permissions of ${path}`]);
  } finally {
    await handle?.close();
  }
}

function unreadable(path: string, detail: string, next: string[]): DrError {
  return new DrError({ code: 'RUNBOOK_UNREADABLE', exit: 'runbook', title: `The runbook ${path} cannot be read`, detail, next });
}

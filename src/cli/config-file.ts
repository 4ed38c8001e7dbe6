import { readFile } from 'node:fs/promises';
import * as z from 'zod';
import { DrError, messageOf } from '../base/errors.ts';
import { nearest } from '../base/nearest.ts';
import { REGION_SHAPE } from '../base/regions.ts';
import { parseYaml } from '../runbook/yaml.ts';

const text = z.string('expected a text').min(1, 'expected a text');

/** What `dr.yaml` may say: defaults of flags. */
const schema = z.strictObject({
  runbooks: text.optional(),
  state: text.optional(),
  region: z.string('expected a region').regex(REGION_SHAPE, 'expected a region such as ap-northeast-1').optional(),
});

export type Defaults = z.infer<typeof schema>;

/** @throws DrError `usage` with the line of what is wrong */
export async function readDefaults(path: string): Promise<Defaults> {
  const bad = (detail: string): DrError => new DrError({ code: 'CONFIG_WRONG', exit: 'usage', title: `${path} cannot be used.`, detail, next: [`keys: ${Object.keys(schema.shape).join(', ')}`] });
  const source = await readFile(path, 'utf8').catch((error: unknown) => {
    throw bad(messageOf(error));
  });
  const { value, problems, at } = parseYaml(source);
  const [first] = problems;
  if (first !== undefined) throw bad(`${path}:${first.line}:${first.col} ${first.message}`);
  const parsed = schema.safeParse(value ?? {}, { jitless: true });
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const unknown = issue?.code === 'unrecognized_keys' ? issue.keys[0] : undefined;
  const near = unknown === undefined ? undefined : nearest(unknown, Object.keys(schema.shape));
  const { line, col } = at(unknown === undefined ? (issue?.path ?? []) : [unknown]);
  throw bad(`${path}:${line}:${col} ${unknown === undefined ? `${issue?.path.join('.') ?? ''}: ${issue?.message ?? ''}` : `"${unknown}" is not a key${near === undefined ? '' : `; did you mean ${near}?`}`}`);
}

import type { Frame } from '../kinds/own-steps/frame.ts';
import { loadOwnKind, OWN_KIND_NAMES } from '../kinds/registry.ts';
import { error, explainIssues, unknownName } from './explain.ts';
import type { Problem } from './problem.ts';
import { isMap } from './resources.ts';
import type { RunbookStep } from './runbook.ts';
import type { Path } from './yaml-reader.ts';
import type { YamlText } from './yaml.ts';

/** A custom step that its kind has read, in the form in which resources are checked. */
export interface ReadStep {
  step: RunbookStep;
  resource: Frame;
  code: { regions(step: unknown): { path: readonly (string | number)[]; regions: readonly string[] }[] };
  path: Path;
}

/** Lets each entry of `steps` be read by its kind. What cannot be read is a problem and is left out. */
export async function readOwnSteps(
  file: Record<string, unknown>,
  regions: readonly string[],
  text: YamlText,
): Promise<{ steps: ReadStep[]; problems: Problem[] }> {
  const steps: ReadStep[] = [];
  const problems: Problem[] = [];
  const map = file['steps'];
  for (const [name, value] of isMap(map) ? Object.entries(map) : []) {
    // A missing or empty kind is said by the schema of the file.
    if (!isMap(value) || typeof value['kind'] !== 'string') continue;
    const path = ['steps', name];
    const kind = value['kind'];
    const code = await loadOwnKind(kind);
    if (code === undefined) {
      const where = [...path, 'kind'];
      problems.push(error(text.at(where), where, unknownName('kind', kind, OWN_KIND_NAMES)));
      continue;
    }
    const parsed = code.schema.safeParse(value, { jitless: true });
    if (!parsed.success) {
      problems.push(...explainIssues(parsed.error.issues, { schema: code.schema, base: path, value, text, names: regions }));
      continue;
    }
    const frame = parsed.data;
    steps.push({
      step: { name, kind, frame, harmless: code.harmless === true, draft: (ctx) => code.draft(ctx, name, frame) },
      resource: frame,
      path,
      code: { regions: (step) => code.regions?.(step as Frame) ?? [] },
    });
  }
  return { steps, problems };
}

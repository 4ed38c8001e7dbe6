import { type LintFinding, type ResourceKind } from '../model/kind.ts';
import { type Section, SECTIONS, STRATEGIES, type Strategy } from '../model/verb.ts';
import { KIND_NAMES, loadKind, loadOwnKind, OWN_KIND_NAMES } from '../kinds/registry.ts';
import { error, explainIssues, prefix, unknownName } from './explain.ts';
import type { Problem } from './problem.ts';
import type { RunbookResource, RunbookStep } from './runbook.ts';
import { quote } from './secrets.ts';
import type { Path } from './yaml-reader.ts';
import type { YamlText } from './yaml.ts';
import type { Frame } from '../kinds/own-steps/frame.ts';

/** A kind as this room uses it: what a kind's schema has parsed goes back to that kind only. */
type OpenKind = ResourceKind<unknown>;

/** A resource that its kind has read, with what the rules need. */
export interface ReadResource extends RunbookResource {
  code: OpenKind;
  path: Path;
}

/** Lets each resource be read by its kind. Resources that cannot be read are problems and are left out. */
export async function readResources(
  file: Record<string, unknown>,
  regions: readonly string[],
  text: YamlText,
): Promise<{ resources: ReadResource[]; problems: Problem[] }> {
  const resources: ReadResource[] = [];
  const problems: Problem[] = [];
  for (const section of SECTIONS) {
    const map = file[section];
    if (!isMap(map)) continue;
    for (const [name, value] of Object.entries(map)) {
      // A missing or empty kind is said by the schema of the file.
      if (!isMap(value) || typeof value['kind'] !== 'string') continue;
      const path = [section, name];
      const code = await findKind(value['kind'], section, path, text);
      if ('message' in code) {
        problems.push(code);
        continue;
      }
      const parsed = code.schema.safeParse(value, { jitless: true });
      if (parsed.success) resources.push({ section, name, kind: value['kind'], resource: parsed.data, code, path });
      else {
        const where = { schema: code.schema, base: path, value, text, names: regions };
        problems.push(...explainIssues(parsed.error.issues, where));
      }
    }
  }
  return { resources, problems };
}

async function findKind(kind: string, section: Section, path: Path, text: YamlText): Promise<OpenKind | Problem> {
  const place = text.at([...path, 'kind']);
  const code = await loadKind(kind);
  if (code === undefined) return error(place, [...path, 'kind'], unknownName('kind', kind, await kindsOf(section)));
  if (code.section === section) return code;
  return error(place, [...path, 'kind'], `${quote(kind)} belongs under ${code.section}, not under ${section}`);
}

async function kindsOf(section: Section): Promise<readonly string[]> {
  const own: string[] = [];
  for (const name of KIND_NAMES) if ((await loadKind(name))?.section === section) own.push(name);
  return own.length === 0 ? KIND_NAMES : own;
}

/** Every map from region must name every region of the runbook and no other one. */
export function checkRegions(resource: Pick<ReadResource, 'resource' | 'path'> & { code: Pick<OpenKind, 'regions'> }, regions: readonly string[], text: YamlText): Problem[] {
  const problems: Problem[] = [];
  for (const part of resource.code.regions(resource.resource)) {
    const path = [...resource.path, ...part.path];
    for (const region of part.regions) {
      if (regions.includes(region)) continue;
      problems.push(error(text.keyAt([...path, region]), path, unknownName('region', region, regions)));
    }
    const missing = part.partial === true ? [] : regions.filter((region) => !part.regions.includes(region));
    if (missing.length > 0) {
      const message = `no value for ${missing.join(' and ')}; every region of the runbook needs one`;
      problems.push(error(text.at(path), path, message));
    }
  }
  return problems;
}

/** What the kind itself finds. */
export function lintResource(
  resource: ReadResource,
  runbook: { strategy: Strategy; objectives: { rpoMs: number; rtoMs: number }; regions: readonly string[] },
  text: YamlText,
): Problem[] {
  const findings: LintFinding[] = resource.code.lint?.(resource.resource, runbook) ?? [];
  return findings.map(({ path, message, severity }) => {
    const whole = [...resource.path, ...path];
    return { ...text.at(whole), message: prefix(whole) + message, severity };
  });
}

export function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A strategy that the kind of a resource cannot carry, said where the kind stands. */
export function checkStrategy(resource: ReadResource, strategy: unknown, text: YamlText): Problem[] {
  const wanted = STRATEGIES.find((known) => known === strategy);
  // One that does not exist is said by the schema of the file.
  if (wanted === undefined || resource.code.strategies.includes(wanted)) return [];
  const path = [...resource.path, 'kind'];
  return [error(text.at(path), path, `${resource.kind} cannot carry the strategy ${wanted}: ${reason(resource.code.strategies)}`)];
}

function reason(strategies: readonly Strategy[]): string {
  return strategies.length === 0 ? 'it carries none' : `it carries ${strategies.join(', ')}`;
}

/** A custom step that its kind has read, in the form in which resources are checked. */
interface ReadStep {
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

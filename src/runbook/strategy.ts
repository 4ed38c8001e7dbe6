import { STRATEGIES, type Strategy } from '../model/verb.ts';
import { error } from './explain.ts';
import type { Problem } from './problem.ts';
import type { ReadResource } from './resources.ts';
import type { YamlText } from './yaml.ts';

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

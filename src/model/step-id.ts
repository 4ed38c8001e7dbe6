/* Ids of the steps of a resource are `<section>.<resource>.<step>`. Put together and taken apart here, and nowhere else. */

export function stepId({ section, name }: { section: string; name: string }, step: string): string {
  return `${section}.${name}.${step}`;
}

/** The name of the resource that a step is of; undefined for other steps. */
export function resourceOf({ id }: { id: string }): string | undefined {
  return /^[^.]+\.(.+)\.[^.]+$/.exec(id)?.[1];
}

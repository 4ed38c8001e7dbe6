/** So many texts are kept: what comes from outside does not fill the memory. */
const KEPT = 2_000;

/** A pure function of a text that is asked for the same few texts by the thousand. What it throws is not kept. */
export function remembered<T>(make: (text: string) => T): (text: string) => T {
  const known = new Map<string, T>();
  return (text) => {
    const found = known.get(text);
    if (found !== undefined) return found;
    const made = make(text);
    if (known.size < KEPT) known.set(text, made);
    return made;
  };
}

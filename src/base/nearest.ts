/** The candidate closest to `name`, if it is close enough to be a likely slip. */
export function nearest(name: string, candidates: Iterable<string>): string | undefined {
  let best: string | undefined;
  // Two slips in a word of three letters make another word.
  let bestDistance = Math.max(name.length < 4 ? 1 : 2, Math.floor(name.length / 3)) + 1;
  for (const candidate of candidates) {
    const d = distance(name.slice(0, 64).toLowerCase(), candidate.slice(0, 64).toLowerCase());
    if (d < bestDistance) [best, bestDistance] = [candidate, d];
  }
  return best ?? akin(name, candidates);
}

/** The only candidate with all the words of `name`, that begins with it, or of which it is the initials: `rds-replica` is `rds-read-replica`, `asg` is `auto-scaling-group`. */
function akin(name: string, candidates: Iterable<string>): string | undefined {
  const words = name.toLowerCase().split(/[^a-z0-9]+/).filter((word) => word !== '');
  const letters = words.join('');
  if (letters.length < 3) return undefined;
  const found = [...candidates].filter((candidate) => {
    const parts = candidate.toLowerCase().split(/[^a-z0-9]+/);
    if (parts.map((part) => part[0]).join('') === letters) return true;
    return letters.length >= 4 && (parts.join('').startsWith(letters) || (words.length > 1 && words.every((word) => parts.includes(word))));
  });
  return found.length === 1 ? found[0] : undefined;
}

function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const cost = a[i - 1] === b[j - 1] ? 0 : 1;
      next.push(Math.min((row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1, (row[j - 1] ?? 0) + cost));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}

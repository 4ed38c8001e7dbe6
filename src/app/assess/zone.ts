import type { TargetsSeen } from './evidence.ts';

/** A zone of which no target is healthy, while every target of each other zone is. Undefined where that is not so, or not known. */
export function zoneInTrouble(seen: readonly TargetsSeen[]): { zone: string; bad: number; good: number } | undefined {
  const targets = seen.flatMap(({ targets: list }) => list ?? []);
  const zones = new Map<string, { bad: number; good: number }>();
  for (const { zone, healthy } of targets) {
    if (zone === undefined) return undefined;
    const count = zones.get(zone) ?? { bad: 0, good: 0 };
    zones.set(zone, healthy ? { ...count, good: count.good + 1 } : { ...count, bad: count.bad + 1 });
  }
  const hit = [...zones].filter(([, { bad }]) => bad > 0);
  const [first] = hit;
  if (hit.length !== 1 || zones.size < 2 || first === undefined || first[1].good > 0) return undefined;
  const good = [...zones.values()].reduce((sum, one) => sum + one.good, 0);
  return { zone: first[0], bad: first[1].bad, good };
}

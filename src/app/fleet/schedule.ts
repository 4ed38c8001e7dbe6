/** What the schedule knows of one application. */
export interface ScheduledMember {
  name: string;
  /** Must have succeeded. */
  needs: readonly string[];
  /** Must have ended. */
  follows: readonly string[];
}

/** How one ended, as far as the others care. */
export type MemberEnd = 'good' | 'bad';

/**
 * Runs every member as soon as those before it are done, all that can at once. One that ends badly holds back those that
 * need it, directly or not, and nobody else: `held` is called for each with the one that holds it back. After `drain`
 * nothing new is begun.
 */
export async function runFleet(
  members: readonly ScheduledMember[],
  drain: AbortSignal,
  run: (name: string) => Promise<MemberEnd>,
  held: (name: string, by: string) => void,
): Promise<void> {
  const ends = new Map<string, MemberEnd>();
  const open = new Map(members.map((member) => [member.name, member]));
  const known = new Set(open.keys());
  let running = 0;
  await new Promise<void>((resolve, reject) => {
    const hold = (): boolean => {
      let changed = false;
      for (const { name, needs } of [...open.values()]) {
        const by = needs.find((other) => ends.get(other) === 'bad');
        if (by === undefined) continue;
        open.delete(name);
        ends.set(name, 'bad');
        held(name, by);
        changed = true;
      }
      return changed;
    };
    const ready = (member: ScheduledMember): boolean =>
      member.needs.every((name) => !known.has(name) || ends.get(name) === 'good') && member.follows.every((name) => !known.has(name) || ends.has(name));
    const pump = (): void => {
      while (hold());
      for (const member of drain.aborted ? [] : [...open.values()].filter(ready)) {
        open.delete(member.name);
        running += 1;
        run(member.name)
          .then((end) => ends.set(member.name, end), reject)
          .finally(() => {
            running -= 1;
            pump();
          });
      }
      if (running === 0) resolve();
    };
    pump();
  });
}

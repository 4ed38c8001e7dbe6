import { elementsOf } from './pacing.ts';
import type { RecordChange } from './route53.ts';

/** https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/DNSLimitations.html#limits-api-requests-changeresourcerecordsets */
export const BATCH_LIMITS = { elements: 1000, characters: 32_000 } as const;

interface Size {
  elements: number;
  characters: number;
}

function sizeOf(changes: readonly RecordChange[]): Size {
  const size = { elements: 0, characters: 0 };
  for (const change of changes) {
    const times = change.Action === 'UPSERT' ? 2 : 1;
    size.elements += elementsOf(change);
    for (const record of change.ResourceRecordSet?.ResourceRecords ?? []) size.characters += times * (record.Value ?? '').length;
  }
  return size;
}

function fits(a: Size, b: Size): boolean {
  return a.elements + b.elements <= BATCH_LIMITS.elements && a.characters + b.characters <= BATCH_LIMITS.characters;
}

/**
 * Packs changes into as few batches as first-fit by falling size finds; for groups of one size these are the fewest there
 * can be. A group is never split: what belongs together happens at once. The order of groups does not count.
 * @throws Error when one group alone is above the limits
 */
export function packBatches(groups: readonly (readonly RecordChange[])[]): RecordChange[][] {
  const sized = groups.filter((group) => group.length > 0).map((group) => ({ group, size: sizeOf(group) }));
  sized.sort((a, b) => b.size.elements - a.size.elements);
  const batches: { changes: RecordChange[]; size: Size }[] = [];
  for (const { group, size } of sized) {
    if (!fits(size, { elements: 0, characters: 0 })) {
      throw new Error(`the sets of ${String(group[0]?.ResourceRecordSet?.Name)} have ${size.elements} elements and ${size.characters} characters: too much for one atomic change`);
    }
    const batch = batches.find((open) => fits(open.size, size));
    if (batch === undefined) {
      batches.push({ changes: [...group], size: { ...size } });
    } else {
      batch.changes.push(...group);
      batch.size.elements += size.elements;
      batch.size.characters += size.characters;
    }
  }
  return batches.map((batch) => batch.changes);
}

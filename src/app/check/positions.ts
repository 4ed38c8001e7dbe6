import { AwsError } from '../../aws/errors.ts';
import { knownKind } from '../../kinds/registry.ts';
import type { InspectContext } from '../../model/kind.ts';
import type { LoadedRunbook } from '../../runbook/runbook.ts';
import type { PathFinding } from './run-findings.ts';

/** Up to where the copy of a database has its data, in words. */
export interface CopyPosition {
  /** e.g. `databases.orders`. */
  resource: string;
  position: string;
}

/** Where the copies stand, and what is wrong with asking them. What a region does not answer others say. */
export async function positionsOf(ctx: InspectContext, { runbook }: LoadedRunbook): Promise<{ positions: CopyPosition[]; findings: PathFinding[] }> {
  const all = await Promise.all(runbook.resources.map(async ({ section, name, kind, resource }) => {
    try {
      const seen = await (await knownKind(kind)).position?.(ctx, name, resource);
      return seen === undefined ? [] : [{ path: [section, name], ...seen }];
    } catch (error) {
      if (!(error instanceof AwsError)) throw error;
      return [];
    }
  }));
  const seen = all.flat();
  return {
    positions: seen.flatMap(({ path, shown }) => (shown === undefined ? [] : [{ resource: path.join('.'), position: shown }])),
    findings: seen.flatMap(({ path, findings }) => findings.map((finding) => ({ ...finding, path }))),
  };
}

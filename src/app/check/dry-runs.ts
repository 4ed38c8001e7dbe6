import { ifAllowed } from '../../kinds/inspect.ts';
import { knownKind } from '../../kinds/registry.ts';
import type { InspectContext } from '../../model/kind.ts';
import type { LoadedRunbook } from '../../runbook/runbook.ts';
import type { PathFinding } from './run-findings.ts';

/**
 * Where IAM's own judge tells nothing of the caller's rights: what EC2 says to the requests of a failover, asked to do nothing (`DryRun`). No
 * other service that a failover changes offers that.
 */
export async function dryRunFindings(ctx: InspectContext, { runbook }: LoadedRunbook): Promise<PathFinding[]> {
  const all = await Promise.all(runbook.resources.map(async ({ section, name, kind, resource }) => {
    const code = await knownKind(kind);
    const found = await ifAllowed({ resource: `ec2:${ctx.target}:${name}`, region: ctx.target }, async () => (await code.dryRuns?.(ctx, name, resource)) ?? []);
    return found.map((finding) => ({ ...finding, path: [section, name] }));
  }));
  return all.flat();
}

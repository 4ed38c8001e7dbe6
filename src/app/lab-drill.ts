import { loadRunbook } from '../runbook/load.ts';
import { EXAMPLE_RUNBOOK } from '../runbook/example.ts';
import { approvedInLab, confirmedByLab, inLab, type LabFailoverRequest, sourceInLab } from './lab-failover.ts';
import { liveDrill, type LiveDrillRequest } from './live-drill.ts';
import { chooseRunbook } from './make-plan.ts';
import type { RunResult } from './run-to-the-end.ts';
import { startRun } from './start-run.ts';

/** A drill against a lab of its own: nothing is broken in it, users order all the time, and nothing is left running. */
export async function labDrill(request: LabFailoverRequest): Promise<RunResult> {
  const loaded = request.runbook === undefined ? await loadRunbook(EXAMPLE_RUNBOOK) : await chooseRunbook(request);
  const source = sourceInLab(loaded.runbook, request.region);
  const result = await inLab({ loaded: [loaded], active: [source], broken: [] }, request.onMessage, () =>
    startRun({ ...request, runbook: loaded.path, confirm: () => confirmedByLab(request.onMessage) }),
  );
  return { ...result, resumable: false };
}

/** Users are moved there and back in a lab of its own. */
export async function labLiveDrill(request: LiveDrillRequest): Promise<RunResult> {
  const loaded = request.runbook === undefined ? await loadRunbook(EXAMPLE_RUNBOOK) : await chooseRunbook(request);
  const source = sourceInLab(loaded.runbook, request.region);
  const result = await inLab({ loaded: [loaded], active: [source], broken: [] }, request.onMessage, () =>
    liveDrill({ ...request, runbook: loaded.path, acceptances: approvedInLab(request.acceptances, [loaded.runbook]), confirm: () => confirmedByLab(request.onMessage) }),
  );
  return { ...result, resumable: false };
}

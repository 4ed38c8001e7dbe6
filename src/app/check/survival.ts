import { finder } from '../../model/finding.ts';
import type { LoadedRunbook } from '../../runbook/runbook.ts';
import { doctor } from '../doctor/doctor.ts';
import type { Finding as DoctorFinding } from '../doctor/finding.ts';
import type { Surroundings } from '../doctor/surroundings.ts';
import type { StatePlace } from '../state.ts';
import type { PathFinding } from './run-findings.ts';

/*
 * What a failover needs of the region that is lost: the rules of `dr doctor`, with that region taken away.
 */

/** What this machine has by the way it is used now, e.g. its credentials, is the question of `dr doctor` where the failover would run. */
const AREAS: ReadonlySet<string> = new Set(['plan', 'traffic', 'notify', 'state', 'machine']);

export async function survivalFindings(loaded: LoadedRunbook, way: { source: string; target: string }, around: { state: StatePlace; surroundings?: Surroundings | undefined; now: number }): Promise<PathFinding[]> {
  const { findings } = await doctor({ paths: [loaded.path], without: [way.source], state: around.state, now: around.now, ...(around.surroundings === undefined ? {} : { surroundings: around.surroundings, env: around.surroundings.env }) });
  return findings.filter((f) => AREAS.has(f.area) && f.verdict !== 'ok' && (f.target === undefined || f.target === way.target)).map((f) => ({ ...asFinding(f, way), path: [] }));
}

function asFinding(f: DoctorFinding, { source }: { source: string }) {
  const find = finder({ resource: f.what, region: '' });
  const severity = f.verdict === 'not-known' ? 'note' : f.blocks ? 'error' : 'warning';
  return find[severity](`survives-${f.area}`, { observed: `${f.what}: ${f.because}`, wanted: `nothing that is lost with ${source}`, mend: f.next ?? 'see dr doctor' });
}

/** A process that owns a lab and then does nothing: killed by a test. */
import { spawnLab } from '../../src/lab/spawn.ts';

const handle = await spawnLab({ runbook: { path: process.argv[2] ?? '' }, ownedByParent: true });
process.send?.(handle.pid);
setInterval(() => undefined, 1_000);

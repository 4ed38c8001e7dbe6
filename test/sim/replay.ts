import { BUGS } from './bugs.ts';
import { playSeed } from './run.ts';
import { scenarioOf } from './make-scenario.ts';
import { describeScenario } from './scenario.ts';

/** `node test/sim/replay.ts SEED [BUG]`: the whole story of one seed. */
const [seed = '1', name] = process.argv.slice(2);
const played = await playSeed(Number(seed), BUGS.find((bug) => bug.name === name));
const lines = [describeScenario(scenarioOf(Number(seed))), ...played.lines(), ''];
for (const { invariant, why } of played.broken) lines.push(`invariant ${invariant} is broken: ${why}`);
lines.push(`ended: ${played.end}; ${played.starts} starts, ${played.records} records, ${played.broken.length} broken`);
process.stdout.write(`${lines.join('\n')}\n`);
process.exitCode = played.broken.length > 0 ? 1 : 0;

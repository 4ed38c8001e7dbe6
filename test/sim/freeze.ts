import { readdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { offlinePlans } from '../../src/app/offline-plan.ts';
import { canonicalJson, sha256 } from '../../src/base/json.ts';
import { VERBS } from '../../src/model/verb.ts';
import { loadRunbook } from '../../src/runbook/load.ts';
import { playSeed } from './run.ts';

/*
 * `node test/sim/freeze.ts [FROM] [COUNT]`: one line with a hash for each offline plan of the example runbooks and for the whole story
 * of each seed. Run it before and after a change of structure: `diff` shows what behaves differently.
 */
const [from = '1', count = '100'] = process.argv.slice(2);
const folder = fileURLToPath(new URL('../../runbooks/', import.meta.url));
for (const name of (await readdir(folder)).sort()) {
  const loaded = await loadRunbook(`${folder}${name}`);
  for (const verb of VERBS) {
    for (const { id } of loaded.runbook.regions) {
      const { plans, impossible } = await offlinePlans(loaded, verb, id);
      const hashes = plans.map((plan) => sha256(canonicalJson(JSON.parse(JSON.stringify(plan)))).slice(0, 16));
      console.log(name, verb, id, ...hashes, ...impossible.map(({ source, because }) => `${source}: ${because}`));
    }
  }
}
for (let seed = Number(from); seed < Number(from) + Number(count); seed += 1) {
  const played = await playSeed(seed);
  console.log('seed', seed, sha256(played.lines().join('\n')).slice(0, 16), played.end, played.records, played.broken.length);
}

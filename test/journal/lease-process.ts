/** Tries to get a lock when it is told to, says whether it did, and holds it until it is killed. */
import { systemIds } from '../../src/base/ids.ts';
import { acquireLease } from '../../src/journal/lease.ts';

const [stateDir = '', host = ''] = process.argv.slice(2);
process.once('message', () => {
  const operator = { identity: 'i', user: 'u', host, pid: process.pid };
  acquireLease(stateDir, 'shop', 'run', operator, Date.now(), systemIds).then(
    (lease) => process.send?.({ term: lease.term }),
    (error: unknown) => process.send?.({ code: (error as { code?: string }).code }),
  );
});
setInterval(() => undefined, 1000);
process.send?.('ready');

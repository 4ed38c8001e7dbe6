/** Tries to get a lock when it is given to, says whether it did, and holds it until it is killed. */
import { thisOperator } from '../../src/app/operator.ts';
import { systemIds } from '../../src/base/ids.ts';
import { acquireLease } from '../../src/journal/lease.ts';

const [stateDir = ''] = process.argv.slice(2);
process.once('message', () => {
  acquireLease(stateDir, { lock: 'shop', run: 'run', operator: thisOperator('i'), now: Date.now(), ids: systemIds }).then(
    (lease) => process.send?.({ term: lease.term }),
    (error: unknown) => process.send?.({ code: (error as { code?: string }).code }),
  );
});
setInterval(() => undefined, 1000);
process.send?.('ready');

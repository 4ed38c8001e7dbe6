import * as z from 'zod';
import { noCheck, stepKind } from '../common.ts';

/** Waits for many steps so that many others need not each wait for all of them. Does nothing itself. */
export default stepKind<Record<string, never>>({
  params: z.strictObject({}),
  check: noCheck,
  observe: () => Promise.resolve({ state: 'reached', because: 'all before it are done' } as const),
});

import type { AwsCaller } from '../aws/caller.ts';
import { everyDatabase, everyGroup, everyInstance, everyRecordSet, everyZone } from '../aws/list-account.ts';
import type { RecordSet } from '../aws/route53.ts';
import { messageOf } from '../base/errors.ts';
import { foundGroup } from './autoscaling/twin.ts';
import { foundDatabase } from './databases/twin.ts';
import { foundInstance } from './ec2/twin.ts';
import { foundRecords } from './route53/twin-record.ts';
import { type FoundTwin, isTwinName } from './twins.ts';

/* What has the name or the tag of a twin, no matter who made it. It proves nothing: what may be deleted is decided by a journal. */

export interface NotLooked {
  /** e.g. `databases in ap-northeast-1`. */
  what: string;
  why: string;
}

interface Looking {
  aws: AwsCaller;
  regions: readonly string[];
  signal: AbortSignal;
}

/** Everything in these regions and in all zones of the account. What gives no answer is named, and hides nothing else. */
export async function findTwins({ aws, regions, signal }: Looking): Promise<{ twins: FoundTwin[]; notLooked: NotLooked[] }> {
  const options = { signal };
  const notLooked: NotLooked[] = [];
  const look = async (what: string, ask: () => Promise<FoundTwin[]>): Promise<FoundTwin[]> => {
    try {
      return await ask();
    } catch (error) {
      signal.throwIfAborted();
      notLooked.push({ what, why: messageOf(error) });
      return [];
    }
  };
  const [first] = regions;
  const found = await Promise.all([
    ...regions.flatMap((region) => [
      look(`databases in ${region}`, () => everyDatabase(aws, region, (one) => foundDatabase(region, one), options)),
      look(`instances in ${region}`, () => everyInstance(aws, region, (one) => foundInstance(region, one), options)),
      look(`Auto Scaling groups in ${region}`, () => everyGroup(aws, region, (one) => foundGroup(region, one), options)),
    ]),
    ...(first === undefined ? [] : [look('records', () => everyTwinRecord({ aws, region: first, signal }, look))]),
  ]);
  return { twins: found.flat(), notLooked };
}

type Look = (what: string, ask: () => Promise<FoundTwin[]>) => Promise<FoundTwin[]>;

async function everyTwinRecord({ aws, region, signal }: Pick<Looking, 'aws' | 'signal'> & { region: string }, look: Look): Promise<FoundTwin[]> {
  const zones = await everyZone(aws, region, ({ Id, Name = '' }) => ({ id: (Id ?? '').split('/').at(-1) ?? '', name: Name.replace(/\.$/, '') }), { signal });
  const found: FoundTwin[][] = [];
  // One after the other: Route 53 takes five requests a second of an account.
  for (const { id, name } of zones) {
    found.push(await look(`records of ${name} (${id})`, async () => foundRecords(id, await everyRecordSet(aws, region, id, (set: RecordSet) => (isTwinName(set.Name ?? '') ? set : undefined), { signal }))));
  }
  return found.flat();
}

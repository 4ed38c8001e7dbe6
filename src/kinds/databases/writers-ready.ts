import { inRegion } from '../common.ts';
import { lookedAll, peek } from '../inspect.ts';
import type { Finding } from '../../model/finding.ts';
import type { InspectContext } from '../../model/kind.ts';
import { pathFindings } from './path-ready.ts';
import { parityFindings } from './parity.ts';
import { proxyFindings } from './proxy-ready.ts';
import { aboutSide, goneFinding, writerFindings } from './sides.ts';
import { instanceNow } from './instance.ts';

type PerRegion = Readonly<Record<string, string>>;

interface Inspected {
  instances: PerRegion;
  proxy?: PerRegion | undefined;
  reachability?: PerRegion | undefined;
}

/** Each side serves, and could serve as the other does: whichever is lost, the others carry its users. */
export async function inspectWriters(ctx: InspectContext, name: string, db: Inspected): Promise<Finding[]> {
  const sides = [ctx.target, ctx.source].map((region) => ({ name, region, id: inRegion(db.instances, region) }));
  const seen = await Promise.all(sides.map(async (side) => ({ side, ...(await peek(aboutSide(side), () => instanceNow(ctx, side))) })));
  const own = seen.flatMap(({ side, value, findings }) => (value === undefined ? (findings.length > 0 ? findings : [goneFinding(side)]) : writerFindings(side, value, undefined)));
  const [here, there] = seen;
  const [copy] = sides;
  const way = copy === undefined ? [] : await lookedAll(aboutSide(copy), [
    () => proxyFindings(ctx, db.proxy?.[copy.region], { side: copy, writer: true, engine: here?.value?.Engine, vpc: here?.value?.DBSubnetGroup?.VpcId }),
    () => pathFindings(ctx, copy, db.reachability?.[copy.region]),
  ]);
  if (here?.value === undefined || there?.value === undefined) return [...own, ...way];
  return [...own, ...parityFindings(here.side, here.value, there.value, undefined), ...way];
}

import type { DiscoverContext, Discovered, Inventory, SeenTemplate } from '../../model/discovery.ts';
import { firstOf, forAll, ownName, people, withoutRegion } from './names.ts';

/** A version, a date or a number at the end: what differs from one image to the next. */
const TAIL = /[-_.]?v?\d[\w.-]*$/;

/** Launch templates of one name in two regions, with images of one name, and instances in one of them only. */
export function discoverImages(inventory: Inventory, ctx: DiscoverContext): Discovered[] {
  const alike = Map.groupBy(inventory.templates, ({ name }) => withoutRegion(name, inventory.regions));
  return [...alike].flatMap(([base, templates]) => {
    const running = (region: string) => inventory.instances.filter((one) => one.region === region && !one.stopped && templates.some(({ id }) => id === one.template));
    const all = [...new Set(templates.map(({ region }) => region))];
    const home = all.find((region) => region === ctx.home) ?? all.find((region) => running(region).length > 0);
    if (all.length < 2 || home === undefined || running(home).length === 0 || all.some((region) => region !== home && running(region).length > 0)) return [];
    const regions = firstOf(all, home);
    const images = forAll(regions, (region) => imageName(inventory, base, region, running(home)[0]?.image));
    return images === undefined ? [] : [discovered(base, templates, regions, home, images, running(home).map(({ id }) => id), inventory, ctx)];
  });
}

/** The name of the newest image that is called like the template, or that runs, with * for what changes. */
function imageName({ images }: Inventory, base: string, region: string, runs: string | undefined): string | undefined {
  const there = images.filter((image) => image.region === region).toSorted((a, b) => (a.createdAt < b.createdAt ? 1 : -1));
  const running = images.find(({ id }) => id === runs);
  const stem = running === undefined ? base : running.name.replace(TAIL, '');
  const found = there.find(({ name }) => name.startsWith(stem)) ?? there.find(({ name }) => name.startsWith(base));
  if (found === undefined) return undefined;
  const tail = found.name.replace(TAIL, '');
  return tail === found.name ? found.name : `${tail}-*`;
}

function discovered(base: string, templates: readonly SeenTemplate[], regions: readonly string[], home: string, images: Record<string, string>, running: readonly string[], inventory: Inventory, ctx: DiscoverContext): Discovered {
  const groups = forAll(regions, (region) => inventory.targetGroups.find((group) => group.region === region && withoutRegion(group.name, inventory.regions) === base)?.arn);
  return {
    name: ownName(base, ctx.application, inventory.regions, 'servers'),
    regions,
    resource: {
      count: running.length,
      template: Object.fromEntries(regions.map((region) => [region, { name: templates.find((one) => one.region === region)?.name ?? '' }])),
      image: Object.fromEntries(Object.entries(images).map(([region, name]) => [region, { name }])),
      ...(groups === undefined ? {} : { targets: { groups } }),
    },
    comments: {
      '': `EC2 instances launched from a template in ${people(home)}; nothing runs elsewhere`,
      count: `so many run in ${people(home)} now`,
      template: 'launch templates that are called alike',
      image: 'images that are called alike: the newest is taken',
      targets: 'target groups that are called alike',
    },
    open: [
      { path: '', what: 'subnets to try, one a zone, and other instance types, when there is no capacity: subnets: { … }, types: [TYPE]' },
      { path: 'image', what: 'how old an image may be before it is not what runs any more: maxAge: 90d' },
    ],
    suggests: { strategy: 'backup-restore', because: `${base} runs nothing outside of ${people(home)}` },
    uses: running.map((id) => `${home}/${id}`),
  };
}

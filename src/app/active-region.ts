import { DrError } from '../base/errors.ts';
import { type Verb, verbFlag } from '../model/verb.ts';
import type { ObservedResource } from '../plan/compile.ts';
import type { Runbook } from '../runbook/runbook.ts';

/*
 * Which region an application is active in, from what its resources say. Data decides; traffic where there is no data,
 * and where data contradicts itself: an old writer that has come back calls itself a writer too.
 */

export interface RegionView {
  region: string;
  account: string;
  identity: string;
  resources: readonly ObservedResource[];
}

/** What a resource of a section says of where it is active. A kind that cannot tell says nothing. */
function told(resources: readonly ObservedResource[], section: string): (readonly string[])[] {
  return resources.filter((r) => r.section === section && r.state.activeIn.length > 0).map((r) => r.state.activeIn);
}

function said(view: RegionView): string {
  return view.resources.filter((r) => r.state.activeIn.length > 0).map((r) => `${r.section}.${r.name}: ${r.state.because}`).join('\n');
}

/** The region that a failover or a switchover leaves. @throws DrError: already active, or it cannot be told. */
export function sourceOf(view: RegionView, runbook: Runbook, verb: Verb, named: string | undefined): string {
  const { region: target, resources } = view;
  const regions = runbook.regions.map((r) => r.id);
  const active = [...told(resources, 'databases'), ...told(resources, 'traffic')].flat();
  const others = regions.filter((region) => region !== target);
  if (active.length > 0 && active.every((region) => region === target)) {
    throw new DrError({
      code: 'ALREADY_ACTIVE',
      exit: 'refused',
      title: `${runbook.name} is active in ${target} already.`,
      detail: said(view),
      next: [`dr plan${verbFlag(verb)} --region ${others[0] ?? 'REGION'}    for the other direction`],
    });
  }
  const elsewhere = [...new Set(active.filter((region) => region !== target))];
  if (named !== undefined) {
    if (elsewhere.length === 0 || elsewhere.includes(named)) return named;
    throw new DrError({
      code: 'SOURCE_MISMATCH',
      exit: 'refused',
      title: `${runbook.name} is not active in ${named}, but in ${elsewhere.join(' and ')}.`,
      detail: said(view),
      next: elsewhere.map((region) => `--from ${region}`),
    });
  }
  const source = elsewhere[0] ?? (others.length === 1 ? others[0] : undefined);
  if (source !== undefined && elsewhere.length <= 1 && regions.includes(source)) return source;
  throw new DrError({
    code: 'SOURCE_UNKNOWN',
    exit: 'refused',
    title: `It is not clear which region of ${runbook.name} is to be left.`,
    detail: resources.map((r) => `${r.section}.${r.name}: ${r.state.because}`).join('\n'),
    next: (elsewhere.length > 0 ? elsewhere : others).map((region) => `dr ${verb} --region ${target} --from ${region}`),
  });
}

/** The one view whose region is active. `named` is the region that a person said, `errors` what regions could not be asked for. */
export function activeView(views: readonly RegionView[], runbook: Runbook, named: string | undefined, errors: readonly unknown[]): RegionView {
  const active = views.filter(isActive);
  const first = active[0];
  // Of several writers each names all the others; two that do not know of each other contradict.
  const agree = first !== undefined && active.every((view) => view.resources.every((r) => r.state.activeIn.length === 0 || r.state.activeIn.includes(first.region)));
  if (first !== undefined && agree) return first;
  if (first !== undefined) {
    throw new DrError({
      code: 'TARGET_UNKNOWN',
      exit: 'refused',
      title: `${active.map((v) => v.region).join(' and ')} both claim to be the active region of ${runbook.name}.`,
      detail: active.map(said).join('\n'),
      next: active.map((v) => `dr reprotect --region ${v.region}    when ${v.region} is the one to keep`),
    });
  }
  const causes = errors.filter((e) => e instanceof DrError).map((e) => e.message);
  throw new DrError({
    code: 'NOT_ACTIVE',
    exit: 'refused',
    title: named === undefined ? `No region of ${runbook.name} is active as a whole.` : `${runbook.name} is not active in ${named}: there is nothing to protect.`,
    detail: [...views.map(said), ...causes].filter((line) => line !== '').join('\n'),
    next: ['dr status    an unfinished run may be the reason', `dr failover --region ${named ?? 'REGION'}    makes it active first`],
  });
}

function isActive({ region, resources }: RegionView): boolean {
  const claims = [...told(resources, 'databases'), ...told(resources, 'traffic')];
  return claims.length > 0 && claims.every((regions) => regions.includes(region));
}

/** The regions whose standby a reprotect rebuilds. @throws DrError when all follow already. */
export function toRebuild(view: RegionView, runbook: Runbook, named: string | undefined): readonly string[] {
  if (named === view.region) {
    throw new DrError({
      code: 'STANDBY_ACTIVE',
      exit: 'refused',
      title: `${named} is the active region of ${runbook.name}: it cannot be its standby.`,
      detail: said(view),
      next: [`dr reprotect --standby ${runbook.regions.find((r) => r.id !== named)?.id ?? 'REGION'}`],
    });
  }
  if (named !== undefined) return [named];
  const others = runbook.regions.map((r) => r.id).filter((id) => id !== view.region);
  const following = view.resources.flatMap((r) => (r.state.standbys === undefined ? [] : [r.state.standbys]));
  const missing = others.filter((id) => following.length === 0 || following.some((regions) => !regions.includes(id)));
  if (missing.length > 0) return missing;
  throw new DrError({
    code: 'ALREADY_PROTECTED',
    exit: 'refused',
    title: `${runbook.name} is protected already: ${others.join(' and ')} ${others.length === 1 ? 'follows' : 'follow'} ${view.region}.`,
    detail: said(view),
    next: others.map((id) => `dr reprotect --standby ${id}    looks at it all the same, and mends what is missing`),
  });
}

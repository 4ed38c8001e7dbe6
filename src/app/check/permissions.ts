import { knownKind } from '../../kinds/registry.ts';
import type { InspectPlace } from '../../model/kind.ts';
import type { Permission } from '../../model/step.ts';
import type { LoadedRunbook } from '../../runbook/runbook.ts';
import { lookPermissions, offlinePlans } from '../offline-plan.ts';
import { alarmLooks } from '../assess/alarms.ts';
import { healthLooks } from '../assess/health.ts';
import { certificateLooks } from './certificates.ts';
import { rightsLooks } from './rights.ts';
import { VCPU_LOOKS } from './vcpu-quotas.ts';

/** What a check takes from the steps of a run: it changes nothing, and uses no key. */
const READ = /^(?!kms:)[a-z0-9-]+:(Describe|Get|List)/;

/** What a check of the application needs, whichever region is active: what the checks of a failover read, and what the kinds look at. */
export async function checkPermissions(loaded: LoadedRunbook, account: string): Promise<Permission[]> {
  const { strategy, objectives, resources } = loaded.runbook;
  const regions = loaded.runbook.regions.map(({ id }) => id);
  const permissions: Permission[] = [];
  const own: Permission[] = [...alarmLooks(loaded), ...healthLooks(loaded)];
  const kinds = await Promise.all(resources.map(async (one) => ({ ...one, code: await knownKind(one.kind) })));
  for (const target of regions) {
    const { plans } = await offlinePlans(loaded, 'failover', target, account);
    permissions.push(...(await lookPermissions(loaded, 'failover', target, account)), ...plans.flatMap((plan) => plan.steps.flatMap((step) => step.permissions)));
    for (const source of regions.filter((id) => id !== target)) {
      const place: InspectPlace = { strategy, objectives, regions, source, target, account };
      for (const { code, resource } of kinds) own.push(...(code.inspectRights?.(place, resource) ?? []));
    }
    own.push(rightsLooks(target, account));
    if (kinds.some(({ code }) => code.targetGroups !== undefined)) own.push(...certificateLooks(target, account));
    if (kinds.some(({ code }) => code.launches !== undefined)) own.push(VCPU_LOOKS);
  }
  const ofSteps = permissions.flatMap((permission) => {
    const actions = permission.actions.filter((action) => READ.test(action));
    return actions.length === 0 ? [] : [{ ...permission, actions }];
  });
  return [...ofSteps, ...own];
}

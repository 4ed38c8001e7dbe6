import { findKey, grantsTo, keyPolicy, type KmsKey } from '../aws/kms.ts';
import { unlessAws } from '../aws/errors.ts';
import { keyState } from '../aws/states/others.ts';
import { arnIn, parseArn } from '../base/arn.ts';
import { LIMITS } from '../base/limits.ts';
import { type About, finder, type Finding } from '../model/finding.ts';
import type { Looking, Permission } from '../model/step.ts';
import { allow } from './common.ts';
import { ifAllowed } from './inspect.ts';

/* Keys without which what waits cannot be opened: AWS says so only at a restore, a start or a launch. A run asks for that of a backup and of a new standby. */

const PAGE = 'https://docs.aws.amazon.com/kms/latest/developerguide/key-state.html';
const GROUP_PAGE = 'https://docs.aws.amazon.com/autoscaling/ec2/userguide/key-policy-requirements-EBS-encryption.html';

export function keyLooks(region: string, account: string): Permission {
  return allow(['kms:DescribeKey', 'kms:GetKeyPolicy', 'kms:ListGrants'], [arnIn(region, 'kms', account, 'key/*')]);
}

/** To ask for the state of any key of the account there, and of the one that the runbook names, which another account may own. */
export function keyStateLooks(region: string, account: string, named?: string): Permission {
  return allow(['kms:DescribeKey'], [arnIn(region, 'kms', account, 'key/*'), ...(named === undefined ? [] : [named])]);
}

/** Why a key of that region cannot be used now, e.g. `its key … is Disabled`; undefined where it can, and where AWS does not tell. One short look. `held`: an instance has it, so that it is there, whatever KMS shows these credentials. */
export async function keyUnfit(ctx: { effects: Looking['effects']; signal?: AbortSignal | undefined }, region: string, key: string, { held = false }: { held?: boolean } = {}): Promise<string | undefined> {
  const seen = await findKey(ctx.effects.aws, region, key, { signal: ctx.signal, timeoutMs: LIMITS.signalMs, attempts: 1 }).then((found) => ({ found }), unlessAws);
  if (seen === undefined) return undefined;
  if (seen.found === undefined) return held ? undefined : `its key ${key} is not in ${region}`;
  const { usable, shown } = keyState(seen.found.KeyState);
  return usable === 'no' ? `its key ${key} is ${shown}` : undefined;
}

/** Whether the key of something can be used. `what` names it, e.g. `the standby shop-orders-tokyo`. Where AWS does not tell, that is said and fails nothing. */
export async function keyFindings(ctx: Looking, about: About, key: string | undefined, what: string): Promise<Finding[]> {
  return key === undefined ? [] : ifAllowed(about, async () => stateFindings(about, key, await findKey(ctx.effects.aws, about.region, key, { signal: ctx.signal }), what));
}

function stateFindings(about: About, key: string, seen: KmsKey | undefined, what: string): Finding[] {
  const state = keyState(seen?.KeyState);
  if (seen !== undefined && state.usable === 'yes') return [];
  const until = seen?.DeletionDate === undefined ? '' : `, and is deleted on ${seen.DeletionDate.toISOString().slice(0, 10)}`;
  const mend = state.going === 'yes' ? `aws kms cancel-key-deletion --region ${about.region} --key-id ${key}, then: aws kms enable-key --region ${about.region} --key-id ${key}` : `aws kms describe-key --region ${about.region} --key-id ${key}; one that is disabled: aws kms enable-key --region ${about.region} --key-id ${key}`;
  return [finder(about).error('kms-key', {
    observed: seen === undefined ? `the key ${key} of ${what} is not in ${about.region}` : `the key ${key} of ${what} is ${state.shown}${until}`,
    wanted: 'a key that is Enabled',
    consequence: 'what is encrypted with it cannot be opened, restored or launched',
    mend,
    page: PAGE,
  })];
}

/** The same of a key of volumes of an Auto Scaling group, and whether its `role` may use it: it has no right of its own to a key that people manage. */
export async function groupKeyFindings(ctx: Looking, about: About, key: string, what: string, role: string | undefined): Promise<Finding[]> {
  return ifAllowed(about, async () => {
    const seen = await findKey(ctx.effects.aws, about.region, key, { signal: ctx.signal });
    const findings = stateFindings(about, key, seen, what);
    // AWS's own keys need no permission; of a group whose role is not shown nobody can say.
    if (findings.length > 0 || seen?.Arn === undefined || seen.KeyManager !== 'CUSTOMER' || role === undefined) return findings;
    return (await mayUse(ctx, about.region, seen, role)) ? [] : [grantFinding(about, { key, what, role, arn: seen.Arn })];
  });
}

/** By the policy of the key, or by a grant. A key of another account shows no policy, and lets the role in by a grant only. */
async function mayUse(ctx: Looking, region: string, { Arn: arn = '', AWSAccountId: owner }: KmsKey, role: string): Promise<boolean> {
  const options = { signal: ctx.signal };
  if (parseArn(role)?.account === owner && namesPrincipal(await keyPolicy(ctx.effects.aws, region, arn, options), role)) return true;
  return (await grantsTo(ctx.effects.aws, region, arn, role, options)).length > 0;
}

function grantFinding(about: About, { key, what, role, arn }: { key: string; what: string; role: string; arn: string }): Finding {
  return finder(about).error('kms-grant', {
    observed: `neither the policy of the key ${key} of ${what} nor a grant names ${role}`,
    wanted: 'a key policy, or a grant, that lets the service-linked role of Auto Scaling use the key',
    consequence: 'Auto Scaling can launch no instance: it may not open the volume',
    mend: `add the two statements of that page to the key policy, or: aws kms create-grant --region ${about.region} --key-id ${arn} --grantee-principal ${role} --operations Encrypt Decrypt ReEncryptFrom ReEncryptTo GenerateDataKey GenerateDataKeyWithoutPlaintext DescribeKey CreateGrant`,
    page: GROUP_PAGE,
  });
}

/** Whether a statement that allows names the principal, or everybody. What its conditions ask is not judged. */
function namesPrincipal(policy: string, principal: string): boolean {
  const { Statement = [] } = JSON.parse(policy) as { Statement?: PolicyStatement | PolicyStatement[] };
  return [Statement].flat().some(({ Effect, Principal }) => {
    if (Effect !== 'Allow' || Principal === undefined) return false;
    const named = typeof Principal === 'string' ? [Principal] : [Principal.AWS ?? []].flat();
    return named.some((one) => one === '*' || one === principal);
  });
}

interface PolicyStatement {
  Effect?: string;
  Principal?: string | { AWS?: string | string[] };
}

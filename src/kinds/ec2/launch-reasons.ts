import { AwsError } from '../../aws/errors.ts';
import { DrError } from '../../base/errors.ts';
import * as z from 'zod';
import type { Ec2Instance, Up } from '../../aws/ec2.ts';
import { plural } from '../../base/plural.ts';
import { fact, type FactSource } from '../../model/fact.ts';
import type { Observation, StepContext } from '../../model/step.ts';

/*
 * AWS's words for why an instance was not launched, or ended right after. There is no code for them in most answers.
 * https://docs.aws.amazon.com/autoscaling/ec2/userguide/ts-as-instancelaunchfailure.html
 * https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/troubleshooting-launch.html
 */

/** What somebody has to mend: no wait does. */
const FIXED: readonly [what: string, text: RegExp][] = [
  ['key', /client\.internalerror|client error on launch|invalidkmskey|kmskey|\bKMS key\b/i],
  ['image', /(image id|\bAMI\b).*(does not exist|not found|is disabled)|invalidamiid/i],
  ['template', /launch (template|configuration).*(does not exist|not found)|invalidlaunchtemplate/i],
  ['security group', /security group.*does not exist|invalidgroup\.|invalidsecuritygroup/i],
  ['key pair', /key pair.*does not exist|invalidkeypair/i],
  ['subnet', /subnet.*does not exist|invalidsubnetid/i],
  ['instance profile', /invalid iam instance profile|invalidiaminstanceprofile/i],
  ['permission', /not authorized to perform|unauthorizedoperation|\bauthfailure|authentication failure/i],
  ['volume', /invalidblockdevicemapping|invalid device name|block device mappings not supported|snapshot.*does not exist|invalidsnapshot/i],
  ['parameter', /invalidparameter|value \(.*\) for parameter .* is invalid|architecture .* does not match/i],
  // The group tries its other zones and types: only where none has it does it fail again and again.
  ['configuration', /(configuration|instance type|availability zone).*(is (currently )?not supported|no longer supported)|placement groups may not be used/i],
  // An account may refuse launches with IMDSv1 in a region: https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/configuring-instance-metadata-options.html
  ['metadata options', /httptokensenforced|launch instances with IMDSv1/i],
  ['price', /spot request price .* is lower than/i],
  ['subscription', /optinrequired|not subscribed|need to accept terms/i],
];

/** Which of the things that only somebody can mend the text names; undefined when it names none, and may pass. */
export function cannotMend(text: string): string | undefined {
  return FIXED.find(([, pattern]) => pattern.test(text))?.[0];
}

/** The region, or a quota of the account, has not enough. Being asked too often is no shortage. */
export function isShortageText(text: string): boolean {
  return cannotMend(text) === undefined && /insufficient|capacity|limit|quota|exceeded|not enough free addresses|already running/i.test(text) && !/request limit|requestlimit|throttl|rate exceeded/i.test(text);
}

const BRIEF = 300;

/** One line: AWS puts encoded messages of thousands of characters into some. */
export function brief(text: string): string {
  const line = text.replace(/\s*Encoded authorization failure message:.*/s, '').replaceAll(/\s+/g, ' ').trim();
  return line.length <= BRIEF ? line : `${line.slice(0, BRIEF)}…`;
}

/** AWS's own words, where they say more than that there is no capacity now. */
export function inItsWords(error: AwsError): string {
  return error.code.startsWith('Insufficient') && error.code.endsWith('Capacity') ? '' : ` (${brief(error.message)})`;
}

/** The image of the instance does not run on that type, e.g. for its architecture: another type may fit. Under its code RunInstances refuses anything else as well. */
export function isOfAnotherType(error: unknown): error is AwsError {
  return error instanceof AwsError && (error.code === 'InvalidInstanceAttributeValue' || (error.code === 'InvalidParameterValue' && /architecture/i.test(error.message)));
}

/** Nothing named in the runbook has capacity: said at once, and not by a time-out. */
export function noCapacity(what: string, region: string, tried: readonly string[], next: string): DrError {
  return new DrError({
    code: 'NO_CAPACITY',
    exit: 'failed',
    title: `${region} has no capacity for ${what}: ${tried.join('; ')}`,
    next: [next, 'only a capacity reservation guarantees it: https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/ec2-capacity-reservations.html'],
  });
}

/** Ids of the instances of a compute resource that were stopped when a run began to start them: an undo stops them again. */
const startedFact = fact('started', z.array(z.string()));

export function startedBefore(ctx: FactSource, name: string): string[] {
  return startedFact.read(ctx, name) ?? [];
}

/** Journaled before the act. */
export function willStart(ctx: StepContext, name: string, stopped: readonly string[]): void {
  startedFact.record(ctx, name, [...new Set([...startedBefore(ctx, name), ...stopped])]);
}

/** All of them or none; the refusal when there is no capacity: stopped instances hold none. */
export async function start(ctx: StepContext, region: string, ids: string[]): Promise<'started' | AwsError> {
  try {
    await ctx.effects.aws.call({ service: 'ec2', region, operation: 'StartInstances', input: { InstanceIds: ids }, signal: ctx.signal });
    return 'started';
  } catch (error) {
    if (error instanceof AwsError && error.isShortage) return error;
    throw error;
  }
}

/** Enough instances run: have their status checks passed, and if not, what does AWS say? */
export function checksPassed(up: Up, wanted: number): Observation {
  if (up.ids.size >= wanted) return { state: 'reached', because: `${plural(up.ids.size, 'instance')} running, status checks passed` };
  const because = `status checks passed: ${up.ids.size} of ${plural(wanted, 'instance')}`;
  return { state: 'pending', because: up.why === '' ? because : `${because}; ${up.why}`, waitingFor: 'aws' };
}

/** AWS starts an instance, and ends it again where e.g. its volume cannot be decrypted: the reason stands in its description only. Empty without one. */
export function whyEnded(instances: readonly Ec2Instance[]): string {
  const first = instances.find((instance) => instance.StateReason?.Message !== undefined);
  return first === undefined ? '' : `${first.InstanceId ?? ''} has ended: AWS: ${brief(first.StateReason?.Message ?? '')}`;
}

export const LAUNCH_GUIDE = 'https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/troubleshooting-launch.html';

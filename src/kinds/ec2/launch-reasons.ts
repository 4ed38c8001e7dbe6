/*
 * AWS's words for why an instance was not launched, or ended right after. There is no code for them in most answers.
 * https://docs.aws.amazon.com/autoscaling/ec2/userguide/ts-as-instancelaunchfailure.html
 * https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/troubleshooting-launch.html
 */

/** What somebody has to mend: no wait does. */
const FIXED: readonly [what: string, text: RegExp][] = [
  ['key', /client\.internalerror|client error on launch|invalidkmskey|kmskey|\bKMS key\b/i],
  ['image', /(image id|\bAMI\b).*(does not exist|not found)|invalidamiid/i],
  ['template', /launch (template|configuration).*(does not exist|not found)|invalidlaunchtemplate/i],
  ['security group', /security group.*does not exist|invalidgroup\.|invalidsecuritygroup/i],
  ['key pair', /key pair.*does not exist|invalidkeypair/i],
  ['subnet', /subnet.*does not exist|invalidsubnetid/i],
  ['instance profile', /invalid iam instance profile|invalidiaminstanceprofile/i],
  ['permission', /not authorized to perform|unauthorizedoperation|\bauthfailure/i],
  ['volume', /invalidblockdevicemapping|invalid device name|snapshot.*does not exist|invalidsnapshot/i],
  ['parameter', /invalidparameter|value \(.*\) for parameter .* is invalid|architecture .* does not match/i],
  ['subscription', /optinrequired|not subscribed|need to accept terms/i],
];

/** Which of the things that only somebody can mend the text names; undefined when it names none, and may pass. */
export function cannotMend(text: string): string | undefined {
  return FIXED.find(([, pattern]) => pattern.test(text))?.[0];
}

/** The region, or a quota of the account, has not enough. Being asked too often is no shortage. */
export function isShortageText(text: string): boolean {
  return cannotMend(text) === undefined && /insufficient|capacity|limit|quota|exceeded/i.test(text) && !/request limit|requestlimit|throttl|rate exceeded/i.test(text);
}

const BRIEF = 300;

/** One line: AWS puts encoded messages of thousands of characters into some. */
export function brief(text: string): string {
  const line = text.replace(/\s*Encoded authorization failure message:.*/s, '').replaceAll(/\s+/g, ' ').trim();
  return line.length <= BRIEF ? line : `${line.slice(0, BRIEF)}…`;
}

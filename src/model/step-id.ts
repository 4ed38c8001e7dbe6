/* Ids of the steps of a resource are `<section>.<resource>.<step>`. Put together and taken apart here, and nowhere else. */

export function stepId({ section, name }: { section: string; name: string }, step: string): string {
  return `${section}.${name}.${step}`;
}

/** The name of the resource that a step is of; undefined for other steps. */
export function resourceOf({ id }: { id: string }): string | undefined {
  return /^[^.]+\.(.+)\.[^.]+$/.exec(id)?.[1];
}

/*
 * Names of AWS's resources in plans: `<service>:<region or zone>:<name>`. What is the same for AWS is the same here.
 * https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBInstance.html
 * https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/DomainNameFormat.html
 */

/** AWS keeps names of databases and of records in lower case, however they are written; others, as of Auto Scaling groups, have a case. */
const CASELESS = /^(rds:|route53:[^:]*:)(\S+)/;

/** The one spelling by which two names of a resource are compared. */
export function asAwsNamesIt(resource: string): string {
  return resource.replace(CASELESS, (_, before: string, name: string) => `${before}${name.toLowerCase()}`);
}

import { remembered } from './remembered.ts';
import { type Partition, partitionOf } from './regions.ts';

/** An Amazon Resource Name. https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html */
export interface Arn {
  partition: string;
  service: string;
  /** Empty for resources of global services. */
  region: string;
  /** Twelve digits; empty if the resource's name is global. */
  account: string;
  /** All that follows, e.g. `db:shop-orders`; may contain colons and slashes. */
  resource: string;
}

/** The parts of an ARN; undefined if the text is not one. */
export function parseArn(text: string | undefined): Readonly<Arn> | undefined {
  return parsed(text ?? '').arn;
}

/** Every look at a replica asks for the same few. */
const parsed = remembered((text: string): { arn: Readonly<Arn> | undefined } => {
  const [arn, partition = '', service = '', region, account, ...resource] = text.split(':');
  if (arn !== 'arn' || region === undefined || account === undefined || partition === '' || service === '' || resource.length === 0) return { arn: undefined };
  return { arn: { partition, service, region, account, resource: resource.join(':') } };
});

/** The ARN of a regional resource, in the partition of its region. */
export function arnIn(region: string, service: string, account: string, resource: string): string {
  return `arn:${partitionOf(region)}:${service}:${region}:${account}:${resource}`;
}

/** The ARN of a resource of a global service: it names no region, and an account with IAM only (Route 53 and S3 name none). */
export function globalArn(partition: Partition, service: string, resource: string, account = ''): string {
  return `arn:${partition}:${service}::${account}:${resource}`;
}

/** The region in an ARN; undefined if it has none, or if the text is no ARN. */
export function regionOfArn(text: string | undefined): string | undefined {
  const region = parseArn(text)?.region;
  return region === '' ? undefined : region;
}

/** The last part of an ARN's resource, e.g. the identifier of a DB instance; of any other text, the text itself. */
export function nameInArn(text: string): string {
  return parseArn(text)?.resource.split(':').at(-1) ?? text;
}

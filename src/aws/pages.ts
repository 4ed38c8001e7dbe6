import type { AwsCaller } from './caller.ts';
import { type CallOptions, outputOf, type RequestOf } from './call-options.ts';
import { AwsError, INCOMPLETE } from './errors.ts';
import type { InputOf, OperationOf, OutputOf, Service } from './operations.ts';

export interface Page<T> {
  items: readonly T[] | undefined;
  /** What the next page is asked for with; undefined or empty on the last one. */
  next: string | undefined;
}

/** More pages than any list has that `dr` reads; a look of a few says itself how many. */
const PAGES_MAX = 100;

/** All items of all pages. A list that does not end is an error and no answer: nothing may be decided by a part of it. @throws AwsError `IncompleteAnswer` */
export async function allPages<T>(of: Parameters<typeof incomplete>[0], page: (token: string | undefined) => Promise<Page<T>>, most = PAGES_MAX): Promise<T[]> {
  const all: T[] = [];
  let token: string | undefined;
  for (let asked = 0; asked < most; asked++) {
    const { items, next } = await page(token);
    all.push(...(items ?? []));
    if (next === undefined || next === '') return all;
    if (next === token) throw incomplete(of, 'a page says that the next one is itself');
    token = next;
  }
  throw incomplete(of, `the list has not ended after ${most} pages`);
}

/** How the lists of a service continue: with what the next page is asked for, where an answer tells it, and the flag without which it is the last. */
type Continues = readonly [asked: string, told: string, flag?: string];
const BY_TOKEN: Continues = ['NextToken', 'NextToken'];
const CONTINUES: { readonly [S in Service]?: Continues } = {
  rds: ['Marker', 'Marker'],
  elbv2: ['Marker', 'NextMarker'],
  kms: ['Marker', 'NextMarker', 'Truncated'],
  iam: ['Marker', 'Marker', 'IsTruncated'],
  route53: ['Marker', 'NextMarker', 'IsTruncated'],
  health: ['nextToken', 'nextToken'],
  s3: ['ContinuationToken', 'NextContinuationToken'],
};

/** All that an operation lists, page by page. @throws AwsError */
export function listed<S extends Service, O extends OperationOf<S>, T>(
  aws: AwsCaller,
  request: RequestOf<S, O>,
  items: (output: OutputOf<S, O>) => readonly T[] | undefined,
  options?: CallOptions,
  most?: number,
): Promise<T[]> {
  const [asked, told, flag] = CONTINUES[request.service] ?? BY_TOKEN;
  return allPages(request, async (token) => {
    const input = token === undefined ? request.input : ({ ...(request.input as object), [asked]: token } as InputOf<S, O>);
    const output = await outputOf(aws, { ...request, input }, options);
    const members = output as Readonly<Record<string, unknown>>;
    return { items: items(output), next: flag === undefined || members[flag] === true ? (members[told] as string | undefined) : undefined };
  }, most);
}

/** The error for a list whose end was not seen. */
export function incomplete({ service, region, operation }: { service: Service; region: string; operation: string }, message: string): AwsError {
  return new AwsError({ service, region, operation, code: INCOMPLETE, message });
}

import type { AwsCaller } from './caller.ts';
import { type CallOptions, outputOf } from './call-options.ts';
import type { OutputOf } from './operations.ts';
import { allPages } from './pages.ts';

export type HealthEvent = NonNullable<OutputOf<'health', 'DescribeEvents'>['events']>[number];

/** A thousand open issues: more than a look in an outage needs. */
const PAGES = 10;
const PAGE = 100;

/**
 * The open issues of these regions, and of services that have none, by one endpoint of AWS Health.
 * https://docs.aws.amazon.com/health/latest/APIReference/API_DescribeEvents.html
 * @throws AwsError `SubscriptionRequiredException` where the account has no plan that it needs
 */
export async function openIssues(aws: AwsCaller, endpoint: string, regions: readonly string[], options?: CallOptions): Promise<HealthEvent[]> {
  const request = { service: 'health', region: endpoint, operation: 'DescribeEvents' } as const;
  // The same question, whichever way is looked at.
  const filter = { regions: [...regions, 'global'].sort(), eventTypeCategories: ['issue' as const], eventStatusCodes: ['open' as const] };
  return allPages(request, async (nextToken) => {
    const { events, nextToken: next } = await outputOf(aws, { ...request, input: { filter, maxResults: PAGE, ...(nextToken === undefined ? {} : { nextToken }) } }, options);
    return { items: events, next };
  }, PAGES);
}

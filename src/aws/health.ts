import type { AwsCaller } from './caller.ts';
import type { CallOptions } from './call-options.ts';
import type { OutputOf } from './operations.ts';
import { listed } from './pages.ts';

export type HealthEvent = NonNullable<OutputOf<'health', 'DescribeEvents'>['events']>[number];

/** A thousand open issues: more than a look in an outage needs. */
const PAGES = 10;
const PAGE = 100;

/**
 * The open issues of these regions, and of services that have none, by one endpoint of AWS Health.
 * https://docs.aws.amazon.com/health/latest/APIReference/API_DescribeEvents.html
 * @throws AwsError `SubscriptionRequiredException` where the account has no plan that it needs
 */
export function openIssues(aws: AwsCaller, endpoint: string, regions: readonly string[], options?: CallOptions): Promise<HealthEvent[]> {
  // The same question, whichever way is looked at.
  const filter = { regions: [...regions, 'global'].sort(), eventTypeCategories: ['issue' as const], eventStatusCodes: ['open' as const] };
  return listed(aws, { service: 'health', region: endpoint, operation: 'DescribeEvents', input: { filter, maxResults: PAGE } }, ({ events }) => events, options, PAGES);
}

import { type ServiceModel } from './call.ts';

const FILTERS = ['regions', 'eventTypeCategories', 'eventStatusCodes'];

/** AWS Health: https://docs.aws.amazon.com/health/latest/APIReference/API_DescribeEvents.html */
export const health: ServiceModel<'health'> = {
  DescribeEvents: {
    accepts: ['filter', 'maxResults', 'nextToken'],
    handle({ filter = {}, maxResults = 100, nextToken }, call) {
      const events = call.state.healthEvents;
      if (!events.plan) throw call.error('SubscriptionRequiredException', 400, 'AWS Premium Support Subscription is required to use this service.');
      for (const [name, value] of Object.entries(filter)) if (!FILTERS.includes(name) && value !== undefined) throw call.unsupported(`the filter ${name}`);
      if (maxResults < 1 || maxResults > 100) throw call.error('ValidationException', 400, 'maxResults must be between 1 and 100');
      const among = (values: readonly string[] | undefined, value: string): boolean => values === undefined || values.includes(value);
      const found = events.newestFirst().filter(({ region, category, status }) => among(filter.regions, region) && among(filter.eventTypeCategories, category) && among(filter.eventStatusCodes, status));
      const { page, next } = call.pageOf(found.map((event, i) => ({ ...event, key: String(i).padStart(6, '0') })), ({ key }) => key, nextToken, maxResults);
      return {
        events: page.map(({ region, service, code, category, status, zone, startedAt, updatedAt, key }) => ({
          arn: `arn:aws:health:${region}::event/${service}/${code}/${code}_${key}`,
          service,
          eventTypeCode: code,
          eventTypeCategory: category,
          region,
          ...(zone === undefined ? {} : { availabilityZone: zone }),
          startTime: new Date(startedAt),
          lastUpdatedTime: new Date(updatedAt),
          statusCode: status,
          eventScopeCode: 'PUBLIC',
        })),
        ...(next === undefined ? {} : { nextToken: next }),
      };
    },
  },
};

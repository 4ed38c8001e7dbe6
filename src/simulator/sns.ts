import { regionOfArn } from '../base/arn.ts';
import { type ServiceModel } from './call.ts';
import { record } from './ran.ts';

const MESSAGE_BYTES_MAX = 262_144;
/** https://docs.aws.amazon.com/sns/latest/api/API_ListTopics.html: up to 100 in an answer. */
const TOPICS_PAGE = 100;

/** SNS: https://docs.aws.amazon.com/sns/latest/api/API_Publish.html */
export const sns: ServiceModel<'sns'> = {
  ListTopics: {
    accepts: ['NextToken'],
    handle(input, call) {
      const { page, next } = call.pageOf(call.state.topics.in(call.region), ({ arn }) => arn, input.NextToken, TOPICS_PAGE);
      return { Topics: page.map(({ arn }) => ({ TopicArn: arn })), ...(next === undefined ? {} : { NextToken: next }) };
    },
  },

  GetTopicAttributes: {
    accepts: ['TopicArn'],
    handle(input, call) {
      const arn = input.TopicArn ?? '';
      if (regionOfArn(arn) !== call.region) throw call.error('InvalidParameter', 400, 'Invalid parameter: TopicArn');
      if (call.state.topics.get(call.region, arn) === undefined) throw call.error('NotFound', 404, 'Topic does not exist');
      return { Attributes: { TopicArn: arn } };
    },
  },

  Publish: {
    accepts: ['TopicArn', 'Message', 'Subject'],
    handle(input, call) {
      if (input.TopicArn === undefined) throw call.error('InvalidParameter', 400, 'Invalid parameter: TopicArn or TargetArn Reason: no value for required parameter');
      const region = regionOfArn(input.TopicArn);
      if (region !== call.region) throw call.error('InvalidParameter', 400, `Invalid parameter: TopicArn${region === undefined ? ' Reason: An ARN must have at least 6 elements' : ''}`);
      if (call.state.topics.get(call.region, input.TopicArn) === undefined) throw call.error('NotFound', 404, 'Topic does not exist');
      const message = input.Message ?? '';
      if (message === '') throw call.error('InvalidParameter', 400, 'Invalid parameter: Empty message');
      if (Buffer.byteLength(message) > MESSAGE_BYTES_MAX) throw call.error('InvalidParameter', 400, 'Invalid parameter: Message too long');
      if (input.Subject !== undefined && (input.Subject.length > 100 || !/^[\x20-\x7e]+$/.test(input.Subject))) {
        throw call.error('InvalidParameter', 400, 'Invalid parameter: Subject');
      }
      record(call.state.published, { topic: input.TopicArn, subject: input.Subject, message, at: call.now });
      return { MessageId: call.state.core.ids.uuid() };
    },
  },
};

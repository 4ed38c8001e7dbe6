import type { AwsCaller } from './caller.ts';
import { type CallOptions, outputOf } from './call-options.ts';
import { AwsError } from './errors.ts';

/**
 * Whether there is such a topic in that region.
 * https://docs.aws.amazon.com/sns/latest/api/API_GetTopicAttributes.html
 * @throws AwsError
 */
export async function topicIsThere(aws: AwsCaller, region: string, topic: string, options?: CallOptions): Promise<boolean> {
  try {
    await outputOf(aws, { service: 'sns', region, operation: 'GetTopicAttributes', input: { TopicArn: topic } }, options);
    return true;
  } catch (error) {
    // What is misspelled is InvalidParameter.
    if (error instanceof AwsError && /^(NotFound|InvalidParameter)(Exception)?$/.test(error.code)) return false;
    throw error;
  }
}

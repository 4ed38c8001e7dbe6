import type { AwsCaller } from './caller.ts';
import { type CallOptions, outputIfThere } from './call-options.ts';

/** Whether there is such a topic in that region. https://docs.aws.amazon.com/sns/latest/api/API_GetTopicAttributes.html */
export async function topicIsThere(aws: AwsCaller, region: string, topic: string, options?: CallOptions): Promise<boolean> {
  const request = { service: 'sns', region, operation: 'GetTopicAttributes', input: { TopicArn: topic } } as const;
  // What is misspelled is InvalidParameter.
  return (await outputIfThere(aws, request, /^(NotFound|InvalidParameter)(Exception)?$/, options)) !== undefined;
}

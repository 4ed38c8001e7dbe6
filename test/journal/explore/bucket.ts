import type { AwsCaller } from '../../../src/aws/caller.ts';
import { AwsError, NO_ANSWER } from '../../../src/aws/errors.ts';
import { operation } from './schedule.ts';

/* A bucket in memory. Each call is an operation of the schedule, and its answer may be lost, after or before it took effect. */

export class Bucket {
  readonly objects = new Map<string, string>();
  /** An answer of the bucket was lost, or a call did not reach it. */
  faulty = false;

  readonly aws: AwsCaller = {
    call: ((request: { operation: string; input: Record<string, string | undefined> }) => {
      const { operation: name, input } = request;
      const key = input.Key ?? input.Prefix ?? '';
      const effect = () => ({ output: this.#answer(name, key, input), requestId: 'r' });
      const lost = (also: () => void) => () => {
        this.faulty = true;
        also();
        throw error(name, NO_ANSWER);
      };
      const faults = [
        { name: 'answer lost', effect: lost(() => void effect()) },
        ...(name === 'PutObject' ? [{ name: 'request lost', effect: lost(() => undefined) }] : []),
      ];
      // A record never changes: when it is read makes no difference.
      if (name === 'GetObject' && key.includes('/journal/') && this.objects.has(key)) return new Promise((resolve) => resolve(effect()));
      return operation(`${name} ${key.split('/').slice(-2).join('/')}`, effect, faults as never);
    }) as unknown as AwsCaller['call'],
  };

  key(): string {
    return [...this.objects].map(([key, text]) => `${key}:${text}`).sort().join('\n');
  }

  #answer(name: string, key: string, input: Record<string, string | undefined>): unknown {
    if (name === 'ListObjectsV2') return { Contents: [...this.objects.keys()].filter((one) => one.startsWith(key)).sort().map((Key) => ({ Key })), IsTruncated: false };
    if (name === 'PutObject') {
      if (input.IfNoneMatch !== undefined && this.objects.has(key)) throw error(name, 'PreconditionFailed');
      this.objects.set(key, input.Body ?? '');
      return { ETag: '"e"' };
    }
    const text = this.objects.get(key);
    if (text === undefined) throw error(name, 'NoSuchKey');
    return { ETag: '"e"', LastModified: new Date(0), Body: { transformToString: () => Promise.resolve(text), toJSON: () => text } };
  }
}

function error(operationName: string, code: string): AwsError {
  return new AwsError({ service: 's3', operation: operationName, region: 'ap-northeast-1', code, message: code });
}

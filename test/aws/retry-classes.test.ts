import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { toAwsError } from '../../src/aws/sdk-errors.ts';

/* The SDK's own retries are off, so whatever it would try again must be retryable here. Its lists are not exported: read as text. */

const MUTATION = { service: 'rds', region: 'ap-northeast-1', operation: 'PromoteReadReplica' } as const;
const kindOf = (name: string, status = 400) => toAwsError(Object.assign(new Error('said AWS'), { name, $metadata: { httpStatusCode: status } }), MUTATION, true).kind;

async function sdkList(name: string): Promise<string[]> {
  const file = new URL('../../node_modules/@smithy/core/dist-es/submodules/retry/service-error-classification/constants.js', import.meta.url);
  const list = new RegExp(`export const ${name} = \\[([^\\]]*)\\]`).exec(await readFile(file, 'utf8'))?.[1] ?? '';
  return [...list.matchAll(/"(\w+)"/g)].map((found) => found[1] ?? '');
}

describe('errors that pass', () => {
  it('are at least those of the SDK', async () => {
    const throttling = await sdkList('THROTTLING_ERROR_CODES');
    // TimeoutError is the SDK's own name for no answer at all.
    const transient = (await sdkList('TRANSIENT_ERROR_CODES')).filter((name) => name !== 'TimeoutError');
    expect(throttling.length).toBeGreaterThan(10);
    expect(transient.length).toBeGreaterThan(1);
    expect([...throttling, ...transient].filter((name) => kindOf(name) !== 'retryable')).toEqual([]);
  });

  it.each(['ScalingActivityInProgress', 'ScalingActivityInProgressFault', 'ResourceContention', 'KMSThrottling', 'OperationAborted', 'Throttled'])('%s did not happen, and may work later', (name) => {
    expect(kindOf(name)).toBe('retryable');
  });

  it('so does HTTP 429, whatever its code', () => {
    expect(kindOf('Whatever', 429)).toBe('retryable');
    expect(kindOf('Whatever', 400)).toBe('terminal');
  });
});

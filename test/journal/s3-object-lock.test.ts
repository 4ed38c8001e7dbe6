import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, it } from 'vitest';
import { sdkCaller } from '../../src/aws/sdk-caller.ts';
import { S3State } from '../../src/journal/s3-state.ts';
import { awsEnvironment, restoreEnvironment, useEnvironment } from '../lab/wire/environment.ts';

afterEach(restoreEnvironment);

it('a bucket with Object Lock takes what is written: each object comes with a digest, whatever the environment says', async () => {
  const seen: { url: string | undefined; headers: IncomingHttpHeaders }[] = [];
  const server = createServer((request, response) => {
    seen.push({ url: request.url, headers: request.headers });
    request.resume().on('end', () => response.writeHead(200, { etag: '"1"' }).end());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()));
  try {
    const AWS_ENDPOINT_URL = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    useEnvironment(awsEnvironment({ AWS_ENDPOINT_URL, AWS_REQUEST_CHECKSUM_CALCULATION: 'when_required' }));
    const state = new S3State(sdkCaller(), { region: 'ap-northeast-1', bucket: 'audit', prefix: 'dr' });
    await state.run('20261120T000000Z-shop-failover-000001').save('report.html', '<p>');
  } finally {
    await new Promise((resolve) => server.close(resolve));
  }
  expect(seen.map(({ url }) => url)).toEqual(['/audit/dr/runs/20261120T000000Z-shop-failover-000001/report.html?x-id=PutObject']);
  // CRC-32 of the three bytes, base64.
  expect(seen[0]?.headers['x-amz-checksum-crc32'] ?? seen[0]?.headers['x-amz-trailer']).toBeDefined();
  expect(seen[0]?.headers['x-amz-sdk-checksum-algorithm']).toBe('CRC32');
});

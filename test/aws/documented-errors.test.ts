import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { errorsDocument, fatesOf } from './documented-errors.ts';
import { MUTATIONS, type Service } from '../../src/aws/operations.ts';

const ROOT = new URL('../../', import.meta.url);
const PACKAGES: Partial<Record<Service, string>> = { autoscaling: 'auto-scaling', elbv2: 'elastic-load-balancing-v2', route53: 'route-53' };
const CHANGES = [...MUTATIONS].map((name) => name.split('.') as [Service, string]);

/** The errors that the SDK's documentation of an operation names; of the service's base class there is one in each. */
async function documented(service: Service, operation: string): Promise<string[]> {
  const path = `node_modules/@aws-sdk/client-${PACKAGES[service] ?? service}/dist-types/commands/${operation}Command.d.ts`;
  const text = await readFile(new URL(path, ROOT), 'utf8');
  return [...text.matchAll(/@throws \{@link (\w+)\}/g)].map((found) => found[1] ?? '').filter((name) => !name.endsWith('ServiceException'));
}

it.each(CHANGES)('%s.%s: every error that the SDK documents has its place', async (service, operation) => {
  const fates = fatesOf(service, operation);
  expect(fates).toBeDefined();
  expect((await documented(service, operation)).filter((name) => !Object.hasOwn(fates ?? {}, name))).toEqual([]);
});

it('what is terminal says which test shows it, or why no check looks for it', async () => {
  for (const [service, operation] of CHANGES) {
    for (const [error, { fate, by }] of Object.entries(fatesOf(service, operation) ?? {})) {
      if (fate !== 'terminal') continue;
      if (by.startsWith('no check: ')) {
        expect(by.length, `${operation} ${error}`).toBeGreaterThan('no check: '.length + 20);
        continue;
      }
      expect([by, existsSync(new URL(by, ROOT))]).toEqual([by, true]);
      expect(await readFile(new URL(by, ROOT), 'utf8'), `${by} shows ${error}`).toContain(error.replace(/Fault$/, ''));
    }
  }
});

it('docs/aws-errors.md is that table: npm run aws-errors', async () => {
  expect(await readFile(new URL('docs/aws-errors.md', ROOT), 'utf8')).toBe(errorsDocument());
});

import { expect, it } from 'vitest';
import { allPages, type Page } from '../../src/aws/pages.ts';

const OF = { service: 'ec2', region: 'ap-northeast-1', operation: 'DescribeInstances' } as const;
const pages = (next: (token: string | undefined) => Page<string>) => allPages(OF, (token) => Promise.resolve(next(token)));

it('all items of all pages, in their order', async () => {
  const answers: Record<string, Page<string>> = { '': { items: ['a'], next: '1' }, '1': { items: undefined, next: '2' }, '2': { items: ['b'], next: '' } };
  expect(await pages((token) => answers[token ?? ''] ?? { items: [], next: undefined })).toEqual(['a', 'b']);
});

it('a list that does not end is an error, and no part of it is an answer', async () => {
  await expect(pages(() => ({ items: ['a'], next: 'same' }))).rejects.toMatchObject({ code: 'IncompleteAnswer', kind: 'terminal' });
  let count = 0;
  await expect(pages(() => ({ items: [], next: String(count++) }))).rejects.toThrow('the list has not ended after 100 pages');
});

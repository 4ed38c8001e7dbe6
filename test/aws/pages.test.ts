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
  await expect(pages(() => ({ items: ['a'], next: 'same' }))).rejects.toMatchObject({ ...OF, message: 'ec2.DescribeInstances in ap-northeast-1: IncompleteAnswer: a page says that the next one is itself' });
});

it('a list of a hundred pages is read, each page once and with the token of the one before', async () => {
  const asked: (string | undefined)[] = [];
  const list = (count: number) => pages((token) => {
    asked.push(token);
    const page = Number(token ?? 0) + 1;
    return { items: [String(page)], next: page < count ? String(page) : undefined };
  });
  expect(await list(100)).toHaveLength(100);
  expect([asked.length, asked.slice(0, 3), asked.at(-1)]).toEqual([100, [undefined, '1', '2'], '99']);
  await expect(list(101)).rejects.toThrow('the list has not ended after 100 pages');
});

import { AwsError, INCOMPLETE } from './errors.ts';
import type { Service } from './operations.ts';

export interface Page<T> {
  items: readonly T[] | undefined;
  /** What the next page is asked for with; undefined or empty on the last one. */
  next: string | undefined;
}

/** Whose pages they are, for the error. */
export interface PagesOf {
  service: Service;
  region: string;
  operation: string;
}

/** More pages than any list has that `dr` reads; a look of a few says itself how many. */
const PAGES_MAX = 100;

/**
 * All items of all pages. A list that does not end is an error and no answer: nothing may be decided by a part of it.
 * @throws AwsError `IncompleteAnswer`
 */
export async function allPages<T>(of: PagesOf, page: (token: string | undefined) => Promise<Page<T>>, most = PAGES_MAX): Promise<T[]> {
  const all: T[] = [];
  let token: string | undefined;
  for (let asked = 0; asked < most; asked++) {
    const { items, next } = await page(token);
    all.push(...(items ?? []));
    if (next === undefined || next === '') return all;
    if (next === token) throw incomplete(of, 'a page says that the next one is itself');
    token = next;
  }
  throw incomplete(of, `the list has not ended after ${most} pages`);
}

/** The error for a list whose end was not seen. */
export function incomplete({ service, region, operation }: PagesOf, message: string): AwsError {
  return new AwsError({ service, region, operation, code: INCOMPLETE, message });
}

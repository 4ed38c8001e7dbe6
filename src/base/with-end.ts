/**
 * Does `work`, then `end`, whatever came of the work. What `end` throws never takes the place of a result or of the error of the work:
 * after an error it is dropped, after a result `failed` says what the result is then.
 */
export async function withEnd<T>(work: () => Promise<T>, end: () => Promise<unknown>, failed: (error: unknown, result: T) => T): Promise<T> {
  let result: T;
  try {
    result = await work();
  } catch (error) {
    await end().catch(() => undefined);
    throw error;
  }
  try {
    await end();
    return result;
  } catch (error) {
    return failed(error, result);
  }
}

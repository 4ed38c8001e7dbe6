import * as z from 'zod';

const wanted = 'expected an HTTP status, e.g. 200';

/** What the standby must answer in a drill; `http` is the address that users ask for. */
export const httpAssertionFields = {
  name: z.string().regex(/^[a-z][a-z0-9-]{0,40}$/, 'expected a short name of lowercase letters, digits and hyphens').describe('What it is about; it names the step'),
  status: z.int(wanted).min(100, wanted).max(599, wanted).optional().describe('HTTP status of the answer'),
  contains: z.string().min(1, 'expected a text').max(1_024).optional().describe('Must be part of the answer, of its first 64 KiB'),
  headers: z
    .record(z.string().regex(/^[A-Za-z0-9-]{1,64}$/, 'expected the name of a header'), z.string().max(1_024))
    .optional()
    .describe('Headers of the answer, with the value that each must have'),
};

export const httpAssertionSchema = z.strictObject({ ...httpAssertionFields, http: z.url() });
export type HttpAssertion = z.infer<typeof httpAssertionSchema>;

export function asserts({ status, contains, headers }: Omit<HttpAssertion, 'name' | 'http'>): boolean {
  return status !== undefined || contains !== undefined || Object.keys(headers ?? {}).length > 0;
}

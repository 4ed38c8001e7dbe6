import { readFile, stat } from 'node:fs/promises';

/** There is something of that name, and it is not read. */
export class NoPlainFile extends Error {}

/**
 * The bytes of a file that somebody else may have put there. Whatever is no plain file is not opened: a pipe would block for ever, and a device never end.
 * @throws NoPlainFile; the system's error where it cannot be read
 */
export async function readPlain(path: string, maxBytes: number): Promise<Buffer> {
  const info = await stat(path);
  if (!info.isFile()) throw new NoPlainFile('It is not a file.');
  if (info.size > maxBytes) throw new NoPlainFile(`It has ${info.size} bytes; at most ${maxBytes} are read.`);
  return readFile(path);
}

import { readFileSync } from 'node:fs';

/** Name and version of this package, and of the Node that runs it. */
export function toolVersion(): { name: string; version: string; node: string } {
  const { name, version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
    name: string;
    version: string;
  };
  return { name, version, node: process.version };
}

import { readFileSync } from 'node:fs';

/**
 * Name and version of this package, and of the Node that runs it. What was built between releases names its build, too, e.g.
 * `0.1.0+824981d9`: each may write a report otherwise.
 */
export function toolVersion(): { name: string; version: string; node: string } {
  const { name, version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
    name: string;
    version: string;
  };
  return { name, version: [version, ...build()].join('+'), node: process.version };
}

/** By the hash of what it was built from; none where the sources are run as they are. */
function build(): string[] {
  try {
    return [readFileSync(new URL('../.sources', import.meta.url), 'utf8').slice(0, 8)];
  } catch {
    return [];
  }
}

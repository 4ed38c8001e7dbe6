import { type AddressInfo, createServer, type Server } from 'node:net';
import { DrError } from '../base/errors.ts';

/** Resolves to the port: any that is free, unless one is given. @throws DrError when the machine has no such address; Error with code EADDRINUSE */
export function listen(server: Server, host: string, port = 0): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', (error) => reject(explainAddress(error, host)));
    server.listen(port, host, () => resolve((server.address() as AddressInfo).port));
  });
}

/** Resolves when its last connection has ended. */
export function closed(server: Server | undefined): Promise<void> {
  return new Promise((resolve) => {
    if (server?.listening === true) server.close(() => resolve());
    else resolve();
  });
}

/** A TCP port that is free on `host` right now. Somebody may take it before it is used: try again then. */
export async function freePort(host: string): Promise<number> {
  const server = createServer();
  const port = await listen(server, host);
  await closed(server);
  return port;
}

/**
 * Why nothing can listen at the address of a region. macOS has 127.0.0.1 only until more addresses are added; Linux and
 * Windows have all of 127.0.0.0/8. Any other error is given back as it is.
 */
function explainAddress(error: Error, address: string): Error {
  if ((error as NodeJS.ErrnoException).code !== 'EADDRNOTAVAIL') return error;
  return new DrError({
    code: 'LAB_ADDRESS',
    exit: 'lab',
    title: `This machine has no loopback address ${address}, which stands for a region of the lab.`,
    detail: 'Every region needs an address of its own, because DNS answers with addresses and not with ports.',
    next: [process.platform === 'linux' ? `sudo ip addr add ${address}/8 dev lo` : `sudo ifconfig lo0 alias ${address} up`],
    cause: error,
  });
}

import { DrError } from '../base/errors.ts';

/**
 * Why nothing can listen at the address of a region. macOS has 127.0.0.1 only until more addresses are added; Linux and
 * Windows have all of 127.0.0.0/8. Any other error is given back as it is.
 */
export function explainAddress(error: Error, address: string): Error {
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

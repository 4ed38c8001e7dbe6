import { fileURLToPath } from 'node:url';

/** The runbook that comes with `dr`, from src/ and from dist/ alike. */
export const EXAMPLE_RUNBOOK = fileURLToPath(new URL('../../runbooks/shop.yaml', import.meta.url));

/** How to get a first runbook. */
export function firstRunbook(folder: string): string[] {
  return [`dr init --help    writes one for each application that it finds in an account`, `mkdir -p ${folder} && cp ${EXAMPLE_RUNBOOK} ${folder}    an example to edit`];
}

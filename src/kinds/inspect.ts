import { AwsError } from '../aws/errors.ts';
import { finder, type About, type Finding } from '../model/finding.ts';

/** The findings of one look. A look that AWS does not answer is a finding too: what cannot be seen is not called ready. Nobody else's findings are lost by it. */
export async function looked(about: About, look: () => Promise<readonly Finding[]>): Promise<Finding[]> {
  try {
    return [...(await look())];
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    return [notSeen(about, error)];
  }
}

/** What one look sees, for others to rest on; or the finding that it was not answered. */
export async function peek<T>(about: About, look: () => Promise<T>): Promise<{ value?: T; findings: readonly Finding[] }> {
  try {
    return { value: await look(), findings: [] };
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    return { findings: [notSeen(about, error)] };
  }
}

/** A look at what no run asks: where AWS refuses it, it is said that nobody has looked. That says nothing against a failover. */
export async function ifAllowed(about: About, look: () => Promise<readonly Finding[]>): Promise<Finding[]> {
  try {
    return [...(await look())];
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    return [notChecked(error)];
  }
}

/** The same text for the same call of a region, so that it is said once. */
function notChecked({ service, region, operation, isDenied, message }: AwsError): Finding {
  return finder({ resource: `${service}:${region}`, region }).note('not-checked', {
    observed: isDenied ? `${service}:${operation} is not allowed in ${region}` : `${service}:${operation} in ${region}: ${message}`,
    wanted: `an answer to ${service}:${operation}`,
    consequence: 'what it would show is not known; a failover does not need it',
    mend: isDenied ? 'allow it: dr iam --verb check prints all that a check needs' : 'see what AWS says, and check again',
  });
}

/** Several looks at the same time. */
export async function lookedAll(about: About, looks: readonly (() => Promise<readonly Finding[]>)[]): Promise<Finding[]> {
  return (await Promise.all(looks.map((look) => looked(about, look)))).flat();
}

/** One finding for each service of a region that gives no answer, and one for each call that AWS refuses. */
function notSeen(about: About, error: AwsError): Finding {
  const { service, region, operation } = error;
  if (error.unreachable) {
    return finder({ resource: `${service}:${region}`, region }).error('region-silent', {
      observed: `${service} in ${region} gives no answer`,
      wanted: `an answer of ${service} in ${region}`,
      consequence: 'what it would show is not known, and not called ready',
      mend: 'look at the AWS Health Dashboard, and at the network of this machine',
    });
  }
  const mend = error.code.startsWith('AccessDenied') || error.code === 'UnauthorizedOperation'
    ? 'allow it: dr iam --verb check prints all that a check needs'
    : 'see what AWS says, and check again';
  return finder(about).error('not-seen', { observed: error.message, wanted: `an answer to ${service}:${operation} in ${region}`, consequence: 'what it would show is not known, and not called ready', mend });
}

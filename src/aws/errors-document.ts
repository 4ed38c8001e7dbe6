import { fatesOf } from './documented-errors.ts';
import { MUTATIONS, type Service } from './operations.ts';

const HEAD = `# What AWS may answer to a change, and what \`dr\` does then

Written by \`npm run aws-errors\` from \`src/aws/documented-errors.ts\`. The errors are those that the AWS SDK documents for each
operation; EC2 documents none per operation, so those that apply were chosen by hand.

- **foreseen**: a check before the first change refuses it, or the step asks right before the change.
- **waited out**: the request is made again, or the next look decides.
- **not sent**: the error is about something that \`dr\` never sends.
- **terminal**: the step fails with AWS's own words. The test that shows it is named, or why no check looks for it.

The same for every operation: throttling and HTTP 429 are waited out; HTTP 5xx, no answer and an answer that is not AWS's leave
open whether the change was made, so the next look decides; AccessDenied, and a request that is not valid, are terminal. What AWS clearly
refuses changed nothing, and no report counts it as requested.

## Names that a request carries and no check asks for

AWS refuses them with a general error (InvalidParameterValue, InvalidParameterCombination), which the SDK documents for no operation. The step fails in
AWS's words.

| name | where | why it is not asked for |
|---|---|---|
| monitoring role | a new replica | only IAM knows it, a control plane in one region, and RDS may refuse a role that exists |
| CA certificate | a new replica | it is that of the old instance; DescribeCertificates would say whether AWS still gives it, and is not called |
| KMS key: its state and policy | a restore, a new replica, backups in another region | \`dr\` has no right to read keys; that a key is of the right region is checked |
| instance class with an engine version, storage type | a restore, a new replica | one call lists hundreds of offers of a region, and says nothing of what is free |
| key pair, instance profile, image of a launch template | an Auto Scaling group | a group launches by itself: its scaling activities say why it cannot |
`;

/** The table of `documented-errors.ts` as docs/aws-errors.md. */
export function errorsDocument(): string {
  const parts = [...MUTATIONS].map((name) => {
    const [service = '', operation = ''] = name.split('.');
    const rows = Object.entries(fatesOf(service as Service, operation) ?? {}).sort(([a], [b]) => (a < b ? -1 : 1));
    return [`## ${name}`, '', '| error | what happens | by |', '|---|---|---|', ...rows.map(([error, { fate, by }]) => `| ${error} | ${fate} | ${by} |`), ''].join('\n');
  });
  return `${HEAD}\n${parts.join('\n')}`;
}

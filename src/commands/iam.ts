import * as Flags from '@oclif/core/flags';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type IamResult, IAM_VERBS } from '../app/iam.ts';
import { DrCommand } from '../cli/base-command.ts';
import { accountFlag, regionFlag } from '../cli/flag-values.ts';

export default class Iam extends DrCommand {
  static override summary = 'Print the least-privilege IAM policies that runs need, per verb and target region. Offline.';
  static override usage = 'iam [FILE|FOLDER...] [FLAGS]';
  static override strict = false;
  static override examples = [
    '<%= config.bin %> iam --verb failover --region ap-northeast-1 --account 123456789012 > policy.json',
    '<%= config.bin %> iam runbooks/shop.yaml --out policies',
  ];
  static override flags = {
    verb: Flags.option({ description: 'Default: all. resume and takeover need what the verb of their run needs', options: IAM_VERBS, helpValue: IAM_VERBS.join('|') })(),
    region: regionFlag({ description: 'Region that is active when the verb is done. Default: each region' }),
    account: accountFlag({ description: 'Account id for the ARNs' }),
    out: Flags.string({ description: 'Write each policy into a file of its own in this folder', helpValue: 'DIR' }),
  };

  override async run(): Promise<void> {
    const { argv, flags } = await this.parse(Iam);
    const { iamPolicies } = await import('../app/iam.ts');
    const { verb, region, account, out } = flags;
    const place = this.statePlace(flags.state);
    const state = typeof place === 'string' ? undefined : place.s3;
    const paths = argv.length === 0 ? ['./runbooks'] : argv.map(String);
    const results = await iamPolicies({ paths, verb, region, account, state });
    for (const note of new Set(results.flatMap((result) => result.notes))) this.warning(note);
    if (out !== undefined) {
      const files = await save(out, results);
      this.done({ policies: results, files }, () => files.join('\n'));
      return;
    }
    this.done({ policies: results }, () => text(results));
  }
}

/** One document is printed alone, to be given to AWS as it is; several with a line that says what each is for. */
function text(results: readonly IamResult[]): string {
  const documents = results.flatMap((result) => result.policies.map((policy, i) => ({ head: headOf(result, i, policy.size), body: JSON.stringify(policy.document, null, 2) })));
  const [only] = documents;
  if (only !== undefined && documents.length === 1) return only.body;
  return documents.map(({ head, body }) => `# ${head}\n${body}`).join('\n\n');
}

function headOf({ verb, region, runbooks, policies }: IamResult, i: number, size: number): string {
  const part = policies.length === 1 ? '' : `, part ${i + 1} of ${policies.length}`;
  return `${verb} to ${region}: ${runbooks.join(', ')}${part} (${size} of 6144 characters)`;
}

async function save(dir: string, results: readonly IamResult[]): Promise<string[]> {
  await mkdir(dir, { recursive: true });
  const files: string[] = [];
  for (const { verb, region, policies } of results) {
    for (const [i, { document }] of policies.entries()) {
      const file = join(dir, `${verb}-${region}${policies.length === 1 ? '' : `-${i + 1}`}.json`);
      await writeFile(file, `${JSON.stringify(document, null, 2)}\n`, { mode: 0o600 });
      files.push(file);
    }
  }
  return files;
}

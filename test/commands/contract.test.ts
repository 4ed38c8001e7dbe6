import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { ROOT } from './run-dr.ts';

interface Manifest {
  commands: Record<string, { args: Record<string, { required?: boolean }>; flags: Record<string, { type: string; required?: boolean; options?: string[]; multiple?: boolean }> }>;
}

/** Commands, arguments and flags are what scripts rely on: a change here is a change for everybody who has one. */
it('commands and their flags are as they were', () => {
  const { commands } = JSON.parse(readFileSync(join(ROOT, 'oclif.manifest.json'), 'utf8')) as Manifest;
  const lines = Object.entries(commands).map(([id, { args, flags }]) => {
    const named = Object.entries(args).map(([name, arg]) => (arg.required === true ? name.toUpperCase() : `[${name.toUpperCase()}]`));
    const flagged = Object.entries(flags)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, flag]) => `--${name}${flag.type === 'option' ? `=${flag.options?.join('|') ?? ''}` : ''}${flag.multiple === true ? '…' : ''}${flag.required === true ? '!' : ''}`);
    return [id.replaceAll(':', ' '), ...named, ...flagged].join(' ');
  });
  expect(lines.sort().join('\n')).toMatchInlineSnapshot(`
    "abort [RUN] --confirm= --json --output=text|jsonl --reason= --state=
    approve RUN --as= --confirm= --gate= --json --key= --print --reject --signature= --state= --valid-for=
    assess --impact-at= --json --region= --runbook= --runbooks= --state=
    check --fail-on=error|warning|note|never --format=text|junit|sarif|prometheus --json --notify --region= --runbook= --runbooks= --state= --watch=
    doctor --json --state= --without=…
    drill --acknowledge-flap= --again=… --approved-by=… --back-within= --confirm= --done=… --due= --from= --json --keep= --lab --live --output=text|jsonl --plan= --reason= --region= --run-custom-steps --runbook= --runbooks= --state=
    drill clean [RUN] --json --output=text|jsonl --state= --takeover
    drill sweep --json --list --region=… --runbooks= --state=
    evidence --as= --due= --from=! --json --key= --out=! --state= --to=! --unsigned
    explain [NAME] --json --state=
    failover --accept-data-loss= --acknowledge-flap= --again=… --approved-by=… --attest-source-down= --confirm= --done=… --except= --from= --impact-at= --json --lab --only= --output=text|jsonl --plan= --reason= --region= --run-custom-steps --runbook= --runbooks= --state=
    help --json --state=
    history --due= --html= --json --state=
    iam --account= --json --out= --region= --state= --verb=failover|switchover|reprotect|drill|abort|check
    init --approver=… --dry-run --json --only= --owner= --permissions --regions= --rpo= --rto= --runbooks= --state= --terraform=
    issue add RUN TITLE --due=! --json --owner=! --state=
    issue close RUN NUMBER --json --note=! --state=
    lab break REGION --json --network --state=
    lab env --json --state=
    lab heal REGION --json --state=
    lab start --foreground --json --port= --runbook=… --runbooks= --state=
    lab status --json --state=
    lab stop --json --state=
    plan --detailed-exitcode --except= --from= --iam --json --only= --out= --region= --runbook= --runbooks= --standby= --state= --verb=failover|switchover|reprotect|drill
    rehearse --account= --assert=… --calm --decide= --duration=… --first-seed= --from= --from-account --json --lost-application=silent|refuses --out= --prove --region= --runbook= --runbooks= --runs= --save-account= --seed= --state= --threads=
    report [RUN] --format=html|json|markdown|junit|csv… --impact-at= --json --print --state=
    reprotect --again=… --approved-by=… --confirm= --done=… --json --output=text|jsonl --plan= --reason= --region= --run-custom-steps --runbook= --runbooks= --standby= --state=
    resume [RUN] --accept-data-loss= --acknowledge-flap= --again=… --all --approved-by=… --attest-source-down= --done=… --impact-at= --json --output=text|jsonl --reason= --run-custom-steps --state=
    schema --json --state=
    sign RUN --as= --comment= --confirm= --json --key= --print --signature= --state=
    status [RUN] --json --state= --watch
    switchover --acknowledge-flap= --again=… --approved-by=… --confirm= --done=… --from= --json --output=text|jsonl --plan= --reason= --region= --run-custom-steps --runbook= --runbooks= --state=
    takeover [RUN] --abort --accept-data-loss= --acknowledge-flap= --again=… --all --approved-by=… --attest-source-down= --confirm= --done=… --json --output=text|jsonl --reason= --run-custom-steps --state=
    validate --json --state=
    verify PATH --json --signers= --state=
    version --json --state=
    watch --every= --heartbeat= --json --looks= --notify --out= --region= --runbook= --runbooks= --state="
  `);
});

it('every command shows by examples how it is typed', () => {
  const { commands } = JSON.parse(readFileSync(join(ROOT, 'oclif.manifest.json'), 'utf8')) as { commands: Record<string, { examples?: string[] }> };
  const bare = Object.entries(commands).filter(([id, { examples }]) => id !== 'help' && !(examples ?? []).some((example) => example.includes(`%> ${id.replaceAll(':', ' ')}`)));
  expect(bare.map(([id]) => id)).toEqual([]);
});

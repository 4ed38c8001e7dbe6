import * as Args from '@oclif/core/args';
import * as Flags from '@oclif/core/flags';
import { systemClock } from '../../base/clock.ts';
import { DrCommand } from '../../cli/base-command.ts';
import { issueLines } from '../../cli/notes-view.ts';

export default class IssueClose extends DrCommand {
  static override summary = 'Note that an issue of a run is done with.';
  static override args = { run: Args.string({ description: 'Run id, or its unique beginning or end', required: true }), number: Args.integer({ description: 'Number of the issue, as the report has it', required: true, min: 1 }) };
  static override flags = { note: Flags.string({ description: 'What was done', helpValue: 'TEXT', required: true }) };
  static override examples = ['<%= config.bin %> issue close 1a2b3c 1 --note "The group is there, see the commit"'];

  override async run(): Promise<void> {
    const { args, flags } = await this.parse(IssueClose);
    const { closeIssue } = await import('../../app/notes.ts');
    const { evidence, report, unsent } = await closeIssue({ state: this.statePlace(flags.state), run: args.run, clock: systemClock }, args.number, flags.note);
    if (unsent !== undefined) this.warning(unsent);
    this.done({ run: evidence.test.id, issues: evidence.issues, report }, () => issueLines(evidence, report));
  }
}

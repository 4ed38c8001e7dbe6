import * as Args from '@oclif/core/args';
import * as Flags from '@oclif/core/flags';
import { systemClock } from '../../base/clock.ts';
import { DrCommand } from '../../cli/base-command.ts';
import { dayFlag } from '../../cli/flag-values.ts';
import { issueLines } from '../../cli/notes-view.ts';

export default class IssueAdd extends DrCommand {
  static override summary = 'Note what has to be done about what a run showed: who does it, and until when. It becomes part of the journal and of the report.';
  static override args = { run: Args.string({ description: 'Run id, or its unique beginning or end', required: true }), title: Args.string({ description: 'What has to be done', required: true }) };
  static override flags = {
    owner: Flags.string({ description: 'Who does it', helpValue: 'NAME', required: true }),
    due: dayFlag({ description: 'Until which day' }),
  };
  static override examples = ['<%= config.bin %> issue add 1a2b3c "Give the replica a quarantine group" --owner alice@example.com --due 2026-12-24'];

  override async run(): Promise<void> {
    const { args, flags } = await this.parse(IssueAdd);
    const { addIssue } = await import('../../app/notes.ts');
    const issue = { title: args.title, owner: flags.owner, due: flags.due };
    const { evidence, report, unsent } = await addIssue({ state: this.statePlace(flags.state), run: args.run, clock: systemClock }, issue);
    if (unsent !== undefined) this.warning(unsent);
    this.done({ run: evidence.test.id, issues: evidence.issues, report }, () => issueLines(evidence, report));
  }
}

import * as Flags from '@oclif/core/flags';
import { DrError } from '../../base/errors.ts';
import { DrCommand } from '../../cli/base-command.ts';
import { regionEachFlag } from '../../cli/flag-values.ts';
import { painterFor, terminalWidth } from '../../cli/text.ts';
import { drainOnSignals } from '../../cli/signals.ts';
import { isLeft, sweepJson, sweepText } from '../../cli/sweep-view.ts';

export default class DrillSweep extends DrCommand {
  static override summary = 'Find what drills have left in an account, and delete what this state has a journal of.';
  static override description =
    'Looks in every region and zone for names that begin with dr-drill- and for the tag dr:drill, and says how old each is and about what it costs a day. ' +
    'Deletes only what proves by its name, its tag and the journal of its drill that the drill made it; the rest is listed, with the command that deletes it. ' +
    'A drill that is at work, and twins that are kept, are left as they are.';
  static override examples = ['<%= config.bin %> drill sweep', '<%= config.bin %> drill sweep --list', '<%= config.bin %> drill sweep --region ap-northeast-1 --region ap-northeast-2'];
  static override flags = {
    region: regionEachFlag({ description: 'Region to look in; can be given more than once. Default: those that the runbooks name' }),
    runbooks: Flags.string({ description: 'Folder of the runbooks', helpValue: 'DIR', default: './runbooks' }),
    list: Flags.boolean({ description: 'Delete nothing' }),
  };

  override async run(): Promise<void> {
    const { flags } = await this.parse(DrillSweep);
    const regions = flags.region === undefined ? await regionsOf(flags.runbooks) : [...new Set(flags.region)];
    const { sweepDrills } = await import('../../app/sweep-drills.ts');
    const drain = drainOnSignals(() => this.note('Stopping: the clean-up at work ends first. Ctrl-C again quits now.'), () => 'Quit: what was not deleted is found by: dr drill sweep');
    try {
      const result = await sweepDrills({ regions, state: this.statePlace(flags.state), list: flags.list, drain: drain.signal, onMessage: (text) => this.note(text) });
      const exit = result.notLooked.length > 0 ? 'aws' : result.found.some(isLeft) ? 'leftBehind' : 'ok';
      this.done(sweepJson(result), () => sweepText(result, terminalWidth(), painterFor(process.stdout)), exit);
    } finally {
      drain.dispose();
    }
  }
}

/** Of all runbooks of a folder. @throws DrError where it names none */
async function regionsOf(folder: string): Promise<string[]> {
  const [{ findRunbooks }, { loadRunbook }] = await Promise.all([import('../../runbook/find.ts'), import('../../runbook/load.ts')]);
  const loaded = await Promise.all((await findRunbooks(folder)).map((path) => loadRunbook(path)));
  const regions = [...new Set(loaded.flatMap(({ runbook }) => runbook.regions.map(({ id }) => id)))].sort();
  if (regions.length > 0) return regions;
  throw new DrError({ code: 'REGION_NEEDED', exit: 'usage', title: `No runbook in ${folder} names a region to look in.`, next: ['dr drill sweep --region REGION'] });
}

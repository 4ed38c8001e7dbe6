import * as Flags from '@oclif/core/flags';
import type { Interfaces } from '@oclif/core';
import { leftTwinsLine } from '../app/left-twins.ts';
import type { StatePlace } from '../app/state.ts';
import { formatDuration } from '../base/duration.ts';
import { durationFlag, regionFlag } from '../cli/flag-values.ts';
import { flapFlag, fromFlag, outputFlags, peopleFlags, startFlags, targetFlags } from '../cli/run-flags.ts';
import { StartCommand } from '../cli/start-command.ts';

/** In which users must be back. */
const BACK = { ms: 60_000, mostMs: 7 * 86_400_000, shown: 'from 1m to 7d,' };

/** How long twins may be kept. */
const KEEP = { ms: 60_000, mostMs: 7 * 86_400_000, shown: 'from 1m to 7d,' };

export default class Drill extends StartCommand {
  static override summary = 'Practise a failover on copies (twins) of the standby, then delete them. Production stays as it is.';
  static override description =
    'Makes a replica of the standby (or restores a backup), promotes it and writes a row to it; launches one instance of each Auto Scaling group; ' +
    'makes a DNS record of its own and resolves it; sends one request to the standby. ' +
    'Everything that it makes has a name that begins with dr-drill-, and is deleted at the end, also after a failure and after Ctrl-C. ' +
    'With --live nothing is copied: users are moved there and back. ' +
    'What a killed process has left: dr drill clean. What any drill has left in the account: dr drill sweep.';
  static override examples = [
    '<%= config.bin %> drill --region ap-northeast-1 --lab',
    '<%= config.bin %> drill --region ap-northeast-1 --runbook shop --confirm shop',
    '<%= config.bin %> plan --verb drill --region ap-northeast-1',
    '<%= config.bin %> drill --live --region ap-northeast-1 --back-within 6h --runbook shop',
  ];
  static override flags = {
    ...targetFlags,
    region: regionFlag({ description: 'Region that would become active, e.g. ap-northeast-1' }),
    ...fromFlag,
    ...startFlags,
    lab: Flags.boolean({ description: 'Against a local two-region lab, which is started and stopped' }),
    keep: durationFlag('2h', { description: 'Leave the twins for so long, for people to look at, e.g. 2h. dr drill clean deletes them; nothing else does', exclusive: ['lab'] }, KEEP),
    live: Flags.boolean({ description: 'No twins: really move users to the region and home again, by a switchover each way. Needs --back-within, and a confirmation of its own: live NAME', exclusive: ['keep', 'plan'], dependsOn: ['back-within'] }),
    'back-within': durationFlag('2h', { description: 'Users must be back within that time, e.g. 6h. Refused if the way there and back may take longer; no way home is begun after it' }, BACK),
    due: durationFlag('30d', { description: 'Do nothing if this very runbook has passed a drill into the region within that time, e.g. 30d', exclusive: ['plan', 'lab'] }),
    ...flapFlag,
    ...peopleFlags,
    ...outputFlags,
  };

  override async run(): Promise<void> {
    const { flags } = await this.parse(Drill);
    this.needRegion('drill', flags);
    if (await this.#passed(flags, this.statePlace(flags.state))) return;
    if (flags.live && flags['back-within'] !== undefined) return this.startLive(flags, flags['back-within']);
    if (!flags.lab) return this.start('drill', flags);
    return this.start('drill', flags, async (request) => (await import('../app/lab-failover.ts')).labDrill(request));
  }

  /** True, and said, where `--due` is given and no drill is due. */
  async #passed(flags: Interfaces.InferredFlags<typeof Drill.flags>, state: StatePlace): Promise<boolean> {
    const { due: withinMs, region, runbook, runbooks } = flags;
    if (withinMs === undefined || region === undefined) return false;
    const { dueCleanUps, passedDrill } = await import('../app/due-drill.ts');
    const mode = (process.env['DR_LAB'] ?? '') === '' ? 'live' : 'lab';
    const now = Date.now();
    const question = { region, runbooks, state, mode, withinMs, now, ...(runbook === undefined ? {} : { runbook }) } as const;
    const found = await passedDrill(question);
    if (found === undefined) return false;
    const cleanUps = await dueCleanUps(question);
    const lines = [`No drill is due: ${found.run} passed ${formatDuration(now - found.lastAt)} ago, with this runbook.`, ...cleanUps.map(leftTwinsLine)];
    this.done({ due: false, run: found.run, cleanUps: cleanUps.map(({ run }) => run) }, () => lines.join('\n'), cleanUps.length === 0 ? 'ok' : 'leftBehind');
    return true;
  }
}

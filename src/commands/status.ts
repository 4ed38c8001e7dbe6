import * as Args from '@oclif/core/args';
import * as Flags from '@oclif/core/flags';
import type { Standing } from '../app/standing.ts';
import type { DamagedRun } from '../app/runs.ts';
import { iso } from '../base/clock.ts';
import { DrCommand } from '../cli/base-command.ts';
import { endText, runJson, statusText } from '../cli/run-view.ts';
import { fit, painterFor, terminalWidth } from '../cli/text.ts';

export default class Status extends DrCommand {
  static override summary = 'Show where a run stands, who works on it, and what to do next.';
  static override examples = [
    '<%= config.bin %> status',
    '<%= config.bin %> status 1a2b3c --watch',
    '<%= config.bin %> status --watch --state "s3://dr-state/shop?region=ap-northeast-1"',
  ];
  static override args = { run: Args.string({ description: 'Run id, or its unique beginning or end. Default: the newest run' }) };
  static override flags = { watch: Flags.boolean({ description: 'Follow it live, also a run of another machine, until it ends or nobody works on it. Reads only' }) };

  override async run(): Promise<void> {
    const { args, flags } = await this.parse(Status);
    const { leftOutLine } = await import('../app/runs.ts');
    const place = this.statePlace(flags.state);
    const leftOut = (run: DamagedRun) => this.warning(leftOutLine(run));
    const paint = painterFor(process.stdout);
    if (flags.watch) {
      const { watchStatus } = await import('../cli/watch-run.ts');
      const view = await watchStatus({ place, run: args.run, leftOut }, this.json);
      this.done(standingJson(view), () => fit(endText(view, paint), terminalWidth()));
      return;
    }
    const { standingOf } = await import('../app/standing.ts');
    const view = await standingOf(place, args.run, Date.now(), leftOut);
    this.done(standingJson(view), () => fit(statusText(view, paint), terminalWidth()));
  }
}

function standingJson({ state, holder: lock, seen, standby, left = [] }: Standing): object {
  const { run: _run, token: _token, ...holder } = lock ?? {};
  const running = lock === undefined ? { running: false } : { running: seen ? true : null, holder };
  const { resume, ...shown } = runJson(state);
  const since = standby?.unprotectedSince;
  const bare = standby === undefined ? {} : { unprotectedSince: since === undefined ? null : iso(since) };
  return { ...shown, ...running, ...bare, ...(left.length === 0 ? {} : { leftByDrills: left.map(({ run, twins = null, keptUntil: until }) => ({ run, twins, ...(until === undefined ? {} : { keptUntil: iso(until) }), clean: `dr drill clean ${run}` })) }), ...(lock === undefined && resume !== undefined ? { resume } : {}) };
}

import * as Args from '@oclif/core/args';
import { DrCommand } from '../cli/base-command.ts';
import { runJson, statusText } from '../cli/run-view.ts';
import { painterFor } from '../cli/style.ts';
import { fit, terminalWidth } from '../cli/text.ts';

export default class Status extends DrCommand {
  static override summary = 'Show where a run stands, who works on it, and what to do next.';
  static override examples = ['<%= config.bin %> status', '<%= config.bin %> status 20261120T101500Z-shop-failover-1a2b3c'];
  static override args = { run: Args.string({ description: 'Run id, or its unique beginning or end. Default: the newest run' }) };

  override async run(): Promise<void> {
    const { args, flags } = await this.parse(Status);
    const { standingOf } = await import('../app/standing.ts');
    const { leftOutLine } = await import('../app/runs.ts');
    const view = await standingOf(this.statePlace(flags.state), args.run, Date.now(), (run) => this.warning(leftOutLine(run)));
    const { run: _run, token: _token, ...holder } = view.holder ?? {};
    const running = view.holder === undefined ? { running: false } : { running: view.seen ? true : null, holder };
    const { resume, ...shown } = runJson(view.state);
    const result = { ...shown, ...running, ...(view.holder === undefined && resume !== undefined ? { resume } : {}) };
    this.done(result, () => fit(statusText(view, painterFor(process.stdout)), terminalWidth()));
  }
}

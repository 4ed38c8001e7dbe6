import * as Flags from '@oclif/core/flags';
import type { Assessment } from '../app/assess/assess.ts';
import type { Heartbeat, News } from '../app/assess/watch.ts';
import { assessText } from '../cli/assess-view.ts';
import { DrCommand } from '../cli/base-command.ts';
import { countFlagOr, durationFlagOr, regionFlag } from '../cli/flag-values.ts';
import { targetFlags } from '../cli/run-flags.ts';
import { painterFor, terminalWidth } from '../cli/text.ts';

const LEAST = { ms: 10_000, shown: '10s or more,' };

export default class Watch extends DrCommand {
  static override summary = 'Assess again and again; say once when moving is recommended, with the evidence and the command. Never acts.';
  static override description =
    'Makes the look of `dr assess` at each pause. Only what several looks in a row say counts as changed, and each change is said once: something is wrong, a failover is recommended, ' +
    'or it is over. Where a failover is recommended it also makes the plan (saved with --out), and with --notify tells the notifiers of the runbook. ' +
    'A person decides. Ctrl-C ends it; the exit code is that of `dr assess` for the last look.';
  static override examples = [
    '<%= config.bin %> watch --runbook shop --region ap-northeast-1 --notify',
    '<%= config.bin %> watch --every 1m --looks 5 --heartbeat 15m --out plans',
  ];
  static override flags = {
    ...targetFlags,
    region: regionFlag({ description: 'The region that would become active. Default: each that is not active now' }),
    every: durationFlagOr('30s', { description: 'Pause between two looks' }, LEAST),
    looks: countFlagOr(3, 100, { description: 'Looks in a row that must say so before anything counts as changed' }),
    heartbeat: durationFlagOr('1h', { description: 'How often a line says that it still watches' }, LEAST),
    notify: Flags.boolean({ description: 'Tell the notifiers of the runbook what has changed' }),
    out: Flags.string({ description: 'Folder into which the plan of a recommended failover is saved, for `dr failover --plan FILE`', helpValue: 'DIR' }),
  };

  override async run(): Promise<void> {
    const { flags } = await this.parse(Watch);
    const { runbook, runbooks, region, looks, notify, out, every: everyMs, heartbeat: heartbeatMs } = flags;
    const [{ assessLoaded, exitOf }, { newsLines, watchAssessments }, { tellNotifiers }, { liveEffects }, { drainOnSignals }, { chooseRunbook, planFor }, { mkdir }] = await Promise.all([
      import('../app/assess/assess.ts'),
      import('../app/assess/watch.ts'),
      import('../app/tell.ts'),
      import('../app/live-effects.ts'),
      import('../cli/signals.ts'),
      import('../app/make-plan.ts'),
      import('node:fs/promises'),
    ]);
    const loaded = await chooseRunbook({ runbooks, ...(runbook === undefined ? {} : { runbook }) });
    if (out !== undefined) await mkdir(out, { recursive: true });
    const effects = liveEffects();
    const drain = drainOnSignals(() => this.note('No longer watching.'), () => 'No longer watching.');
    const last = await watchAssessments({
      everyMs,
      heartbeatMs,
      confirm: looks,
      clock: effects.clock,
      until: drain.signal,
      plansInto: out,
      assess: (impactAt) => assessLoaded(loaded, { runbooks, region, impactAt, state: this.statePlace(flags.state), effects: liveEffects(), signal: drain.signal }),
      plan: async (target) => (await planFor(effects, loaded, { verb: 'failover', region: target })).plan,
      onLook: (assessment, first) => this.#first(assessment, first),
      onNews: async (news) => {
        const lines = newsLines(news);
        this.#say(news.at, lines);
        if (!notify) return;
        for (const why of await tellNotifiers(effects, loaded, lines.join('\n'), news.target)) this.warning(`nobody was notified: ${why}`);
      },
      onHeartbeat: (beat) => this.#say(beat.at, [heartbeatLine(beat)]),
      onError: (why) => (why === undefined ? this.note('The look was made again.') : this.warning(`the look could not be made: ${why}`)),
    });
    drain.dispose();
    if (last !== undefined) this.done({ assessment: last }, () => '', exitOf(last));
  }

  /** The first look as `dr assess` shows it; from then on only what has changed. */
  #first(assessment: Assessment, first: boolean): void {
    if (!first || this.json) return;
    this.log(assessText(assessment, painterFor(process.stdout), terminalWidth()));
    this.note(`Watching; Ctrl-C ends it.`);
  }

  #say(at: News['at'], lines: readonly string[]): void {
    if (this.json) return;
    this.log(lines.map((line, i) => (i === 0 ? `${at}  ${line}` : `  ${line}`)).join('\n'));
  }
}

function heartbeatLine({ looks, failed, ways }: Heartbeat): string {
  const held = ways.map(({ runbook, source, target, standing }) => `${runbook} ${source} → ${target}: ${standing}`).join('; ');
  return `still watching: ${held === '' ? 'no look was made yet' : held}; ${looks} looks${failed === 0 ? '' : `, and ${failed} that could not be made`}`;
}

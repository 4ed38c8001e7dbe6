import * as Flags from '@oclif/core/flags';
import type { CheckRequest, CheckResult, PlacedFinding } from '../app/check/check.ts';
import type { ExitName } from '../base/exit-codes.ts';
import { DrCommand } from '../cli/base-command.ts';
import { toolVersion } from '../app/version.ts';
import { checkJunit, checkPrometheus, checkSarif } from '../cli/check-formats.ts';
import { checkText } from '../cli/check-view.ts';
import { durationFlag, regionFlag } from '../cli/flag-values.ts';
import { targetFlags } from '../cli/run-flags.ts';
import { painterFor, terminalWidth } from '../cli/text.ts';
import { atLeast, SEVERITIES } from '../model/finding.ts';

const FAIL_ON = [...SEVERITIES, 'never'] as const;
const FORMATS = ['text', 'junit', 'sarif', 'prometheus'] as const;
const WATCH_LEAST = { ms: 30_000, shown: '30s or more,' };

type Fails = (finding: PlacedFinding) => boolean;

export default class Check extends DrCommand {
  static override summary = 'Would a failover work now, and keep its objectives? Looks at both regions. Changes nothing.';
  static override description =
    'Makes the checks that a failover would make, as if the active region were lost and everybody agreed, and looks at what no run would refuse: ' +
    'what the standby lacks that the active side has. Each finding says what was seen, what is wanted and how to mend it. ' +
    'Findings that the runbook accepts (`accepts:`) are shown, and fail nothing.';
  static override examples = [
    '<%= config.bin %> check',
    '<%= config.bin %> check --runbook shop --region ap-northeast-1',
    '<%= config.bin %> check --fail-on warning --format junit > check.xml',
    '<%= config.bin %> check --watch 5m --notify',
  ];
  static override flags = {
    ...targetFlags,
    runbook: Flags.string({ description: 'Runbook, by name or path. Default: every one of the folder', helpValue: 'NAME|PATH' }),
    region: regionFlag({ description: 'The region that would become active. Default: each that is not active now' }),
    'fail-on': Flags.option({ description: 'The least severity for which the exit code is 15', options: FAIL_ON, default: 'error' as const, helpValue: FAIL_ON.join('|') })(),
    format: Flags.option({ description: 'How it is printed on stdout', options: FORMATS, default: 'text' as const, helpValue: FORMATS.join('|'), exclusive: ['json'] })(),
    watch: durationFlag('5m', { description: 'Check again and again, with that pause, until Ctrl-C; what has changed is printed', exclusive: ['json'] }, WATCH_LEAST),
    notify: Flags.boolean({ description: 'With --watch: tell the notifiers of the runbook what has changed', dependsOn: ['watch'] }),
  };

  override async run(): Promise<void> {
    const { flags } = await this.parse(Check);
    const { runbook, runbooks, region, format, watch } = flags;
    const { check } = await import('../app/check/check.ts');
    const threshold = flags['fail-on'];
    const fails: Fails = (finding) => threshold !== 'never' && finding.accepted === undefined && atLeast([finding], threshold).length > 0;
    const request = { runbooks, region, state: this.statePlace(flags.state), ...(runbook === undefined ? {} : { runbook }) };
    if (watch !== undefined) return this.#watch(request, { everyMs: watch, fails, format, notify: flags.notify });
    const results = await check(request);
    await this.#show(results, format, fails);
  }

  async #show(results: readonly CheckResult[], format: (typeof FORMATS)[number], fails: Fails): Promise<void> {
    const exit: ExitName = results.some(({ findings }) => findings.some(fails)) ? 'notReady' : 'ok';
    const text = printed(results, format, fails);
    this.done({ checks: results }, () => text, exit);
  }

  /** Until Ctrl-C. The exit code is that of the last check. */
  async #watch(request: CheckRequest, { everyMs, fails, format, notify }: { everyMs: number; fails: Fails; format: (typeof FORMATS)[number]; notify: boolean }): Promise<void> {
    const [{ check, chosen }, { watchChecks, changeLines }, { tellNotifiers }, { liveEffects }, { drainOnSignals }, { systemClock }] = await Promise.all([
      import('../app/check/check.ts'),
      import('../app/check/watch.ts'),
      import('../app/tell.ts'),
      import('../app/live-effects.ts'),
      import('../cli/signals.ts'),
      import('../base/clock.ts'),
    ]);
    const drain = drainOnSignals(() => this.note('No longer watching.'), () => 'No longer watching.');
    let first = true;
    await watchChecks({
      everyMs,
      clock: systemClock,
      until: drain.signal,
      check: () => check({ ...request, signal: drain.signal }),
      counts: fails,
      onError: (error) => this.warning(error instanceof Error ? error.message : String(error)),
      onRound: async (results, changes) => {
        if (first || format !== 'text') await this.#show(results, format, fails);
        else for (const line of changes.flatMap(changeLines)) this.log(line);
        process.exitCode = results.some(({ findings }) => findings.some(fails)) ? 15 : 0;
        const told = notify && !first ? changes : [];
        first = false;
        for (const change of told) {
          const loaded = (await chosen(request)).find((one) => one.runbook.name === change.runbook);
          if (loaded === undefined) continue;
          const target = results.find((one) => one.runbook === change.runbook)?.ways[0]?.target;
          for (const why of await tellNotifiers(liveEffects(), loaded, `check: ${changeLines(change).join('\n')}`, target)) this.warning(`nobody was notified: ${why}`);
        }
      },
    });
    drain.dispose();
  }
}

function printed(results: readonly CheckResult[], format: (typeof FORMATS)[number], fails: Fails): string {
  switch (format) {
    case 'text':
      return results.map((one) => checkText(one, painterFor(process.stdout), terminalWidth())).join('\n\n');
    case 'junit':
      return checkJunit(results, fails);
    case 'sarif':
      return checkSarif(results, toolVersion().version);
    case 'prometheus':
      return checkPrometheus(results);
  }
}

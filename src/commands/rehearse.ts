import * as Flags from '@oclif/core/flags';
import { writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import type { WorldSource } from '../app/rehearse/rehearse.ts';
import { DrCommand } from '../cli/base-command.ts';
import { proveText, rehearseText, replayText } from '../cli/rehearse-view.ts';
import { painterFor, terminalWidth } from '../cli/text.ts';
import { toJsonText } from '../cli/envelope.ts';
import { countFlag, countFlagOr, fileFlag } from '../cli/flag-values.ts';
import { fromFlag, targetFlags } from '../cli/run-flags.ts';
import { DrError } from '../base/errors.ts';

/** Where the world of a rehearsal comes from; undefined: the runbook alone. */
function worldOf(flags: { 'from-account': boolean; 'save-account'?: string | undefined; account?: string | undefined }): WorldSource | undefined {
  if (flags.account !== undefined) return { file: flags.account };
  return flags['from-account'] ? { save: flags['save-account'] } : undefined;
}

export default class Rehearse extends DrCommand {
  static override summary = 'Play a failover many times in simulated time: how long it would take, and how often it would keep its objectives.';
  static override description =
    'Plays the runbook as it is, by the code that runs on AWS, in a model of AWS: each time the region is lost, and everything takes another time, drawn from documented defaults or from what you give. ' +
    'Nothing real is touched, and every figure is simulated. Offline, unless --from-account is given, which reads the account first.';
  static override examples = [
    '<%= config.bin %> rehearse --region ap-northeast-1 --runbook runbooks/shop.yaml --runs 1000',
    '<%= config.bin %> rehearse --region ap-northeast-1 --assert "rto.p95 < 15m" --assert "recovered >= 99%"',
    '<%= config.bin %> rehearse --region ap-northeast-1 --duration promotion=4m/9m --decide 10m --out rehearsal.html',
    '<%= config.bin %> rehearse --region ap-northeast-1 --from-account',
    '<%= config.bin %> rehearse --region ap-northeast-1 --seed 42',
    '<%= config.bin %> rehearse --region ap-northeast-1 --prove --out proofs.xml',
  ];
  static override flags = {
    ...targetFlags,
    ...fromFlag,
    runs: countFlagOr(200, 1_000_000, { description: 'How many failovers' }),
    seed: countFlag({ example: '42' }, { description: 'Replay this one, step by step', helpValue: 'SEED', exclusive: ['runs', 'assert', 'out'] }),
    'first-seed': countFlagOr(1, Number.MAX_SAFE_INTEGER, { description: 'Seed of the first; each has the next one. The same seeds give the same figures', helpValue: 'SEED' }),
    duration: Flags.string({ description: 'How long something takes with you, e.g. promotion=8m, or half and 19 of 20 of the time: promotion=4m/12m; can be given more than once', helpValue: 'NAME=TIME', multiple: true, multipleNonGreedy: true }),
    decide: Flags.string({ description: 'From the loss of the region to the start of the failover, e.g. 5m or 5m/15m', helpValue: 'TIME' }),
    'from-account': Flags.boolean({ description: 'Look at the account first, without changing anything, and rehearse with what is there: states, lag, sizes, records, health checks. What is not taken from it is listed', exclusive: ['account'] }),
    'save-account': { ...fileFlag(['.json'], { description: 'With --from-account: keep what was read in a file' }), dependsOn: ['from-account'] },
    account: Flags.string({ description: 'Rehearse with what --save-account kept; no call is made', helpValue: 'FILE' }),
    'lost-application': Flags.option({ description: 'What users of the lost region get: no answer until their time is up, or a refused connection', options: ['silent', 'refuses'] as const, default: 'silent' as const, helpValue: 'silent|refuses' })(),
    calm: Flags.boolean({ description: 'AWS answers as it should: no throttling, no lost answers' }),
    assert: Flags.string({ description: 'What must hold, e.g. "rto.p95 < 15m", "rpo.met >= 99%"; can be given more than once', helpValue: 'TEXT', multiple: true, multipleNonGreedy: true }),
    prove: Flags.boolean({ description: 'Plant troubles, one after the other: each must be refused or recovered from. One that goes unnoticed fails', exclusive: ['seed', 'runs', 'assert'] }),
    out: fileFlag(['.html', '.svg', '.json', '.xml'], { description: 'Write a file: picture and figures as .html, .svg or .json; with --prove .json, or .xml (JUnit)' }),
    threads: countFlag({ most: 256, example: '2' }, { description: 'Default: one for each core' }),
  };

  override async run(): Promise<void> {
    const { flags } = await this.parse(Rehearse);
    const { region, runbook, runbooks, from, out } = flags;
    if (region === undefined) throw new DrError({ code: 'REGION_NEEDED', exit: 'usage', title: '--region is required: the region that would become active.', next: ['dr rehearse --region ap-northeast-1'] });
    const { proveRunbook, rehearse, replay } = await import('../app/rehearse/rehearse.ts');
    const request = {
      region,
      from,
      runbooks,
      ...(runbook === undefined ? {} : { runbook }),
      runs: flags.runs,
      seed: flags.seed ?? flags['first-seed'],
      threads: flags.threads ?? availableParallelism(),
      durations: [...(flags.duration ?? []), ...(flags.decide === undefined ? [] : [`decide=${flags.decide}`])],
      faults: !flags.calm,
      assertions: flags.assert ?? [],
      lostApplications: flags['lost-application'],
      world: worldOf(flags),
      progress: this.#progress(flags.runs),
    };
    const paint = painterFor(process.stdout);
    if (flags.seed !== undefined) {
      const { figures, records } = await replay(request);
      this.done({ simulated: true, figures, records }, () => replayText(figures, records, paint, terminalWidth()), figures.outcome === 'succeeded' ? 'ok' : 'failed');
      return;
    }
    if (flags.prove) {
      const { proofs, name, way } = await proveRunbook(request);
      if (out !== undefined) {
        const { proveJunit } = await import('../cli/rehearse-view.ts');
        await writeFile(out, out.endsWith('.xml') ? proveJunit(name, way, proofs) : `${toJsonText({ simulated: true, runbook: name, proofs })}\n`);
        this.note(`Written: ${out}`);
      }
      this.done({ simulated: true, runbook: name, proofs }, () => proveText(name, way, proofs, paint, terminalWidth()), proofs.every(({ ok }) => ok) ? 'ok' : 'notReady');
      return;
    }
    const result = await rehearse(request);
    if (process.stderr.isTTY && !this.json) process.stderr.write('\r\u001b[2K');
    if (out !== undefined) {
      const { rehearsalPage } = await import('../cli/rehearse-view.ts');
      const { histogramSvg } = await import('../report/histogram.ts');
      await writeFile(out, out.endsWith('.json') ? `${toJsonText(result)}\n` : out.endsWith('.svg') ? histogramSvg(result.rtoMs, result.summary.rto.objectiveMs) : rehearsalPage(result));
      this.note(`Written: ${out}`);
    }
    const { rtoMs: _each, ...short } = result;
    this.done(short, () => rehearseText(result, paint, terminalWidth()), result.ok ? 'ok' : 'objectiveMissed');
  }

  #progress(runs: number): (done: number) => void {
    const tty = process.stderr.isTTY && !this.json;
    let last = 0;
    return (done) => {
      if (!tty || done - last < runs / 100) return;
      last = done;
      process.stderr.write(`\r\u001b[2KRehearsed ${done} of ${runs}`);
    };
  }
}

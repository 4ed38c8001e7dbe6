// Writes docs/reference/ from the code: keys and kinds from the schema, verbs, rules from the tests that show each of them as a whole,
// findings from the troubles that tests plant, exit codes, commands from oclif.manifest.json. Needs Node 22.18 or later, which reads TypeScript itself, and a build.
//   --check  writes nothing; names the pages that are not current, and ends with 1 if there are any
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { EXIT, EXIT_MEANING } from '../src/base/exit-codes.ts';
import { KIND_NAMES, loadKind, loadOwnKind, OWN_KIND_NAMES } from '../src/kinds/registry.ts';
import { offlinePlans } from '../src/app/offline-plan.ts';
import { loadRunbook } from '../src/runbook/load.ts';
import { formatDuration } from '../src/base/duration.ts';
import { SECTIONS, STRATEGIES, traitsOf, VERBS } from '../src/model/verb.ts';
import { runbookJsonSchema } from '../src/runbook/json-schema.ts';
import { exampleFindings } from '../test/app/check/examples.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const NOTE = '<!-- Written by `npm run reference`. Change the code, not this page. -->';
/** Parts of the runbook that have pages of their own. */
const APART = new Set([...SECTIONS, 'steps']);

/** Where AWS documents an operation, by the prefix of its IAM action. */
const API_PAGES = {
  rds: 'https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_',
  ec2: 'https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_',
  autoscaling: 'https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_',
  elasticloadbalancing: 'https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_',
  route53: 'https://docs.aws.amazon.com/Route53/latest/APIReference/API_',
  cloudwatch: 'https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_',
  sns: 'https://docs.aws.amazon.com/sns/latest/api/API_',
};

const KEY_COLUMNS = ['key', 'required', 'value', 'default', 'what it is'];
const schema = await runbookJsonSchema();
const pages = {
  'runbook.md': runbookPage(),
  'kinds.md': await kindsPage(),
  'custom-steps.md': await customPage(),
  'verbs.md': verbsPage(),
  'rules.md': rulesPage(),
  'findings.md': await findingsPage(),
  'steps.md': await stepsPage(),
  'exit-codes.md': exitPage(),
  'commands.md': commandsPage(),
};

const at = (name) => `${ROOT}docs/reference/${name}`;
if (process.argv.includes('--check')) {
  const stale = Object.entries(pages).filter(([name, text]) => read(at(name)) !== text).map(([name]) => name);
  if (stale.length > 0) {
    console.log(`not current: ${stale.join(', ')}. Run: npm run reference`);
    process.exitCode = 1;
  }
} else {
  for (const [name, text] of Object.entries(pages)) writeFileSync(at(name), text);
}

function read(path) {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

function page(title, ...parts) {
  return `${[`# ${title}`, NOTE, ...parts].join('\n\n')}\n`;
}

function table(header, rows) {
  const line = (cells) => `| ${cells.map((cell) => String(cell).replaceAll('|', '\\|').replaceAll('\n', ' ')).join(' | ')} |`;
  return [line(header), `|${header.map(() => '---').join('|')}|`, ...rows.map(line)].join('\n');
}

/** One row a key, those below it as `key.below`; `key.REGION` and `key.NAME` where any name may stand, `key[]` of a list. */
function keys(node, path = '') {
  const rows = [];
  const required = new Set(node.required ?? []);
  for (const [name, child] of Object.entries(node.properties ?? {})) {
    if (name === 'kind') continue;
    const key = path === '' ? name : `${path}.${name}`;
    rows.push([`\`${key}\``, required.has(name) ? 'yes' : '', typeOf(child), child.default === undefined || typeof child.default === 'object' ? '' : `\`${String(child.default)}\``, child.description ?? '']);
    rows.push(...below(child, key));
  }
  return rows;
}

function below(node, key) {
  const any = node.additionalProperties;
  if (typeof any === 'object' && any !== null) return inside(any, `${key}.${isRegion(node) ? 'REGION' : 'NAME'}`);
  if (node.items !== undefined) return inside(node.items, `${key}[]`);
  return inside(node, key);
}

/** Branches of a choice one after another; what several share is shown once. */
function inside(node, key) {
  const branches = node.anyOf ?? node.oneOf;
  if (branches === undefined) return node.properties === undefined ? (node.items === undefined && typeof node.additionalProperties !== 'object' ? [] : below(node, key)) : keys(node, key);
  const seen = new Map(branches.flatMap((branch) => inside(branch, key)).map((row) => [row[0], row]));
  return [...seen.values()].map(([name, , ...rest]) => [name, '', ...rest]);
}

function isRegion(node) {
  return (node.propertyNames?.pattern ?? '').includes('northeast');
}

function typeOf(node) {
  if (node.const !== undefined) return `\`${node.const}\``;
  if (node.enum !== undefined) return node.enum.map((value) => `\`${value}\``).join(' · ');
  const branches = node.anyOf ?? node.oneOf;
  if (branches !== undefined) return [...new Set(branches.map(typeOf))].join(' or ');
  if (node.type === 'array') return `list of ${typeOf(node.items)}`;
  if (typeof node.additionalProperties === 'object') return `${isRegion(node) ? 'region' : 'name'} → ${typeOf(node.additionalProperties)}`;
  if (node.type === 'object') return 'map';
  if ((node.pattern ?? '').includes('(ms|s|m|h|d)')) return 'duration';
  return node.type ?? 'any';
}

function runbookPage() {
  const top = { ...schema, properties: Object.fromEntries(Object.entries(schema.properties).map(([name, node]) => [name, APART.has(name) ? { type: 'map', description: node.description } : node])) };
  return page(
    'Runbook: every key',
    'One YAML file for each application. Durations carry a unit (`500ms`, `30s`, `5m`, `1h30m`). At least one of `databases`, `compute` and `traffic` is needed; what stands in them: [kinds](kinds.md), and in `steps`: [custom steps](custom-steps.md). For editors: `dr schema`.',
    table(KEY_COLUMNS, keys(top)),
  );
}

async function kindsPage() {
  const parts = [];
  const overview = [];
  for (const name of KIND_NAMES) {
    const kind = await loadKind(name);
    overview.push([`[\`${name}\`](#${name})`, kind.section, kind.strategies.join(', '), kind.summary]);
    const node = schema.properties[kind.section].additionalProperties.oneOf.find(({ title }) => title === name);
    parts.push(`## ${name}`, `${kind.summary}. Section \`${kind.section}\`; carries ${kind.strategies.join(', ')}.`, table(KEY_COLUMNS, keys(node)));
  }
  return page('Kinds: every key', table(['kind', 'section', 'strategies', 'what it is'], overview), `Strategies: ${STRATEGIES.join(', ')}. Of several regions, each key that names regions names every one unless it says otherwise.`, ...parts);
}

async function customPage() {
  const parts = [];
  const overview = [];
  for (const name of OWN_KIND_NAMES) {
    const kind = await loadOwnKind(name);
    overview.push([`[\`${name}\`](#${name})`, kind.summary]);
    const node = schema.properties.steps.additionalProperties.oneOf.find(({ title }) => title === name);
    parts.push(`## ${name}`, `${kind.summary}.`, table(KEY_COLUMNS, keys(node)));
  }
  return page('Custom steps: every key', 'Entries of `steps`: what no kind does. How they behave: [custom-steps.md](../custom-steps.md).', table(['kind', 'what it does'], overview), ...parts);
}

function verbsPage() {
  const yes = (value) => (value ? 'yes' : 'no');
  const rows = VERBS.map((verb) => {
    const { movesUsers, sourceMayBeDead, rebuilds, rollsBack } = traitsOf(verb);
    return [`\`dr ${verb}\``, yes(movesUsers), yes(sourceMayBeDead), yes(rebuilds), yes(rollsBack), commands()[verb].summary];
  });
  return page('Verbs', table(['verb', 'users move', 'the source may be down', 'rebuilds the standby', 'rolls back by itself before the point of no return', 'what it does'], rows));
}

/** From the inline snapshots of the tests: each rule is shown by at least one of them, which a test asks for. */
function rulesPage() {
  const shown = new Map();
  for (const file of readdirSync(`${ROOT}test/refusals`).filter((name) => name.endsWith('.test.ts')).sort()) {
    for (const match of readFileSync(`${ROOT}test/refusals/${file}`, 'utf8').matchAll(/rule +(\S+)\n +observed +(.*)\n +threshold +(.*)\n +consequence +(.*)\n +override +(.*)/g)) {
      const [, rule, ...parts] = match.map((part) => part.replaceAll('\\`', '`').replace(/"$/, '').trim());
      if (!shown.has(rule)) shown.set(rule, parts);
    }
  }
  const parts = [...shown].sort(([a], [b]) => (a < b ? -1 : 1)).map(([rule, [observed, threshold, consequence, override]]) => `## ${rule}\n\n- observed: ${observed}\n- threshold: ${threshold}\n- consequence: ${consequence}\n- override: ${override}`);
  return page('Rules: what refuses a run', `Each of the ${parts.length} rules with one example, as \`dr\` shows it. A refusal names what was observed and how long ago, the threshold, what would happen otherwise, and what overrides it. There is no general \`--force\`.`, ...parts);
}

/** From the planted troubles of the tests, each found by a check of a simulated account. */
async function findingsPage() {
  const byRule = Map.groupBy(await exampleFindings(), ({ rule }) => rule);
  const parts = [...byRule].sort(([a], [b]) => (a < b ? -1 : 1)).map(([rule, found]) => {
    const [{ observed, wanted, consequence, mend }] = found;
    const severities = [...new Set(found.map(({ severity }) => severity))].sort();
    const aws = [...new Set(found.flatMap((one) => one.page ?? []))];
    return [
      `## ${rule}\n`,
      `- severity: ${severities.join(', ')}`,
      `- observed: ${observed}`,
      `- wanted: ${wanted}`,
      ...(consequence === undefined ? [] : [`- consequence: ${consequence}`]),
      `- mend: ${mend}`,
      ...(aws.length === 0 ? [] : [`- AWS: ${aws.map((url) => `[${url.split('/').at(-1)}](${url})`).join(', ')}`]),
    ].join('\n');
  });
  return page('Findings: what `dr check` says', `Each of the ${parts.length} rules with one example, as \`dr check\` shows it. \`error\`: a failover would be refused, would fail, or would miss what the runbook promises; \`warning\`: it would work, and less is ready than looks ready; \`note\`: worth knowing. Rules of a run are also on [their own page](rules.md). To live with one: \`accepts:\` in the runbook.`, ...parts);
}

function apiPages(actions) {
  return actions.flatMap((action) => {
    const [service, operation] = action.split(':');
    return API_PAGES[service] === undefined ? [] : [`[${action}](${API_PAGES[service]}${operation}.html)`];
  });
}

/** From the plans of the examples, for every verb and in every direction: a step that none of them has is not shown. */
async function stepsPage() {
  const shown = new Map();
  for (const file of readdirSync(`${ROOT}runbooks`).filter((name) => name.endsWith('.yaml')).sort()) {
    const loaded = await loadRunbook(`${ROOT}runbooks/${file}`);
    for (const verb of VERBS) {
      for (const { id } of loaded.runbook.regions) {
        const { plans } = await offlinePlans(loaded, verb, id);
        for (const step of plans.flatMap((plan) => plan.steps)) {
          const one = shown.get(step.kind) ?? { ids: new Set(), verbs: new Set(), actions: new Set(), step };
          one.ids.add(step.id);
          one.verbs.add(verb);
          for (const action of step.permissions.flatMap(({ actions }) => actions)) one.actions.add(action);
          shown.set(step.kind, one);
        }
      }
    }
  }
  const parts = [...shown].sort(([a], [b]) => (a < b ? -1 : 1)).map(([kind, { ids, verbs, actions, step }]) => {
    const { phase, reversibility, gate, optional, estimate, limitMs } = step;
    const sort = [`phase \`${phase}\``, reversibility, ...(gate ? ['a gate: it only decides'] : []), ...(optional ? ['optional: a run succeeds without it'] : [])];
    const pages = apiPages([...actions].sort());
    return [
      `## ${kind}`,
      [
        `- does: ${step.title.replace(/dr-drill-[0-9a-f]{8}/g, 'dr-drill-…')}`,
        `- sort: ${sort.join(', ')}`,
        `- part of: ${[...verbs].join(', ')}`,
        `- takes: half of all runs at most ${formatDuration(estimate.p50 * 1000)}, 95 % at most ${formatDuration(estimate.p95 * 1000)} (${estimate.basis}); it fails after ${formatDuration(limitMs)}`,
        `- in a plan: ${[...ids].sort().slice(0, 3).map((id) => `\`${id}\``).join(', ')}`,
        ...(pages.length === 0 ? [] : [`- AWS: ${pages.join(', ')}`]),
      ].join('\n'),
    ].join('\n\n');
  });
  return page('Steps of a plan', 'Each sort of step that the plans of the examples have. A step that failed or was stopped: `dr status` says what was seen last, `dr resume` looks again and does only what is missing. What it is allowed to do: `dr iam`.', ...parts);
}

function exitPage() {
  return page('Exit codes', 'A number, once released, keeps its meaning. `--json` names it in `exit` and `exitCode`.', table(['code', 'name', 'meaning'], Object.entries(EXIT).map(([name, code]) => [code, `\`${name}\``, EXIT_MEANING[name]])));
}

function commands() {
  return JSON.parse(readFileSync(`${ROOT}oclif.manifest.json`, 'utf8')).commands;
}

function commandsPage() {
  const all = Object.entries(commands()).filter(([id, { hidden }]) => id !== 'help' && hidden !== true).sort(([a], [b]) => (a < b ? -1 : 1));
  const shared = all.map(([, { flags }]) => Object.entries(flags).filter(([, flag]) => flag.helpGroup === 'GLOBAL'))[0];
  const flagRow = ([name, flag]) => [`\`--${name}${flag.type === 'option' ? ` ${flag.helpValue ?? flag.options?.join('|') ?? 'VALUE'}` : ''}\`${flag.required ? ' (required)' : ''}${flag.multiple ? ', repeatable' : ''}`, flag.default === undefined ? '' : `\`${String(flag.default)}\``, flag.description ?? ''];
  const parts = all.map(([id, { summary, description, args, flags, examples }]) => {
    const own = Object.entries(flags).filter(([, flag]) => flag.helpGroup !== 'GLOBAL');
    const words = id.replaceAll(':', ' ');
    return [
      `## dr ${words}`,
      [summary, description].filter(Boolean).join(' '),
      ...(Object.keys(args).length === 0 ? [] : [table(['argument', 'what it is'], Object.entries(args).map(([name, arg]) => [`\`${name.toUpperCase()}\`${arg.required ? ' (required)' : ''}`, arg.description ?? '']))]),
      ...(own.length === 0 ? [] : [table(['flag', 'default', 'what it is'], own.map(flagRow))]),
      ...((examples ?? []).length === 0 ? [] : [`\`\`\`sh\n${examples.join('\n').replaceAll('<%= config.bin %>', 'dr')}\n\`\`\``]),
    ].join('\n\n');
  });
  return page('Commands: every argument and flag', 'For all of them:', table(['flag', 'default', 'what it is'], shared.map(flagRow)), `Environment: \`DR_STATE\` and \`XDG_STATE_HOME\` (where state lies), \`DEBUG=1\` (the stack of an error; \`DEBUG=*\` also what oclif does at start-up), \`NO_COLOR\`, \`TERM=dumb\` (lines instead of a tree), and the settings of the AWS SDK. What a run does is in its journal: \`--output jsonl\` streams it. Shell completion: \`dr autocomplete\` says how to set it up in bash, zsh and PowerShell.`, ...parts);
}

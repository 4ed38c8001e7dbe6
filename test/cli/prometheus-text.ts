/*
 * A strict reader of Prometheus' text format, version 0.0.4, written from its page: it takes less than Prometheus does, and nothing else.
 * https://prometheus.io/docs/instrumenting/exposition_formats/
 */

export interface ReadMetric {
  help: string;
  type: string;
  samples: { labels: Record<string, string>; value: number }[];
}

const NAME = '[a-zA-Z_:][a-zA-Z0-9_:]*';
const LABEL = String.raw`([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"`;
const VALUE = String.raw`[+-]?(?:\d+(?:\.\d+)?(?:e[+-]?\d+)?|Inf)|NaN`;
const TYPES = new Set(['counter', 'gauge', 'histogram', 'summary', 'untyped']);

/** @throws Error with the line that breaks a rule */
export function readPrometheus(text: string): Map<string, ReadMetric> {
  if (!text.endsWith('\n')) throw new Error('the last line does not end with a line feed');
  if (text.includes('\r')) throw new Error('a carriage return');
  const metrics = new Map<string, ReadMetric>();
  let current: string | undefined;
  const seen = new Set<string>();
  const bad = (line: string, why: string) => new Error(`${why}: ${line}`);
  for (const line of text.slice(0, -1).split('\n')) {
    const [, help, helpText] = new RegExp(`^# HELP (${NAME}) (.*)$`).exec(line) ?? [];
    if (help !== undefined) {
      if (metrics.has(help)) throw bad(line, 'all lines of a metric stand together, and HELP only once');
      if (/\\(?![\\n])/.test(helpText ?? '')) throw bad(line, 'an escape that is none');
      metrics.set(help, { help: helpText ?? '', type: '', samples: [] });
      current = help;
      continue;
    }
    const [, typed, type] = new RegExp(`^# TYPE (${NAME}) (\\w+)$`).exec(line) ?? [];
    if (typed !== undefined) {
      const metric = metrics.get(typed);
      if (typed !== current || metric === undefined || metric.type !== '' || metric.samples.length > 0) throw bad(line, 'TYPE stands once, before the samples of its metric');
      if (!TYPES.has(type ?? '')) throw bad(line, 'no such type');
      metric.type = type ?? '';
      continue;
    }
    const [, name, , labels = '', value] = new RegExp(`^(${NAME})(\\{((?:${LABEL.replaceAll('(', '(?:').replaceAll('(?:?:', '(?:')},?)*)\\})? (${VALUE})$`).exec(line) ?? [];
    const metric = metrics.get(name ?? '');
    if (name === undefined || metric === undefined || name !== current || metric.type === '') throw bad(line, 'neither a comment nor a sample of the metric that was begun');
    const found = [...labels.matchAll(new RegExp(LABEL, 'g'))].map(([, key = '', raw = '']): [string, string] => [key, raw.replace(/\\(["\\n])/g, (_all, one: string) => (one === 'n' ? '\n' : one))]);
    if (new Set(found.map(([key]) => key)).size !== found.length) throw bad(line, 'a label twice');
    const key = JSON.stringify([name, found.toSorted()]);
    if (seen.has(key)) throw bad(line, 'the same labels twice');
    seen.add(key);
    metric.samples.push({ labels: Object.fromEntries(found), value: Number(value === 'Inf' ? Infinity : value) });
  }
  return metrics;
}

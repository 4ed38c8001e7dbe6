// Preload for a `dr` that dies by its own SIGKILL at one exact place of its journal. DR_TEST_CRASH says where:
//   after:N             when the N-th record of this process is durable
//   during:TYPE:STEP    in the middle of writing that record: half a line is on the disk
//   at:TYPE:STEP        when that record is durable; without a step, the first of that type
// DR_TEST_SIGNAL, default SIGKILL: what it is sent there. After any other one it continues, as after Ctrl-C.
import { open } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

const [when, what = '', step] = (process.env.DR_TEST_CRASH ?? '').split(':');
const handle = await open(fileURLToPath(import.meta.url));
const proto = Object.getPrototypeOf(handle);
await handle.close();
const { appendFile, datasync } = proto;

/** Records that this process wrote. */
let written = 0;
/** The record of `at` is written, and not yet durable. */
let reached = false;
/** Handles of journals. */
const journals = new WeakSet();

proto.appendFile = async function (data, ...rest) {
  const record = recordOf(data);
  if (record === undefined) return appendFile.call(this, data, ...rest);
  journals.add(this);
  written += 1;
  if (when === 'at' && record.type === what && (step === undefined || record.step === step)) reached = true;
  if (when === 'during' && record.type === what && record.step === step) {
    await appendFile.call(this, data.slice(0, Math.floor(data.length / 2)), ...rest);
    await datasync.call(this);
    await die();
  }
  return appendFile.call(this, data, ...rest);
};

proto.datasync = async function () {
  await datasync.call(this);
  if (when === 'after' && journals.has(this) && written === Number(what)) await die();
  if (reached && journals.has(this)) {
    reached = false;
    await die();
  }
};

function recordOf(data) {
  if (typeof data !== 'string' || !data.endsWith('\n')) return undefined;
  try {
    const record = JSON.parse(data);
    return typeof record.seq === 'number' && typeof record.hash === 'string' ? record : undefined;
  } catch {
    return undefined;
  }
}

/** After a SIGKILL nothing of this process happens any more. */
function die() {
  const signal = process.env.DR_TEST_SIGNAL ?? 'SIGKILL';
  process.kill(process.pid, signal);
  return signal === 'SIGKILL' ? new Promise(() => {}) : undefined;
}

// node scripts/failures.mjs FILE: what failed according to a result that vitest's json reporter wrote. Exit 1 when it says nothing.
import { readFileSync } from 'node:fs';
import { relative } from 'node:path';

const LINES = 40;
const { testResults = [] } = JSON.parse(readFileSync(process.argv[2], 'utf8'));
let told = 0;

const tell = (title, message) => {
  told += 1;
  console.log(`FAILED ${title}`);
  for (const line of message.split('\n').slice(0, LINES)) console.log(`    ${line}`);
};

for (const { name, status, message, assertionResults } of testResults) {
  const file = relative(process.cwd(), name);
  const failed = assertionResults.filter((test) => test.status === 'failed');
  for (const test of failed) tell(`${file}: ${test.fullName}`, test.failureMessages.join('\n'));
  if (status === 'failed' && failed.length === 0) tell(file, message ?? '');
}
process.exitCode = told > 0 ? 0 : 1;

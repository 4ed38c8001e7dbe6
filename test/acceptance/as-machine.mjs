// Preload for a `dr` that takes itself for another person's on another machine: DR_TEST_HOST, DR_TEST_USER.
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import os from 'node:os';

const { DR_TEST_HOST: host, DR_TEST_USER: username } = process.env;
const { userInfo } = os;
if (host !== undefined) {
  os.hostname = () => host;
  const own = { '/proc/sys/kernel/random/boot_id': `boot-of-${host}`, '/etc/machine-id': createHash('md5').update(host).digest('hex') };
  const { readFileSync } = fs;
  fs.readFileSync = (path, ...options) => own[path] ?? readFileSync(path, ...options);
}
if (username !== undefined) os.userInfo = (...options) => ({ ...userInfo(...options), username });
syncBuiltinESMExports();

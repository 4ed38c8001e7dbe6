// Preload for a `dr` that takes itself for another person's on another machine: DR_TEST_HOST, DR_TEST_USER.
import os from 'node:os';
import { syncBuiltinESMExports } from 'node:module';

const { DR_TEST_HOST: host, DR_TEST_USER: username } = process.env;
const { userInfo } = os;
if (host !== undefined) os.hostname = () => host;
if (username !== undefined) os.userInfo = (...options) => ({ ...userInfo(...options), username });
syncBuiltinESMExports();

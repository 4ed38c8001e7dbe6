import { casesOf, testSweeps } from './sweep.ts';

testSweeps('backup-restore', casesOf('archive'));

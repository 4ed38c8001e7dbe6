import { casesOf, testSweeps } from './sweep.ts';

testSweeps('pilot-light', casesOf('billing'));

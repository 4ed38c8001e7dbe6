import { casesOf, testSweeps } from './sweep.ts';

testSweeps('active-active', casesOf('active-active'));

import { casesOf, LEADS_ITSELF_BACK, testSweeps } from './sweep.ts';

testSweeps('warm-standby', [...casesOf('shop'), LEADS_ITSELF_BACK]);

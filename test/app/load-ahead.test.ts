import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { servicesOf } from '../../src/app/start-run.ts';
import { offlinePlans } from '../../src/app/offline-plan.ts';
import { loadRunbook } from '../../src/runbook/load.ts';

it('knows from a plan which clients its run needs: no more, and none that is first loaded while users wait', async () => {
  const loaded = await loadRunbook(fileURLToPath(new URL('../../runbooks/shop.yaml', import.meta.url)));
  const { plans } = await offlinePlans(loaded, 'failover', 'ap-northeast-1');
  expect(plans.map(servicesOf)).toEqual([['autoscaling', 'cloudwatch', 'ec2', 'elbv2', 'rds', 'route53', 'sns', 'sts']]);
});

import { expect, it } from 'vitest';
import { shownPlace } from '../../src/app/state.ts';

it('a state in a bucket is called by its bucket, and not by the folder of its copy', () => {
  expect(shownPlace({ folder: '/home/kim/.dr', s3: 's3://dr-state/shop?region=ap-northeast-1' })).toBe('s3://dr-state/shop?region=ap-northeast-1');
  expect(shownPlace({ folder: '/home/kim/.dr' })).toBe('/home/kim/.dr');
});

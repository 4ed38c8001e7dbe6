import { describe, expect, it } from 'vitest';
import { partitionOf, REGION_SHAPE, REGIONS, regionsIn, route53RegionFor } from '../../src/base/regions.ts';

describe('regions', () => {
  it('all have the one shape, and are found in a text', () => {
    for (const region of Object.keys(REGIONS)) {
      expect(region).toMatch(REGION_SHAPE);
      expect(regionsIn(`https://rds.${region}.amazonaws.com/x`)).toEqual([region]);
    }
    expect(regionsIn('sts.amazonaws.com')).toEqual([]);
  });

  it('belong to a partition, each with a Route 53 of its own', () => {
    const places = Object.fromEntries(['us-east-2', 'cn-north-1', 'us-gov-east-1', 'eusc-de-east-1'].map((r) => [partitionOf(r), route53RegionFor(r)]));
    expect(places).toEqual({ aws: 'us-east-1', 'aws-cn': 'cn-northwest-1', 'aws-us-gov': 'us-gov-west-1', 'aws-eusc': 'eusc-de-east-1' });
  });
});

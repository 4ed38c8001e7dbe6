import { inRegion, regionsAt, warnIf } from '../common.ts';
import { inParts, PACE_MAX, type Policy, sharedKind } from '../route53/shared-kind.ts';
import { type Aim, answersWith, geoLocation } from '../route53/aim.ts';
import { geolocationSchema, type Route53Geolocation } from '../route53/schema.ts';
import { discoverGeolocation } from '../discovery/shared-records.ts';

/*
 * Record sets for places, each answered by a region. The places of a region that is out are spread over the regions that
 * stay. No set is deleted, so that no place is ever without an answer, with or without a default.
 * https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/routing-policy-geo.html
 */

function policyOf(t: Route53Geolocation): Policy {
  const setsOf = (region: string) => Object.keys(t.places).filter((id) => t.places[id]?.region === region);
  const sets = (ids: readonly string[], answering: (id: string) => string): Aim => ({
    policy: 'answers',
    sets: Object.fromEntries(ids.map((id) => [id, { place: inRegion(t.places, id).place, answer: inRegion(t.answers, answering(id)) }])),
  });
  const owner = (id: string) => inRegion(t.places, id).region;
  // The default stands for most users: it leaves last, and comes back last.
  const isDefault = (id: string) => t.places[id]?.place === 'default';
  const inOrder = (region: string) => setsOf(region).sort((a, b) => Number(isDefault(a)) - Number(isDefault(b)));
  const count = (region: string, percent: number) => Math.round((setsOf(region).length * percent) / 100);
  const kept = (region: string, percent: number) => inOrder(region).slice(setsOf(region).length - count(region, percent));
  /** Which of some regions answers a place whose own one does not: always the same. */
  const spread = (id: string, regions: readonly string[]) => regions[Object.keys(t.places).indexOf(id) % regions.length] ?? owner(id);
  return {
    setsOf,
    aim: (inside, leaving) =>
      sets(Object.keys(t.places), (id) => (inside.includes(owner(id)) || (leaving !== undefined && kept(leaving.region, leaving.percent).includes(id)) ? owner(id) : spread(id, inside))),
    back: (region, percent) => sets(inOrder(region).slice(0, count(region, percent)), owner),
    away: (region, { from, to }, others) => sets(inOrder(region).slice(count(region, from), count(region, to)), (id) => spread(id, others)),
    // A region without a place of its own may answer those of others.
    pace: (region) => inParts(setsOf(region).length === 0 ? [''] : setsOf(region), PACE_MAX).map((_, i, parts) => (100 * (parts.length - 1 - i)) / parts.length),
    part: (region, percent) => (percent === 100 ? 'its places' : `${count(region, percent)} of its ${setsOf(region).length} places`),
    answer: (region) => t.answers[region],
    samples: 1,
  };
}

export default sharedKind<Route53Geolocation>({
  strategies: ['active-active'],
  summary: 'Geolocation Route 53 record sets: the places of a lost region are answered by the regions that stay',
  schema: geolocationSchema,
  regions: (t) => [
    ...regionsAt(t.answers, 'answers'),
    ...Object.entries(t.places).map(([id, { region }]) => ({ path: ['places', id], regions: [region], partial: true })),
  ],
  lint: (t) => {
    const places = Object.values(t.places).map(({ place }) => JSON.stringify(geoLocation(place)));
    const twice = places.find((place, i) => places.indexOf(place) !== i);
    return [
      ...(twice === undefined ? [] : [{ path: ['places'], severity: 'error' as const, message: 'two sets have the same place: Route 53 takes one' }]),
      ...warnIf(!Object.values(t.places).some(({ place }) => place === 'default'), 'no place is the default: users whom Route 53 cannot place, and those of places that are not named, get no answer', 'places'),
    ];
  },
  policyOf,
  answers: (t, region, sets) => sets.some((set) => answersWith(set, inRegion(t.answers, region))),
  discover: discoverGeolocation,
  setRegions: (t) => Object.keys(t.answers),
  simulated: (t, record, region) => policyOf(t).setsOf(region).map((id) => ({ ...record, setIdentifier: id, geo: geoOf(t, id) })),
});

function geoOf(t: Route53Geolocation, id: string) {
  const { ContinentCode: continent, CountryCode: country, SubdivisionCode: subdivision } = geoLocation(inRegion(t.places, id).place);
  return { ...(continent === undefined ? {} : { continent }), ...(country === undefined ? {} : { country }), ...(subdivision === undefined ? {} : { subdivision }) };
}

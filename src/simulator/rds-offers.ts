import { type Call, type ServiceModel } from './call.ts';
import { AUTHORITIES } from './db-offers.ts';
import { type Engine, isEngine, settingsOf } from './db-settings.ts';

const SUBNET_ZONES = ['a', 'c'];
const STORAGE = ['gp2', 'gp3', 'io1', 'io2'];

export function subnetZones(region: string): string[] {
  return SUBNET_ZONES.map((letter) => `${region}${letter}`);
}

/** @throws AwsError as AWS words it for what it does not offer */
export function needOffer({ engine, version, instanceClass, multiAz }: { engine: string; version: string; instanceClass: string; multiAz: boolean }, call: Call): void {
  const { dbOffers } = call.state;
  const zones = dbOffers.zonesOf(call.region, instanceClass).filter((zone) => subnetZones(call.region).includes(zone));
  if (zones.length >= (multiAz ? 2 : 1) && (!multiAz || dbOffers.asMultiAz(call.region, instanceClass))) return;
  throw call.error('InvalidParameterCombination', 400, `RDS does not support creating a DB instance with the following combination: DBInstanceClass=${instanceClass}, Engine=${engine}, EngineVersion=${version}. For supported combinations of instance class and database engine version, see the documentation.`);
}

export function needAuthority(id: string | undefined, call: Call): void {
  if (id !== undefined && !call.state.dbOffers.hasAuthority(call.region, id)) throw noAuthority(id, call);
}

function noAuthority(id: string, call: Call) {
  return call.error('CertificateNotFound', 404, `Certificate not found: ${id}`);
}

/** Versions of an engine that RDS offers: those that there are, and the one that a new instance gets. */
function versionsOf(engine: Engine, call: Call): string[] {
  const there = [...call.state.databases.all()].filter((row) => row.engine === engine).map((row) => row.settings.engineVersion);
  return [...new Set([...there, settingsOf(engine, undefined).engineVersion])].sort();
}

/** https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DescribeOrderableDBInstanceOptions.html and …DescribeCertificates.html */
export const offerOperations = {
  DescribeOrderableDBInstanceOptions: {
    accepts: ['Engine', 'EngineVersion', 'DBInstanceClass', 'Vpc', 'Marker'],
    handle({ Engine: engine = '', EngineVersion: version, DBInstanceClass: instanceClass, Marker }, call) {
      if (instanceClass === undefined) throw call.unsupported('offers of all classes');
      if (!isEngine(engine)) throw call.unsupported(`offers of the engine "${engine}"`);
      const { dbOffers } = call.state;
      const zones = dbOffers.zonesOf(call.region, instanceClass);
      const versions = version === undefined ? versionsOf(engine, call) : versionsOf(engine, call).filter((one) => one === version);
      const all = zones.length === 0 ? [] : versions.flatMap((one) => STORAGE.map((storage) => ({ key: `${one} ${storage}`, one, storage })));
      const { page, next } = call.pageOf(all, ({ key }) => key, Marker, 100);
      const view = ({ one, storage }: (typeof all)[number]) => ({
        Engine: engine,
        EngineVersion: one,
        DBInstanceClass: instanceClass,
        AvailabilityZones: zones.map((Name) => ({ Name })),
        MultiAZCapable: dbOffers.asMultiAz(call.region, instanceClass),
        ReadReplicaCapable: true,
        Vpc: true,
        StorageType: storage,
        SupportsStorageEncryption: true,
        SupportsIAMDatabaseAuthentication: true,
        SupportsPerformanceInsights: true,
      });
      return { OrderableDBInstanceOptions: page.map(view), ...(next === undefined ? {} : { Marker: next }) };
    },
  },

  DescribeCertificates: {
    accepts: ['CertificateIdentifier'],
    handle({ CertificateIdentifier: id }, call) {
      const { dbOffers } = call.state;
      const ids = AUTHORITIES.filter((one) => dbOffers.hasAuthority(call.region, one) && (id === undefined || one === id.toLowerCase()));
      if (id !== undefined && ids.length === 0) throw noAuthority(id, call);
      return { Certificates: ids.map((one) => ({ CertificateIdentifier: one, CertificateType: 'CA', CertificateArn: `arn:aws:rds:${call.region}::cert:${one}` })) };
    },
  },
} satisfies Partial<ServiceModel<'rds'>>;

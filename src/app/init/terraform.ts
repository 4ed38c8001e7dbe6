import { readFile } from 'node:fs/promises';
import * as z from 'zod';
import { parseArn, regionOfArn } from '../../base/arn.ts';
import { DrError, messageOf } from '../../base/errors.ts';
import type * as model from '../../model/discovery.ts';
import type { Inventory } from '../../model/discovery.ts';
import { known } from './seen.ts';

/*
 * The state file of Terraform or OpenTofu as an account: the attributes are those of the AWS provider. Nothing is called.
 * https://developer.hashicorp.com/terraform/internals/json-format describes other output; the state file itself (version 4) is what both write.
 */

const stateSchema = z.looseObject({
  version: z.literal(4),
  resources: z.array(z.looseObject({ mode: z.string(), type: z.string(), instances: z.array(z.looseObject({ attributes: z.record(z.string(), z.unknown()).nullish() })) })),
});

type Attributes = Readonly<Record<string, unknown>>;

const text = (value: unknown): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined);
const number = (value: unknown): number | undefined => (typeof value === 'number' ? value : undefined);
const list = (value: unknown): string[] => (Array.isArray(value) ? value.filter((one) => typeof one === 'string') : []);
const objects = (value: unknown): Attributes[] => (Array.isArray(value) ? value.filter((one): one is Attributes => typeof one === 'object' && one !== null) : []);
const tags = (of: Attributes): model.Tags => Object.fromEntries(Object.entries((of.tags_all ?? of.tags ?? {})).flatMap(([key, value]) => (typeof value === 'string' ? [[key, value]] : [])));
const plain = (name: unknown): string => (text(name) ?? '').toLowerCase().replace(/\.$/, '');

/** @throws DrError when the file is none */
export async function readTerraform(path: string): Promise<Inventory> {
  const bad = (detail: string) => new DrError({ code: 'TERRAFORM_WRONG', exit: 'usage', title: `${path} is no state file of Terraform that can be read.`, detail, next: ['terraform state pull > terraform.tfstate', 'dr init --terraform terraform.tfstate'] });
  let json: unknown;
  try {
    json = JSON.parse(await readFile(path, 'utf8'));
  } catch (error) {
    throw bad(messageOf(error));
  }
  const parsed = stateSchema.safeParse(json, { jitless: true });
  if (!parsed.success) throw bad(parsed.error.issues.slice(0, 3).map(({ path: at, message }) => `${at.join('.')}: ${message}`).join('\n'));
  const all = Map.groupBy(parsed.data.resources.filter(({ mode }) => mode === 'managed'), ({ type }) => type);
  const of = (type: string): Attributes[] => (all.get(type) ?? []).flatMap(({ instances }) => instances.flatMap(({ attributes }) => (attributes === null || attributes === undefined ? [] : [attributes])));
  return inventoryOf(of);
}

/** The region of a resource: its own attribute (version 6 of the provider), its ARN, or a zone that it names. */
function regionOf(attributes: Attributes): string {
  const zone = text(attributes.availability_zone) ?? list(attributes.availability_zones)[0];
  return text(attributes.region) ?? regionOfArn(text(attributes.arn)) ?? zone?.replace(/[a-z]$/, '') ?? '';
}

function inventoryOf(of: (type: string) => Attributes[]): Inventory {
  const zones = new Map(of('aws_route53_zone').map((zone) => [text(zone.zone_id) ?? text(zone.id) ?? '', plain(zone.name)]));
  const databases = of('aws_db_instance').map(database);
  const groups = of('aws_autoscaling_group').map((one): model.SeenGroup => ({ region: regionOf(one), name: text(one.name) ?? '', min: number(one.min_size) ?? 0, desired: number(one.desired_capacity) ?? 0, max: number(one.max_size) ?? 0, targetGroups: list(one.target_group_arns), tags: {} }));
  const targets = Map.groupBy(of('aws_lb_target_group_attachment'), (one) => text(one.target_group_arn) ?? '');
  const named = [...databases, ...groups].map(({ region }) => region);
  return {
    account: databases.map(({ arn }) => parseArn(arn)?.account).find((one) => one !== undefined) ?? '',
    regions: [...new Set(named)].filter((region) => region !== ''),
    databases,
    backups: of('aws_db_instance_automated_backups_replication').flatMap((one) => backup(one)),
    groups,
    instances: of('aws_instance').map((one) => known<model.SeenInstance>({ region: regionOf(one), id: text(one.id) ?? '', type: text(one.instance_type) ?? '', stopped: text(one.instance_state) === 'stopped', image: text(one.ami), subnet: text(one.subnet_id), template: text(objects(one.launch_template)[0]?.id), tags: tags(one) })),
    targetGroups: of('aws_lb_target_group').map((one) => known<model.SeenTargetGroup>({ region: regionOf(one), name: text(one.name) ?? '', arn: text(one.arn) ?? '', port: number(one.port), targets: (targets.get(text(one.arn) ?? '') ?? []).flatMap((to) => text(to.target_id) ?? []) })),
    templates: of('aws_launch_template').map((one) => known<model.SeenTemplate>({ region: regionOf(one), id: text(one.id) ?? '', name: text(one.name) ?? '', type: text(one.instance_type) })),
    images: of('aws_ami_copy').concat(of('aws_ami')).map((one) => ({ region: regionOf(one), id: text(one.id) ?? '', name: text(one.name) ?? '', createdAt: '' })),
    securityGroups: of('aws_security_group').map((one) => known<model.SeenSecurityGroup>({ region: regionOf(one), id: text(one.id) ?? '', name: text(one.name) ?? '', vpc: text(one.vpc_id), closed: Array.isArray(one.ingress) && one.ingress.length === 0 })),
    subnetGroups: of('aws_db_subnet_group').map((one) => known<model.SeenDbGroup>({ region: regionOf(one), name: text(one.name) ?? '', vpc: text(one.vpc_id) })),
    parameterGroups: of('aws_db_parameter_group').map((one) => ({ region: regionOf(one), name: text(one.name) ?? '' })),
    proxies: of('aws_db_proxy').map((one) => ({ region: regionOf(one), name: text(one.name) ?? '', targets: of('aws_db_proxy_target').flatMap((target) => (target.db_proxy_name === one.name && regionOfProxy(target, one) ? [(text(target.db_instance_identifier) ?? '').toLowerCase()] : [])).filter((id) => id !== '') })),
    paths: of('aws_ec2_network_insights_path').map((one) => ({ region: regionOf(one), id: text(one.id) ?? '', name: tags(one).Name ?? '' })),
    topics: of('aws_sns_topic').map((one) => ({ region: regionOf(one), name: text(one.name) ?? '', arn: text(one.arn) ?? '' })),
    records: of('aws_route53_record').flatMap((one) => record(one, zones)),
    checks: new Map(of('aws_route53_health_check').map((one) => [text(one.id) ?? '', known<model.SeenCheck>({ id: text(one.id) ?? '', type: text(one.type) ?? '', host: text(one.fqdn) ?? text(one.ip_address), path: text(one.resource_path), port: number(one.port) })])),
  };
}

/** A target names its proxy, and no region of its own before version 6 of the provider. */
function regionOfProxy(target: Attributes, proxy: Attributes): boolean {
  return regionOf(target) === '' || regionOf(target) === regionOf(proxy);
}

function reference(name: string, region: string): { region: string; id: string } {
  return { region: regionOfArn(name) ?? region, id: (name.split(':').at(-1) ?? name).toLowerCase() };
}

function database(one: Attributes): model.SeenDatabase {
  const region = regionOf(one);
  const source = text(one.replicate_source_db);
  const option = text(one.option_group_name);
  return known<model.SeenDatabase>({
    region,
    id: (text(one.identifier) ?? '').toLowerCase(),
    arn: text(one.arn) ?? '',
    engine: text(one.engine) ?? '',
    class: text(one.instance_class) ?? '',
    source: source === undefined ? undefined : reference(source, region),
    retentionDays: number(one.backup_retention_period) ?? 0,
    securityGroups: list(one.vpc_security_group_ids),
    vpc: undefined,
    subnetGroup: text(one.db_subnet_group_name),
    parameterGroup: text(one.parameter_group_name),
    optionGroup: option?.startsWith('default:') === true ? undefined : option,
    multiAz: one.multi_az === true,
    iamAuthentication: one.iam_database_authentication_enabled === true,
    publiclyAccessible: one.publicly_accessible === true,
    copyTagsToSnapshot: one.copy_tags_to_snapshot === true,
    deletionProtection: one.deletion_protection === true,
    logExports: list(one.enabled_cloudwatch_logs_exports),
    kmsKey: text(one.kms_key_id),
    database: text(one.db_name),
    tags: tags(one),
  });
}

function backup(one: Attributes): model.SeenBackup[] {
  const source = text(one.source_db_instance_arn);
  const region = regionOfArn(text(one.kms_key_id)) ?? regionOf(one);
  return source === undefined || region === '' ? [] : [known<model.SeenBackup>({ region, source: reference(source, region), kmsKey: text(one.kms_key_id) })];
}

function record(one: Attributes, zones: ReadonlyMap<string, string>): model.SeenRecord[] {
  const [set, type, zone] = [text(one.set_identifier), text(one.type), text(one.zone_id) ?? ''];
  const name = plain(one.fqdn) || plain(one.name);
  if (set === undefined || (type !== 'A' && type !== 'AAAA' && type !== 'CNAME')) return [];
  const [failover] = objects(one.failover_routing_policy);
  const [weighted] = objects(one.weighted_routing_policy);
  const [latency] = objects(one.latency_routing_policy);
  const [geo] = objects(one.geolocation_routing_policy);
  const [alias] = objects(one.alias);
  const role = text(failover?.type);
  return [known<model.SeenRecord>({
    zone,
    zoneName: zones.get(zone) ?? name.split('.').slice(-2).join('.'),
    name,
    type,
    set,
    healthCheck: text(one.health_check_id),
    failover: role === 'PRIMARY' || role === 'SECONDARY' ? role : undefined,
    weight: number(weighted?.weight),
    latency: text(latency?.region),
    place: geo === undefined ? undefined : text(geo.country) === '*' ? 'default' : known<Record<string, string>>({ continent: text(geo.continent), country: text(geo.country), subdivision: text(geo.subdivision) }),
    values: list(one.records),
    ttl: number(one.ttl),
    alias: alias === undefined ? undefined : { zone: text(alias.zone_id) ?? '', name: plain(alias.name), evaluateTargetHealth: alias.evaluate_target_health === true },
  })];
}

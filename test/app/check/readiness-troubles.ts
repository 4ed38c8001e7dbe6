import type { LaunchTemplateSeed } from '../../../src/simulator/seeds.ts';
import { SEOUL, type Simulation, TOKYO } from '../../engine/simulated.ts';
import { change, type Trouble } from './world.ts';

/*
 * What nobody sees until something needs it: keys, certificates, quotas, reservations, rights.
 */

const ACCOUNT = '000000000000';
const DAY_MS = 86_400_000;
export const LINKED = `arn:aws:iam::${ACCOUNT}:role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling`;
export const keyIn = (name: string, account = ACCOUNT): string => `arn:aws:kms:${TOKYO}:${account}:key/${name}`;
const GROUP = `autoscaling:${TOKYO}:shop-api`;
const COPY = { region: TOKYO, id: 'shop-orders-tokyo' };
const TEMPLATE = { region: TOKYO, id: 'lt-0000000000000a5a0', name: 'group', type: 'm6g.large', imageId: 'ami-00000000000000a51' };
const RESERVATION = { region: TOKYO, id: 'cr-0123456789abcdef0', zone: `${TOKYO}a`, type: 'm6g.large' };

/** The standby was encrypted with a key of its own, long ago. */
function standbyKey(sim: Simulation, state?: 'Disabled' | 'PendingDeletion'): void {
  const arn = keyIn('standby');
  change(sim, COPY, { kmsKeyId: arn });
  if (state !== undefined) sim.world.state.keys.add({ region: TOKYO, arn, state });
}

/** The image of the standby group is encrypted with that key. */
export function encryptedImage({ world }: Simulation, arn: string): void {
  world.state.instances.removeImage(TOKYO, TEMPLATE.imageId);
  world.addImage({ region: TOKYO, id: TEMPLATE.imageId, name: 'group', ageMs: DAY_MS, keyId: arn });
}

export function template({ world }: Simulation, more: { keyId?: string; reservation?: string }): void {
  world.state.instances.removeTemplate(TOKYO, TEMPLATE.id);
  const { keyId, reservation } = more;
  const volumes = keyId === undefined ? {} : { BlockDeviceMappings: [{ DeviceName: '/dev/xvda', Ebs: { Encrypted: true, KmsKeyId: keyId } }] };
  world.addLaunchTemplate({ ...TEMPLATE, data: { ...volumes, ...boundTo(reservation) } });
}

/** What the launch template of the standby group names besides. */
export function templateWith({ world }: Simulation, data: NonNullable<LaunchTemplateSeed['data']>): void {
  world.state.instances.removeTemplate(TOKYO, TEMPLATE.id);
  world.addLaunchTemplate({ ...TEMPLATE, data });
}

/** What a launch template says of a reservation. */
function boundTo(reservation: string | undefined) {
  return reservation === undefined ? {} : { CapacityReservationSpecification: { CapacityReservationTarget: { CapacityReservationId: reservation } } };
}

/** A load balancer in front of the standby group, with these certificates, the default one first. */
export function balancer({ world }: Simulation, ...certificates: { names: string[]; status?: 'PENDING_VALIDATION' | 'EXPIRED'; validForMs?: number; type?: 'IMPORTED' }[]): void {
  const arns = certificates.map((_, i) => `arn:aws:acm:${TOKYO}:${ACCOUNT}:certificate/${i}`);
  certificates.forEach((one, i) => world.state.certificates.add({ region: TOKYO, arn: arns[i] ?? '', ...one }));
  world.addLoadBalancer({ region: TOKYO, dnsName: `shop.${TOKYO}.elb.amazonaws.com`, zoneId: 'Z14GRHDCWA56QT', addresses: ['192.0.2.9'], targetGroups: ['shop-api'], certificates: arns });
}

const AT_NAME = `certificate:${TOKYO}:shop.example.com`;

export const SHOP_READINESS: Trouble[] = [
  { name: 'the key of the standby is disabled', plant: (sim) => standbyKey(sim, 'Disabled'), found: [`error kms-key rds:${TOKYO}:shop-orders-tokyo`] },
  { name: 'the key of the standby is to be deleted', plant: (sim) => standbyKey(sim, 'PendingDeletion'), found: [`error kms-key rds:${TOKYO}:shop-orders-tokyo`] },
  { name: 'the key of the standby is gone', plant: (sim) => standbyKey(sim), found: [`error kms-key rds:${TOKYO}:shop-orders-tokyo`] },
  { name: 'the key of the image is disabled', plant: (sim) => { encryptedImage(sim, keyIn('image')); sim.world.state.keys.add({ region: TOKYO, arn: keyIn('image'), state: 'Disabled' }); }, found: [`error kms-key ${GROUP}`] },
  { name: 'Auto Scaling may not use the key of the image', plant: (sim) => encryptedImage(sim, keyIn('image')), found: [`error kms-grant ${GROUP}`] },
  { name: 'Auto Scaling may not use the key of the launch template', plant: (sim) => { sim.world.state.keys.add({ region: TOKYO, arn: keyIn('volume') }); template(sim, { keyId: keyIn('volume') }); }, found: [`error kms-grant ${GROUP}`] },
  { name: 'another account lets only its own Auto Scaling use the key of the image', plant: (sim) => { encryptedImage(sim, keyIn('image', '999988887777')); sim.world.state.keys.add({ region: TOKYO, arn: keyIn('image', '999988887777'), granted: [LINKED.replace(ACCOUNT, '999988887777')] }); }, found: [`error kms-grant ${GROUP}`] },
  { name: 'no certificate names what users ask for', plant: (sim) => balancer(sim, { names: ['admin.example.com', '*.shop.example.com', 'example.com'] }), found: [`warning certificate-name ${AT_NAME}`] },
  { name: 'the certificate was never issued', plant: (sim) => balancer(sim, { names: ['shop.example.com'], status: 'PENDING_VALIDATION' }), found: [`error certificate ${AT_NAME}`] },
  { name: 'the certificate has expired', plant: (sim) => balancer(sim, { names: ['*.example.com'], status: 'EXPIRED', validForMs: -DAY_MS }), found: [`error certificate ${AT_NAME}`] },
  { name: 'the certificate has ended, and its status does not say so yet', plant: (sim) => balancer(sim, { names: ['shop.example.com'], validForMs: -1 }), found: [`error certificate ${AT_NAME}`] },
  { name: 'an imported certificate ends in two weeks', plant: (sim) => balancer(sim, { names: ['admin.example.com'] }, { names: ['shop.example.com'], validForMs: 14 * DAY_MS, type: 'IMPORTED' }), found: [`warning certificate-ends ${AT_NAME}`] },
  { name: 'the account may run no more vCPUs in the target', plant: ({ world }) => { world.state.vcpuQuotas.set(TOKYO, 64); world.state.vcpuQuotas.setOthers(TOKYO, 60); }, found: [`error vcpu-quota ec2:${TOKYO}`] },
  { name: 'the reservation of the launch template is gone', plant: (sim) => template(sim, { reservation: RESERVATION.id }), found: [`error capacity-reservation ${GROUP}`] },
  { name: 'the reservation of the launch template has expired', plant: (sim) => { sim.world.state.reservations.add({ ...RESERVATION, total: 8, state: 'expired' }); template(sim, { reservation: RESERVATION.id }); }, found: [`error capacity-reservation ${GROUP}`] },
  { name: 'the reservation of the launch template is nearly used up', plant: (sim) => { sim.world.state.reservations.add({ ...RESERVATION, total: 8, available: 1 }); template(sim, { reservation: RESERVATION.id }); }, found: [`error capacity-reservation ${GROUP}`] },
  { name: 'the reservation of the launch template is of another type', plant: (sim) => { sim.world.state.reservations.add({ ...RESERVATION, total: 8, type: 'c7g.large' }); template(sim, { reservation: RESERVATION.id }); }, found: [`error capacity-reservation ${GROUP}`] },
  { name: 'the key pair of the launch template is in the other region only', plant: (sim) => { sim.world.state.keyPairs.add({ region: SEOUL, name: 'on-call' }); templateWith(sim, { KeyName: 'on-call' }); }, found: [`error launch-key-pair ${GROUP}`] },
  { name: 'the instance profile of the launch template is gone', plant: (sim) => templateWith(sim, { IamInstanceProfile: { Name: 'shop-api' } }), found: [`error launch-profile ${GROUP}`] },
  { name: 'the instance profile of the launch template has lost its role', plant: (sim) => { sim.world.state.profiles.set('shop-api', {}); templateWith(sim, { IamInstanceProfile: { Arn: `arn:aws:iam::${ACCOUNT}:instance-profile/shop-api` } }); }, found: [`error launch-profile ${GROUP}`] },
  { name: 'a security group of the launch template is in the other region only', plant: (sim) => { sim.world.addSecurityGroup({ region: SEOUL, id: 'sg-0123456789abcdef0', name: 'api', closed: false }); templateWith(sim, { NetworkInterfaces: [{ DeviceIndex: 0, Groups: ['sg-0123456789abcdef0'] }] }); }, found: [`error launch-security-group ${GROUP}`] },
  { name: 'the caller may not promote', plant: ({ world }) => world.state.policies.deny('rds:PromoteReadReplica'), found: ['error right-missing iam:role/lab'] },
  { name: 'the caller is denied outright what the policy of the topic would give', plant: ({ world }) => world.state.policies.deny('sns:Publish', 'explicitDeny'), found: ['error right-missing iam:role/lab'] },
  { name: 'the caller may not change the group, unless a policy names its unique id', plant: ({ world }) => world.state.policies.deny('autoscaling:UpdateAutoScalingGroup'), found: ['warning right-unproven iam:role/lab'] },
  { name: 'the caller only looks', plant: ({ world }) => { for (const action of ['rds:Promote*', 'rds:Modify*', 'rds:Reboot*', 'rds:Create*', 'rds:Delete*', 'route53:Change*', 'route53:Update*', 'autoscaling:Update*', 's3:*', 'ec2:Run*', 'kms:*', 'sns:*']) world.state.policies.deny(action); }, found: ['note caller-looks-only iam:role/lab'] },
];

export const ARCHIVE_READINESS: Trouble[] = [
  { name: 'the region keeps copies of snapshots only', plant: ({ world }) => { world.state.backups.removeFrom(TOKYO); world.addDbSnapshot({ region: TOKYO, id: 'documents-copy', source: { region: SEOUL, id: 'archive-documents' }, ageMs: 60_000 }); }, found: [`warning continuous-backups rds:${TOKYO}:archive-documents-tokyo`] },
  { name: 'a copy of a snapshot has failed', plant: ({ world }) => world.addDbSnapshot({ region: TOKYO, id: 'documents-copy', source: { region: SEOUL, id: 'archive-documents' }, ageMs: 60_000, status: 'failed' }), found: [`warning recovery-point-unusable rds:${TOKYO}:archive-documents-tokyo`] },
  { name: 'the key of the backups is to be deleted', plant: ({ world }) => world.state.keys.add({ region: TOKYO, arn: `arn:aws:kms:${TOKYO}:111122223333:key/0a1b2c3d-0000-4000-8000-00000000000b`, state: 'PendingDeletion' }), found: [`error kms-key rds:${TOKYO}:archive-documents-tokyo`, 'error rpo-gate databases.documents'] },
  { name: 'the account may run too few vCPUs in the target', plant: ({ world }) => world.state.vcpuQuotas.set(TOKYO, 1), found: [`error vcpu-quota ec2:${TOKYO}`] },
  { name: 'the key of the image is to be deleted', plant: ({ world }) => { const [image] = world.state.instances.imagesIn(TOKYO); if (image !== undefined) { world.state.instances.removeImage(TOKYO, image.id); world.addImage({ ...image, ageMs: 60_000, keyId: keyIn('image') }); world.state.keys.add({ region: TOKYO, arn: keyIn('image'), state: 'PendingDeletion' }); } }, found: [`error kms-key ec2:${TOKYO}:api`] },
  { name: 'the key pair of the launch template is not in the target', plant: ({ world }) => { for (const one of world.state.instances.templatesIn(TOKYO)) { world.state.instances.removeTemplate(TOKYO, one.id); world.addLaunchTemplate({ ...one, data: { ...one.data, KeyName: 'on-call' } }); } }, found: [`error launch-key-pair ec2:${TOKYO}:api`] },
  { name: 'the reservation of the launch template is of too few instances', plant: ({ world }) => { world.state.reservations.add({ ...RESERVATION, total: 1 }); for (const one of world.state.instances.templatesIn(TOKYO)) { world.state.instances.removeTemplate(TOKYO, one.id); world.addLaunchTemplate({ ...one, data: { ...one.data, ...boundTo(RESERVATION.id) } }); } }, found: [`error capacity-reservation ec2:${TOKYO}:api`] },
];

export const BILLING_READINESS: Trouble[] = [
  { name: 'a spare was terminated', plant: ({ world, clock }) => { const spare = [...world.state.instances.all()].find(({ region, tags }) => region === TOKYO && tags.Name?.includes('spare') === true); world.state.instances.terminate(spare === undefined ? [] : [spare], clock.now()); }, found: [`warning spare-missing ec2:${TOKYO}:batch`] },
  { name: 'the account may not start the instances that wait', plant: ({ world }) => { world.state.vcpuQuotas.set(TOKYO, 10); world.state.vcpuQuotas.setOthers(TOKYO, 5); }, found: [`error vcpu-quota ec2:${TOKYO}`] },
];

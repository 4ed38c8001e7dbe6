import { type Image, snapshotKeys, type TemplateVersion } from '../../aws/ec2.ts';
import type { InspectContext } from '../../model/kind.ts';

type TemplateData = NonNullable<TemplateVersion['LaunchTemplateData']>;

/**
 * The keys that a launch needs: those that the template names for its volumes, and those of the snapshots of the image. An account that
 * encrypts every new volume by default has one more, which is not asked for.
 * https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/AMIEncryption.html
 * @throws AwsError
 */
export async function volumeKeys(ctx: Pick<InspectContext, 'effects' | 'signal'>, region: string, template: TemplateData | undefined, image: Image | undefined): Promise<string[]> {
  const named = (template?.BlockDeviceMappings ?? []).flatMap(({ Ebs }) => Ebs?.KmsKeyId ?? []);
  const encrypted = (image?.BlockDeviceMappings ?? []).flatMap(({ Ebs }) => (Ebs?.Encrypted === true ? (Ebs.SnapshotId ?? []) : []));
  const ofImage = await snapshotKeys(ctx.effects.aws, region, encrypted, { signal: ctx.signal });
  return [...new Set([...named, ...ofImage])];
}

import { toolVersion } from '../app/version.ts';
import { DrCommand } from '../cli/base-command.ts';

export default class Version extends DrCommand {
  static override summary = 'Print the version of dr and of Node.';
  static override examples = ['<%= config.bin %> version'];

  override async run(): Promise<void> {
    await this.parse(Version);
    const { name, version, node } = toolVersion();
    this.done({ name, version, node }, () => `${name} ${version}, Node ${node}`);
  }
}

import { DrCommand } from '../cli/base-command.ts';

export default class Schema extends DrCommand {
  static override summary = 'Print the JSON Schema of runbooks, for editors.';
  static override description =
    'Save it beside your runbooks, and begin each of them with: # yaml-language-server: $schema=runbook.schema.json';
  static override examples = ['<%= config.bin %> schema > runbooks/runbook.schema.json'];

  override async run(): Promise<void> {
    await this.parse(Schema);
    const { runbookJsonSchema, runbookJsonSchemaText } = await import('../runbook/json-schema.ts');
    const text = await runbookJsonSchemaText();
    this.done(await runbookJsonSchema(), () => text);
  }
}

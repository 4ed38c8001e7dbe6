/*
 * What SARIF 2.1.0 demands of the objects that `dr check` writes, from the text of the standard. No property may be there that it does not
 * name here, so that whatever is added has to be looked up.
 * https://docs.oasis-open.org/sarif/sarif/v2.1.0/os/sarif-v2.1.0-os.html
 */

const text = { type: 'string', minLength: 1 };
const strict = (required: readonly string[], properties: object): object => ({ type: 'object', additionalProperties: false, required, properties });
const list = (items: object): object => ({ type: 'array', items, uniqueItems: true });
/** 3.11: `text` or `id`. */
const message = strict(['text'], { text });

export const SARIF = strict(['version', 'runs'], {
  $schema: { type: 'string', format: 'uri' },
  version: { const: '2.1.0' },
  runs: {
    type: 'array',
    items: strict(['tool', 'results'], {
      // 3.18, 3.19, 3.49: names of rules are stable and unique.
      tool: strict(['driver'], {
        driver: strict(['name'], {
          name: text,
          version: text,
          rules: list(strict(['id'], { id: text, shortDescription: message, helpUri: { type: 'string', format: 'uri' } })),
        }),
      }),
      // 3.27
      results: {
        type: 'array',
        items: strict(['message'], {
          ruleId: text,
          level: { enum: ['none', 'note', 'warning', 'error'] },
          message,
          locations: {
            type: 'array',
            items: strict([], {
              // 3.29, 3.4, 3.30: lines and columns count from 1.
              physicalLocation: strict(['artifactLocation'], {
                artifactLocation: strict([], { uri: { type: 'string', format: 'uri-reference' } }),
                region: strict(['startLine'], { startLine: { type: 'integer', minimum: 1 }, startColumn: { type: 'integer', minimum: 1 } }),
              }),
              logicalLocations: list(strict([], { fullyQualifiedName: text })),
            }),
          },
          partialFingerprints: { type: 'object', additionalProperties: { type: 'string' } },
          // 3.35
          suppressions: list(strict(['kind'], { kind: { enum: ['inSource', 'external'] }, status: { enum: ['accepted', 'underReview', 'rejected'] }, justification: { type: 'string' } })),
        }),
      },
    }),
  },
});

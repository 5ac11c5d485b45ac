import { describe, expect, it } from 'vitest';
import { configJsonSchema } from './json-schema.ts';

describe('the JSON Schema', () => {
  const schema = configJsonSchema();
  const text = JSON.stringify(schema);

  it('is one that editors read, without words of our own', () => {
    expect(schema).toMatchObject({
      $schema: 'http://json-schema.org/draft-07/schema#',
      type: 'object',
      required: ['services'],
      additionalProperties: false,
    });
    expect(text).not.toMatch(/"(allowed|likely)":/);
  });

  it('describes a service once, for services and overrides alike', () => {
    const { definitions } = schema as {
      definitions: Record<string, { properties: Record<string, unknown> }>;
    };
    expect(Object.keys(definitions).toSorted()).toEqual(['rollout', 'scaling', 'service']);
    expect(definitions['service']?.properties['start']).toMatchObject({
      type: 'string',
      description: expect.stringContaining('Shell command that starts one target'),
    });
    expect(text.match(/"#\/definitions\/service"/g)).toHaveLength(2);
  });
});

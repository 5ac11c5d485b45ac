import * as z from 'zod';
import { configSchema } from './schema/schema.ts';

/**
 * The JSON Schema (draft 7, which editors read) of a configuration: completion, help and checks for JSON and YAML.
 * What must fit together is checked at load only.
 */
export function configJsonSchema(): Record<string, unknown> {
  const schema = z.toJSONSchema(configSchema, {
    target: 'draft-7',
    io: 'input',
    override: ({ jsonSchema }) => {
      // Notes for messages, which are no words of JSON Schema.
      delete jsonSchema['allowed'];
      delete jsonSchema['likely'];
    },
  });
  return { ...schema, title: 'morrow.config' };
}

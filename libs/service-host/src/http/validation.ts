import type { ParameterDecoratorOptions, PipeTransform } from '@nestjs/common';
import { z } from 'zod';
import { invalidFields, type FieldError } from './problem.js';

/**
 * Checks a request's body: `@Body(zodBody(placeOrder)) body: z.infer<typeof placeOrder>`. What does not fit is answered with
 * 422 `validation_failed` and the list of fields. The schema also becomes the body's description in OpenAPI.
 * Its objects must be strict, so that unknown fields are refused: another schema is an error when the class is loaded.
 */
export function zodBody<Schema extends z.ZodType>(schema: Schema): ParameterDecoratorOptions {
  return { schema: strict(schema), pipes: [new SchemaPipe(schema)] };
}

/** Checks a request's query like `zodBody` its body. Values arrive as text: use `z.coerce` or transforms. */
export function zodQuery<Schema extends z.ZodObject>(schema: Schema): ParameterDecoratorOptions {
  return { schema: strict(schema), pipes: [new SchemaPipe(schema)] };
}

class SchemaPipe implements PipeTransform {
  constructor(private readonly schema: z.ZodType) {}

  transform(value: unknown): unknown {
    const parsed = this.schema.safeParse(value);
    if (parsed.success) return parsed.data;
    throw invalidFields(parsed.error.issues.flatMap(fieldErrorsOf));
  }
}

function fieldErrorsOf(issue: z.core.$ZodIssue): FieldError[] {
  const path = issue.path.map(String);
  if (issue.code === 'unrecognized_keys')
    return issue.keys.map((key) => ({
      path: [...path, key].join('.'),
      code: 'unknown_field',
      message: 'is not a known field',
    }));
  return [{ path: path.join('.'), code: codeOf(issue), message: issue.message }];
}

/** A check of one's own gives its code as a parameter: `addIssue({ code: 'custom', params: { code: 'duplicate_sku' }, … })`. */
function codeOf(issue: z.core.$ZodIssue): string {
  const own: unknown = issue.code === 'custom' ? issue.params?.['code'] : undefined;
  return typeof own === 'string' ? own : issue.code;
}

function strict<Schema extends z.ZodType>(schema: Schema): Schema {
  const loose = looseObjectIn(z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }), 'the schema');
  if (loose) throw new Error(`${loose} accepts unknown fields: use z.strictObject`);
  return schema;
}

/** Where a JSON schema describes an object without saying that nothing else may be in it. */
function looseObjectIn(node: unknown, path: string): string | undefined {
  if (typeof node !== 'object' || node === null) return undefined;
  const isObject = 'type' in node && node.type === 'object' && 'properties' in node;
  if (isObject && !('additionalProperties' in node)) return path;
  for (const [name, child] of Object.entries(node)) {
    const found = looseObjectIn(child, name === 'properties' || name === 'items' ? path : `${path}.${name}`);
    if (found) return found;
  }
  return undefined;
}

import type { INestApplication } from '@nestjs/common';
import { ApiBody, ApiResponse, DocumentBuilder, SwaggerModule, type OpenAPIObject } from '@nestjs/swagger';
import { z } from 'zod';
import { problemMediaType, problemShape } from './problem.js';

/** Documents an answer by its schema: `@ApiZodResponse(202, order)`. */
export function ApiZodResponse(status: number, schema: z.ZodType, description = ''): MethodDecorator {
  return ApiResponse({ status, description, schema: jsonSchemaOf(schema, 'output') });
}

/** Documents a body that is not declared by `zodBody`, which documents itself. */
export function ApiZodBody(schema: z.ZodType): MethodDecorator {
  return ApiBody({ schema: jsonSchemaOf(schema, 'input') });
}

/** The description of a service's HTTP API. */
export function describeApi(app: INestApplication, service: string): OpenAPIObject {
  const about = new DocumentBuilder()
    .setTitle(`Quadrille ${service}`)
    .setDescription('Errors are application/problem+json (RFC 9457) with a stable `code`.')
    .setVersion('1')
    .addBearerAuth()
    .build();
  const document = SwaggerModule.createDocument(app, about, {
    standardSchemaConverter: (schema, { schemaType }) =>
      schema instanceof z.ZodType ? { schema: jsonSchemaOf(schema, schemaType) } : undefined,
  });
  const schemas = { ...document.components?.schemas, Problem: jsonSchemaOf(problemShape, 'output') };
  for (const path of Object.values(document.paths))
    for (const method of ['get', 'put', 'post', 'delete', 'patch'] as const)
      if (path[method]) path[method].responses['default'] = problemResponse;
  return { ...document, components: { ...document.components, schemas } };
}

const problemResponse = {
  description: 'A problem.',
  content: { [problemMediaType]: { schema: { $ref: '#/components/schemas/Problem' } } },
};

function jsonSchemaOf(schema: z.ZodType, io: 'input' | 'output'): object {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { target: 'openapi-3.0', io, unrepresentable: 'any' });
  return rest;
}

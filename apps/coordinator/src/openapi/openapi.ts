import type { INestApplication } from '@nestjs/common';
import { DocumentBuilder, SwaggerModule } from '@nestjs/swagger';
import type { OpenAPIObject } from '@nestjs/swagger';
import { z } from 'zod';
import { problem } from '#libs/contracts';

/** OpenAPI 3.1 from the very schemas that check the requests. */
export function openApiDocument(app: INestApplication): OpenAPIObject {
  const base = new DocumentBuilder()
    .setTitle('Holdfast coordinator')
    .setDescription(
      'People sign in with a session cookie and send x-holdfast-csrf with every change; agents send a bearer token. Errors are problem+json with a stable `code`.',
    )
    .setVersion('1')
    .setOpenAPIVersion('3.1.0')
    .addCookieAuth('__Host-holdfast')
    .addBearerAuth()
    .build();
  const document = SwaggerModule.createDocument(app, base, {
    operationIdFactory: (controller, method) => `${controller.replace(/Controller$/, '')}_${method}`,
    standardSchemaConverter: (schema, { schemaType }) => {
      if (!(schema instanceof z.ZodType)) return undefined;
      const {
        $schema: _,
        $defs,
        ...json
      } = z.toJSONSchema(schema, { io: schemaType, unrepresentable: 'any', target: 'draft-2020-12' }) as Record<string, unknown>;
      return { schema: json, components: $defs as Record<string, unknown> | undefined };
    },
  });
  return withProblems(document);
}

/** Every operation may answer with a problem. */
function withProblems(document: OpenAPIObject): OpenAPIObject {
  const schema = z.toJSONSchema(problem, { unrepresentable: 'any' }).$defs!['Problem'];
  // Zod and Nest have each its own type of the same JSON Schema.
  document.components = { ...document.components, schemas: { ...document.components?.schemas, Problem: schema as never } };
  const content = { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } };
  for (const path of Object.values(document.paths)) {
    for (const operation of [path.get, path.post, path.put, path.patch, path.delete]) {
      if (operation)
        operation.responses = { ...operation.responses, default: { description: 'What went wrong, with a stable code', content } };
    }
  }
  return document;
}

/** The page at /api/docs and the document at /api/openapi.json. */
export function serveOpenApi(app: INestApplication): void {
  SwaggerModule.setup('api/docs', app, () => openApiDocument(app), {
    jsonDocumentUrl: 'api/openapi.json',
    yamlDocumentUrl: 'api/openapi.yaml',
    customSiteTitle: 'Holdfast API',
  });
}

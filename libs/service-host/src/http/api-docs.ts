import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { describeApi } from './openapi.js';

/**
 * The API's description at `/docs-json`, and Swagger UI for it at `/docs`. Nest's own setup of the UI loads a package that
 * Jest cannot load on Node 20, and three files need no file server. Call it before the application is initialized.
 */
export function serveApiDocs(app: NestFastifyApplication, service: string): void {
  const http = app.getHttpAdapter();
  let description: object | undefined;
  http.get('/docs-json', (_request: unknown, reply: Reply) => reply.send((description ??= describeApi(app, service))));
  http.get('/docs', (_request: unknown, reply: Reply) => reply.type('text/html; charset=utf-8').send(page(service)));
  for (const [file, mediaType] of Object.entries(assets))
    http.get(`/docs/${file}`, async (_request: unknown, reply: Reply) => reply.type(mediaType).send(await read(file)));
}

interface Reply {
  type(mediaType: string): Reply;
  send(body: string | Buffer | object): Reply;
}

const assets = {
  'swagger-ui.css': 'text/css; charset=utf-8',
  'swagger-ui-bundle.js': 'text/javascript; charset=utf-8',
};

/** A bundle has Swagger UI beside it. Otherwise it comes with `@nestjs/swagger`, so it is looked for from there. */
function read(file: string): Promise<Buffer> {
  const beside = new URL(`swagger-ui/${file}`, import.meta.url);
  if (existsSync(beside)) return readFile(beside);
  const nestSwagger = createRequire(import.meta.url).resolve('@nestjs/swagger');
  return readFile(createRequire(nestSwagger).resolve(`swagger-ui-dist/${file}`));
}

function page(service: string): string {
  return `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <title>Quadrille ${service}</title>
    <link rel="stylesheet" href="/docs/swagger-ui.css">
  </head>
  <body>
    <div id="swagger-ui"></div>
    <script src="/docs/swagger-ui-bundle.js"></script>
    <script>SwaggerUIBundle({ url: '/docs-json', dom_id: '#swagger-ui' });</script>
  </body>
</html>
`;
}

import { writeFileSync } from 'node:fs';
import { asyncApiDocument } from './asyncapi-document.js';
import { choreographyDocument } from './choreography-document.js';
import { parts } from './parts.js';

/** `npm run docs:choreography`: writes the generated documents anew. */
const docs = new URL('../../../docs/', import.meta.url);
writeFileSync(new URL('choreography.md', docs), choreographyDocument(parts));
writeFileSync(new URL('asyncapi.json', docs), `${JSON.stringify(asyncApiDocument(parts), null, 2)}\n`);
process.stdout.write('docs/choreography.md and docs/asyncapi.json say what the choreography tables say.\n');

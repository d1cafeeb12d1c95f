import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { Parser } from '@asyncapi/parser';
import { asyncApiDocument } from './asyncapi-document.js';
import { parts } from './parts.js';

describe('docs/asyncapi.json', () => {
  const checkedIn = readFileSync(new URL('../../../docs/asyncapi.json', import.meta.url), 'utf8');

  it('is what the catalogue and the tables say today (else: npm run docs:choreography)', () => {
    expect(JSON.parse(checkedIn)).toEqual(JSON.parse(JSON.stringify(asyncApiDocument(parts))));
  });

  it('is accepted by the official parser', async () => {
    const { document, diagnostics } = await new Parser().parse(checkedIn);

    expect(diagnostics.filter(({ severity }) => severity === 0)).toEqual([]);
    expect(document?.version()).toBe('3.0.0');
  });
});

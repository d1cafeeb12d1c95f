import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { catalogue, definitionOf } from './catalogue.js';
import { parseEvent } from './envelope.js';

const folder = new URL('../samples/', import.meta.url);
const samples = readdirSync(folder).map((file) => file.replace(/\.json$/, ''));

describe('golden samples', () => {
  it('exist for every version that is alive, and for nothing else that its owner still announces', () => {
    expect(samples.filter((type) => definitionOf(type)).sort()).toEqual(catalogue.map(({ type }) => type).sort());
  });

  it.each(samples)('%s, as it was sent, is still understood', (type) => {
    const body = readFileSync(new URL(`${type}.json`, folder));
    const sent = JSON.parse(body.toString()) as unknown;

    const parsed = parseEvent(body);

    expect(parsed).toEqual({ kind: 'event', event: sent });
  });
});

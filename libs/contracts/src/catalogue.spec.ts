import { describe, expect, it } from '@jest/globals';
import { catalogue } from './catalogue.js';

describe('the catalogue', () => {
  it('names every wire type once', () => {
    expect(new Set(catalogue.map(({ type }) => type)).size).toBe(catalogue.length);
  });

  it.each(catalogue.map((definition) => [definition.type, definition] as const))(
    '%s says what its parts say',
    (type, definition) => {
      const [owner, , version] = type.split('.');

      expect(owner).toBe(definition.owner);
      expect(version).toBe(`v${definition.version}`);
      expect(definition.summary).toMatch(/^[A-Z].*\.$/);
      expect(Object.keys(definition.data.shape)).toContain('orderId');
    },
  );
});

import { readFileSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { WorkingCopy } from './working-copy.js';

const root = fileURLToPath(new URL('../../../../', import.meta.url));
const file = 'libs/contracts/src/index.ts';
const mutant = {
  name: 'an export is gone',
  breaks: 'everything',
  file,
  edits: [{ find: `export * from './slot.js';\n`, replace: '' }],
  noticedBy: { spec: 'libs/contracts/src/slot.spec.ts', test: 'slot' },
};

describe('a copy of the sources', () => {
  let copy: WorkingCopy;
  beforeAll(() => {
    copy = new WorkingCopy(root, join(root, '.quadrille'));
  });
  afterAll(() => copy.remove());

  it('finds its own packages, and not the clone’s', () => {
    for (const name of ['contracts', 'event-log', 'messaging', 'testing'])
      expect(realpathSync(copy.path(`node_modules/@quadrille/${name}`))).toBe(copy.path(`libs/${name}`));
    expect(realpathSync(copy.path('node_modules/@quadrille/order'))).toBe(copy.path('apps/order'));
  });

  it('has a bug planted and healed, and the clone never has it', () => {
    const sound = readFileSync(join(root, file), 'utf8');
    copy.plant(mutant);
    expect(readFileSync(copy.path(file), 'utf8')).not.toContain('./slot.js');
    expect(readFileSync(join(root, file), 'utf8')).toBe(sound);
    copy.heal(mutant);
    expect(readFileSync(copy.path(file), 'utf8')).toBe(sound);
  });
});

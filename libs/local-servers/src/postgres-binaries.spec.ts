import { describe, expect, test } from '@jest/globals';
import { chmodSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { throwAwayDirectory } from '../test/throw-away-directory.js';
import { canReach } from './postgres-binaries.js';

const root = throwAwayDirectory();
const stranger = { uid: 4_000_001, gid: 4_000_001 };

describe('a directory for a server that runs as another user', () => {
  test('cannot be reached below a home that is closed to others', () => {
    const home = join(root, 'home');
    mkdirSync(join(home, 'project', 'data'), { recursive: true });
    chmodSync(root, 0o755);
    chmodSync(home, 0o700);
    expect(canReach(join(home, 'project', 'data'), stranger)).toBe(false);
    expect(canReach(join(home, 'project', 'data'), { uid: process.getuid?.() ?? 0, gid: 0 })).toBe(true);
    chmodSync(home, 0o711);
    expect(canReach(join(home, 'project', 'data'), stranger)).toBe(true);
  });

  test('can be reached before it exists, if its parents can', () => {
    chmodSync(root, 0o755);
    expect(canReach(join(root, 'not', 'yet'), stranger)).toBe(true);
  });
});

import { afterEach, describe, expect, test } from '@jest/globals';
import { failpoint, plantFailpoint, readFailpointsAgain } from './failpoints.js';

const before = { ...process.env };
afterEach(() => {
  process.env = { ...before };
  readFailpointsAgain();
});

function given(variables: NodeJS.ProcessEnv): void {
  Object.assign(process.env, variables);
  readFailpointsAgain();
}

async function passes(count: number): Promise<string[]> {
  const log: string[] = [];
  for (let i = 0; i < count; i++) {
    const step = async () => void log.push('step');
    await failpoint('here', step).catch((error: Error & { code: string }) => log.push(`${error.name} ${error.code}`));
  }
  return log;
}

describe('a failpoint', () => {
  test('that nobody asked for lets its step pass', async () => {
    expect(await passes(2)).toEqual(['step', 'step']);
  });

  test('throws before the step, at every pass', async () => {
    given({ QUADRILLE_FAILPOINTS: 'elsewhere=exit,here=throw:ECONNRESET' });
    expect(await passes(2)).toEqual(['FailpointError ECONNRESET', 'FailpointError ECONNRESET']);
  });

  test('throws after the step, at the nth pass only', async () => {
    given({ QUADRILLE_FAILPOINTS: 'here=throw-after@2' });
    expect(await passes(3)).toEqual(['step', 'step', 'FailpointError FAILPOINT', 'step']);
  });

  test('delays the step', async () => {
    given({ QUADRILLE_FAILPOINTS: 'here=delay:1' });
    expect(await passes(1)).toEqual(['step']);
  });

  test('does nothing in production', async () => {
    given({ QUADRILLE_FAILPOINTS: 'here=throw', NODE_ENV: 'production' });
    expect(await passes(1)).toEqual(['step']);
  });

  test('that is misspelt is an error that shows how to write it', async () => {
    given({ QUADRILLE_FAILPOINTS: 'here=explode' });
    await expect(failpoint('here')).rejects.toThrow('QUADRILLE_FAILPOINTS: "here=explode" is not name=action');
  });

  test('planted by a test acts until it is pulled out', async () => {
    let acted = 0;
    const pull = plantFailpoint('here', () => void (acted += 1));
    await passes(2);
    pull();
    await passes(2);
    expect(acted).toBe(2);
  });
});

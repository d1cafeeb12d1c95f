import { expect, it } from '@jest/globals';
import { z } from 'zod';
import { rows } from './evidence.js';

it('answers although the server ends the connection when the rows are there, and the process that asked goes on', async () => {
  const { throwAwayDatabase } = await import('@quadrille/testing');
  const { url, drop } = await throwAwayDatabase();
  // The session is ended by the server as soon as it is idle, while this process is held up between two steps.
  const heldUp = z.object({ set_config: z.string() }).transform(({ set_config: timeoutMs }) => {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 300);
    return timeoutMs;
  });
  try {
    expect(await rows(url, `select set_config('idle_session_timeout', '1', false)`, heldUp)).toEqual(['1ms']);
  } finally {
    await drop();
  }
});

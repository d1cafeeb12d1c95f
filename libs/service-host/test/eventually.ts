import { setTimeout as pause } from 'node:timers/promises';

/** Asks again and again until there is an answer, and fails with the last reason when there is none in time. */
export async function eventually<Answer>(ask: () => Promise<Answer> | Answer, withinMs = 30_000): Promise<Answer> {
  const endsAt = performance.now() + withinMs;
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      if (performance.now() > endsAt) throw error;
    }
    await pause(50);
  }
}

import { setTimeout as sleep } from 'node:timers/promises';

/** Waits for a fact, asking again and again, and fails with the last answer when it does not come. */
export async function eventually(assertion: () => unknown, withinMs = 30_000): Promise<void> {
  const end = performance.now() + withinMs;
  for (;;) {
    try {
      await assertion();
      return;
    } catch (error) {
      if (performance.now() > end) throw error;
    }
    await sleep(20);
  }
}

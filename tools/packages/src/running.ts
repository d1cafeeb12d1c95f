import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';

const patienceMs = 60_000;

export interface Running {
  /** Resolves when the process has written this; rejects with all it wrote when it ends before that or nothing comes. */
  says(text: RegExp): Promise<void>;
  /** Asks it to end, as an orchestrator does. */
  end(): Promise<{ code: number | null; signal: string | null }>;
}

/** A child process whose words can be waited for. */
export function running(child: ChildProcessWithoutNullStreams): Running {
  let words = '';
  child.stdout.on('data', (chunk: Buffer) => (words += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (words += chunk.toString()));
  const exit = once(child, 'exit') as Promise<[number | null, string | null]>;

  return {
    async says(text) {
      const endsAt = Date.now() + patienceMs;
      while (!text.test(words)) {
        if (child.exitCode !== null || child.signalCode !== null || Date.now() > endsAt) {
          child.kill('SIGKILL');
          throw new Error(`never heard ${text}, but:\n${words}`);
        }
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    },
    async end() {
      child.kill('SIGTERM');
      const impatience = setTimeout(() => child.kill('SIGKILL'), patienceMs);
      const [code, signal] = await exit;
      clearTimeout(impatience);
      return { code, signal };
    },
  };
}

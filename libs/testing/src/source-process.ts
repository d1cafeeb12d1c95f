import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const loader = fileURLToPath(new URL('../sources.mjs', import.meta.url));

/** `node dist/main.js`, but from the sources of this workspace, and with no variables but those given. */
export class SourceProcess {
  stdout = '';
  stderr = '';
  /** The exit code; null after a signal. */
  readonly exited: Promise<number | null>;
  private readonly child: ChildProcess;

  constructor(main: string, variables: Readonly<Record<string, string>>, ...words: readonly string[]) {
    const node = ['--conditions=@quadrille/source', '--enable-source-maps', `--import=${loader}`, main, ...words];
    const { PATH = '' } = process.env;
    this.child = spawn(process.execPath, node, { env: { PATH, ...variables } });
    this.child.stdout?.on('data', (chunk: Buffer) => (this.stdout += chunk.toString()));
    this.child.stderr?.on('data', (chunk: Buffer) => (this.stderr += chunk.toString()));
    // Not `exit`: what it wrote last may come after that.
    this.exited = once(this.child, 'close').then(([code]) => code as number | null);
  }

  kill(signal: NodeJS.Signals): void {
    this.child.kill(signal);
  }

  /** The line of the log with this message. */
  async logged(message: string): Promise<Record<string, unknown>> {
    for (const endsAt = performance.now() + 120_000; performance.now() < endsAt; await pause(50)) {
      const line = this.stdout.split('\n').find((text) => text.includes(`"msg":"${message}"`));
      if (line) return JSON.parse(line) as Record<string, unknown>;
    }
    throw new Error(`${message} is not in the log:\n${this.stdout}${this.stderr}`);
  }
}

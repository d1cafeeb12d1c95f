import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { once } from 'node:events';

/** What one can say to a Docker Engine. `enter` begins each command, when the engine is not the one of this machine. */
export class Engine {
  constructor(private readonly enter: readonly string[]) {}

  /** What the command says. Rejects with its complaint when it fails. */
  async run(command: readonly string[], input = ''): Promise<string> {
    const [program = '', ...args] = [...this.enter, ...command];
    const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'pipe'] });
    child.stdin.on('error', () => undefined); // It may end without having read; its exit code says whether that is well.
    child.stdin.end(input);
    const [said, complaint, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
    if (code === 0) return said;
    throw new Error(
      `\`${command.join(' ')}\` ended with ${String(code)}: ${complaint.trim().split('\n').at(-1) ?? ''}`,
    );
  }
}

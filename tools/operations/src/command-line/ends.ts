/** The command line is not as it should be: one sentence, exit code 2. */
export class UsageError extends Error {}

/** It could not be done: one sentence, exit code 1. */
export class Failure extends Error {}

/** Runs a command to its exit code. What a person must know is one sentence on standard error. */
export async function runCommand(name: string, work: (args: readonly string[]) => Promise<number>): Promise<void> {
  // Nobody is there to be told: `… | head` has read enough, or the terminal is gone. What was begun still comes to its end.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
  try {
    process.exitCode = await work(process.argv.slice(2));
  } catch (error) {
    const expected = error instanceof UsageError || error instanceof Failure;
    process.stderr.write(`${name}: ${expected ? error.message : (error as Error).stack}\n`);
    process.exitCode = error instanceof UsageError ? 2 : 1;
  }
}

export function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

export function complain(line: string): void {
  process.stderr.write(`${line}\n`);
}

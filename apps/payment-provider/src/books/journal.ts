import { mkdir, open, readFile, truncate, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import type { Entry } from './entries.js';

/**
 * An append-only file of JSON lines. `append` resolves when the line is on disk (fdatasync); lines that wait together
 * share one sync. Opening reads the file back; a last line that a crash has torn was never promised to anybody and is cut off.
 */
export class Journal {
  private waiting: Buffer[] = [];
  private writing: Promise<void> = Promise.resolve();
  private scheduled: Promise<void> | null = null;

  private constructor(
    private readonly file: FileHandle,
    readonly entries: readonly Entry[],
  ) {}

  static async open(directory: string): Promise<Journal> {
    await mkdir(directory, { recursive: true });
    const path = join(directory, 'journal.jsonl');
    const { entries, wholeBytes } = parse(await readFile(path, { flag: 'a+' }));
    await truncate(path, wholeBytes);
    const file = await open(path, 'a');
    await file.datasync();
    await syncDirectory(directory);
    return new Journal(file, entries);
  }

  append(entry: Entry): Promise<void> {
    this.waiting.push(Buffer.from(`${JSON.stringify(entry)}\n`));
    this.scheduled ??= this.writing = this.writing.then(() => this.write());
    return this.scheduled;
  }

  /** Resolves when everything appended so far is on disk: nothing may be shown to anybody before that. */
  settled(): Promise<void> {
    return this.writing;
  }

  async close(): Promise<void> {
    await this.writing;
    await this.file.close();
  }

  private async write(): Promise<void> {
    this.scheduled = null;
    const lines = Buffer.concat(this.waiting);
    this.waiting = [];
    await this.file.appendFile(lines);
    await this.file.datasync();
  }
}

function parse(content: Buffer): { entries: Entry[]; wholeBytes: number } {
  const wholeBytes = content.lastIndexOf('\n') + 1;
  const lines = content.subarray(0, wholeBytes).toString('utf8').split('\n').slice(0, -1);
  const entries = lines.map((line, index) => {
    try {
      return JSON.parse(line) as Entry;
    } catch (error) {
      throw new Error(`line ${index + 1} of the journal is damaged: restore the file or move it away`, {
        cause: error,
      });
    }
  });
  return { entries, wholeBytes };
}

/** Makes the file's name as durable as its content. */
async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

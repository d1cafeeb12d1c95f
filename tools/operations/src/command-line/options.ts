import { parseArgs } from 'node:util';
import { UsageError } from './ends.js';

export interface Option {
  /** What stands for the value in the help, `<name>`; without it the option is a switch. */
  readonly value?: string;
  readonly multiple?: boolean;
  readonly help: string;
}

export interface Usage {
  /** As one types it: `dead-letters list [options]`. */
  readonly line: string;
  readonly summary: string;
  readonly options: Readonly<Record<string, Option>>;
  /** Paragraphs below the options. */
  readonly notes?: readonly string[];
}

/** The options that were given, by name. */
export class Given {
  constructor(
    private readonly values: Readonly<Record<string, unknown>>,
    readonly positionals: readonly string[],
  ) {}

  has(name: string): boolean {
    return this.values[name] === true;
  }

  text(name: string): string | undefined {
    const value = this.values[name];
    return typeof value === 'string' ? value : undefined;
  }

  texts(name: string): readonly string[] {
    const value = this.values[name];
    return Array.isArray(value) ? (value as string[]) : [];
  }
}

export const helpOption = { help: { help: 'say this' } } as const;

/** Reads the arguments; throws a `UsageError` of one sentence for what the usage does not name. */
export function parse(usage: Usage, args: readonly string[]): Given {
  const options = Object.fromEntries(
    Object.entries({ ...usage.options, ...helpOption }).map(([name, option]: [string, Option]) => [
      name,
      {
        type: option.value === undefined ? ('boolean' as const) : ('string' as const),
        multiple: option.multiple ?? false,
      },
    ]),
  );
  try {
    const { values, positionals } = parseArgs({ args: [...args], options, allowPositionals: true });
    return new Given(values, positionals);
  } catch (error) {
    throw new UsageError(`${(error as Error).message.split('. ')[0]}; --help says what there is.`);
  }
}

export function helpOf({ line, summary, options, notes = [] }: Usage): string {
  const rows = Object.entries({ ...options, ...helpOption }).map(([name, { value, help }]: [string, Option]) => [
    `  --${name}${value === undefined ? '' : ` <${value}>`}`,
    help,
  ]);
  const width = Math.max(...rows.map(([left = '']) => left.length));
  return [
    `npm run ${line}`,
    '',
    summary,
    '',
    ...rows.map(([left = '', help = '']) => `${left.padEnd(width)}  ${help}`),
    ...notes.flatMap((note) => ['', note]),
  ].join('\n');
}

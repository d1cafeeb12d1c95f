import { createHash } from 'node:crypto';
import type { QueryConfig } from 'pg';

/** Texts that were ever sent with parameters: constants of the code, and few. Whoever builds them at run time is not let fill the server's memory. */
const names = new Map<string, string>();
const namesMax = 500;

/**
 * A statement that each connection parses once, and plans seldom: without a name both cost five times what the statement does
 * that moves a few rows.
 */
export function statement(text: string, parameters: readonly unknown[]): QueryConfig {
  if (parameters.length === 0) return { text };
  return { name: nameOf(text), text, values: [...parameters] };
}

function nameOf(text: string): string | undefined {
  const known = names.get(text);
  if (known !== undefined || names.size >= namesMax) return known;
  const name = createHash('sha256').update(text).digest('hex').slice(0, 32);
  names.set(text, name);
  return name;
}

import type { DataSource } from 'typeorm';

export type Queryable = Pick<DataSource, 'query'>;

/** The rows of one statement. TypeORM answers UPDATE and DELETE with `[rows, count]`, and everything else with rows. */
export async function rows<Row = Record<string, unknown>>(
  source: Queryable,
  sql: string,
  parameters: readonly unknown[] = [],
): Promise<Row[]> {
  const result = (await source.query<Row[] | [Row[], number]>(sql, [...parameters])) as unknown[];
  return (Array.isArray(result[0]) ? result[0] : result) as Row[];
}

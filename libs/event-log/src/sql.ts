import type { Pool } from 'pg';
import type { DataSource } from 'typeorm';
import type { PostgresDriver } from 'typeorm/driver/postgres/PostgresDriver.js';
import { statement } from './statement.js';

/** The rows of one statement, on whichever connection is free. Straight to the driver, as in a round. */
export async function rows<Row = Record<string, unknown>>(
  { driver }: DataSource,
  sql: string,
  parameters: readonly unknown[] = [],
): Promise<Row[]> {
  const pool = (driver as PostgresDriver).master as Pool;
  return (await pool.query(statement(sql, parameters))).rows as Row[];
}

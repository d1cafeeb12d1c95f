import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * The only changes of tables that a running service needs: new partitions of the log and the inbox, and the end of old ones. They are
 * made with the rights of whoever owns the tables, so that the service's own role needs none to change anything else.
 */
export class EventLogPartitions1700000000400 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    for (const statement of [attachPartition, dropPartition, ...forNobodyElse]) await runner.query(statement);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`drop function attach_partition, drop_partition`);
  }
}

// Attaching a table takes a weaker lock on its parent than creating it as a partition: rounds go on.
const attachPartition = `
  create function attach_partition(parent text, part text, lower text, upper text) returns void
  language plpgsql security definer set search_path = public, pg_temp as $$
  begin
    if not (parent = 'log' and part ~ '^log_p[0-9]+$' or parent = 'inbox' and part ~ '^inbox_w[0-9]+$') then
      raise exception '% is no partition of %', part, parent using errcode = 'insufficient_privilege';
    end if;
    execute format('create table %I (like %I including all)', part, parent);
    if parent = 'inbox' then
      -- Ids of this week may have come before its partition: they must leave the default part in the same moment.
      lock table inbox_default in access exclusive mode;
      execute format(
        'with moved as (delete from inbox_default where message_id >= %L and message_id < %L returning *)
         insert into %I select * from moved', lower, upper, part);
    end if;
    execute format('alter table %I attach partition %I for values from (%L) to (%L)', parent, part, lower, upper);
  end $$`;

const dropPartition = `
  create function drop_partition(part text) returns void
  language plpgsql security definer set search_path = public, pg_temp as $$
  begin
    if part !~ '^(log_p|inbox_w)[0-9]+$' then
      raise exception '% is no partition of the event log', part using errcode = 'insufficient_privilege';
    end if;
    execute format('drop table %I', part);
  end $$`;

const forNobodyElse = [
  `revoke all on function attach_partition from public`,
  `revoke all on function drop_partition from public`,
];

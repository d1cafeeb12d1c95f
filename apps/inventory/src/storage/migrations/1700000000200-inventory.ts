import type { MigrationInterface, QueryRunner } from 'typeorm';

/** The tables of the inventory service beside its log. One statement per entry, so that a failure names its table. */
export class Inventory1700000000200 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    for (const statement of tables) await runner.query(statement);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`drop table stock, reservation`);
  }
}

const tables = [
  // The decider promises these sums; the table checks them again. A hot row is updated for ever and no index holds what
  // changes, so free room in its page lets every update stay there.
  `create table stock (
     sku text collate "C" primary key,
     received bigint not null check (received >= 0),
     available bigint not null check (available >= 0),
     held bigint not null check (held >= 0),
     committed bigint not null check (committed >= 0),
     constraint stock_adds_up check (received = available + held + committed)
   ) with (fillfactor = 50)`,
  `create table reservation (
     order_id uuid primary key,
     status text not null check (status in ('held', 'committed', 'released', 'rejected', 'closed')),
     lines jsonb,
     version integer not null check (version > 0),
     check ((lines is null) = (status in ('rejected', 'closed')))
   ) with (fillfactor = 80)`,
];

import type { MigrationInterface, QueryRunner } from 'typeorm';

/** The tables of the order service beside its log. One statement per entry, so that a failure names its table. */
export class Order1700000000100 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    for (const statement of tables) await runner.query(statement);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`drop table order_view, price, contact_key`);
  }
}

const tables = [
  // Updated in place a few times and then never again: room in the page keeps those updates off the indexes.
  `create table order_view (
     id uuid primary key,
     status text not null check (status in ('pending', 'confirmed', 'cancelled')),
     reason text,
     decline_code text,
     customer_id text not null,
     currency text not null,
     total_minor bigint not null check (total_minor >= 0),
     lines jsonb not null,
     version integer not null check (version > 0),
     placed_at timestamptz not null,
     ended_at timestamptz,
     check ((status = 'cancelled') = (reason is not null)),
     check ((status = 'pending') = (ended_at is null))
   ) with (fillfactor = 70)`,
  `create index order_view_by_customer on order_view (customer_id, id)`,
  `create index order_view_by_status on order_view (status, id)`,
  `create table price (
     sku text collate "C" primary key,
     amount_minor bigint not null check (amount_minor > 0),
     currency text not null
   )`,
  `create table contact_key (
     customer_id text primary key,
     key_id uuid not null unique,
     key_plain bytea check (octet_length(key_plain) = 32),
     key_sealed jsonb,
     created_at timestamptz not null default now(),
     check (num_nonnulls(key_plain, key_sealed) = 1)
   )`,
];

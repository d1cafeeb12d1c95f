-- The tables of a saga and nothing else: no log, no outbox, no inbox, no idempotency keys.
drop schema public cascade;
create schema public;
create table price (sku text primary key, amount_minor bigint not null);
create table orders (
  id uuid primary key,
  customer_id text not null,
  status text not null,
  currency text not null,
  total_minor bigint not null,
  lines jsonb not null
) with (fillfactor = 50);
create table stock (
  sku text primary key,
  received bigint not null,
  available bigint not null check (available >= 0),
  held bigint not null check (held >= 0),
  committed bigint not null check (committed >= 0),
  check (received = available + held + committed)
) with (fillfactor = 50);
create table reservation (order_id uuid primary key, status text not null, lines jsonb not null) with (fillfactor = 50);
create table payment (order_id uuid primary key, status text not null, amount_minor bigint not null, currency text not null);
insert into price select 'BENCH-' || n, 1250 from generate_series(1, 100) n;
insert into stock select 'BENCH-' || n, 10000000, 10000000, 0, 0 from generate_series(1, 100) n;

import type { MigrationInterface, QueryRunner } from 'typeorm';

/** The tables of one service's event log. One statement per entry, so that a failure names its table. */
export class EventLog1700000000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    for (const statement of tables) await runner.query(statement);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(
      `drop table log, stream_head, inbox, held_message, agenda, idempotency, partition_lease, replica, relay, delivery_attempt`,
    );
    await runner.query(`drop sequence log_position`);
  }
}

const tables = [
  `create sequence log_position`,
  // Positions are drawn under the log's advisory lock, so position order is commit order. Uniqueness of (stream, version)
  // cannot live here, because the partition key would have to be part of it: it lives in stream_head.
  `create table log (
     position bigint not null primary key,
     stream text collate "C" not null,
     version integer not null check (version > 0),
     id uuid not null,
     type text not null,
     data jsonb not null,
     recorded_at timestamptz not null,
     correlation_id text not null,
     causation_id text not null,
     traceparent text
   ) partition by range (position)`,
  `create index log_by_stream on log (stream, version)`,
  `create table log_p0 partition of log for values from (0) to (1000000)`,
  `create table stream_head (
     stream text collate "C" primary key,
     version integer not null check (version >= 0)
   )`,
  // Ranged by the time inside UUIDv7 ids; foreign ids fall into the default part.
  `create table inbox (
     message_id uuid not null primary key,
     received_at timestamptz not null default now()
   ) partition by range (message_id)`,
  `create table inbox_default partition of inbox default`,
  // Held messages and dead letters in one store: a key's rows run in the order of their ids.
  `create table held_message (
     id bigint generated always as identity primary key,
     key text not null,
     partition integer,
     kind text not null check (kind in ('message', 'wake-up')),
     message_id uuid unique,
     type text not null,
     body bytea not null,
     original_body bytea,
     edited_by text,
     edited_at timestamptz,
     edit_reason text,
     status text not null check (status in ('waiting', 'retrying', 'dead', 'discarded')),
     code text not null,
     reason text not null,
     stack text,
     attempts integer not null default 0,
     correlation_id text not null,
     causation_id text not null,
     traceparent text,
     first_at timestamptz not null default now(),
     last_at timestamptz not null default now(),
     next_at timestamptz,
     replayed_by text,
     replayed_at timestamptz,
     closed_by text,
     closed_at timestamptz,
     closed_reason text
   )`,
  `create index held_message_by_key on held_message (key, id) where status <> 'discarded'`,
  `create index held_message_due on held_message (next_at) where status = 'retrying'`,
  // What each stream waits for beside messages: one deadline or one task, kept by the round that changes the state.
  `create table agenda (
     stream text collate "C" primary key,
     kind text not null check (kind in ('deadline', 'task')),
     task text,
     command jsonb,
     due_at timestamptz not null,
     attempts integer not null default 0,
     claimed_by text,
     claimed_until timestamptz,
     correlation_id text not null,
     causation_id text not null,
     traceparent text,
     check ((kind = 'task') = (task is not null)),
     check ((kind = 'deadline') = (command is not null))
   )`,
  `create index agenda_due on agenda (kind, due_at)`,
  // `json` keeps the answer's text as it was, so that a replay is the same to the byte.
  `create table idempotency (
     scope text not null,
     key text not null,
     body_hash text not null,
     answer json,
     created_at timestamptz not null default now(),
     primary key (scope, key)
   )`,
  `create index idempotency_age on idempotency (created_at)`,
  `create table partition_lease (
     partition integer primary key,
     owner text,
     epoch bigint not null default 0,
     expires_at timestamptz
   )`,
  `create table replica (id text primary key, expires_at timestamptz not null)`,
  `create table relay (
     name text primary key,
     position bigint not null default 0,
     owner text,
     epoch bigint not null default 0,
     expires_at timestamptz,
     paused boolean not null default false
   )`,
  `insert into relay (name) values ('relay')`,
  // Attempts that are committed before the handling, so that a message that ends the process is counted all the same.
  `create table delivery_attempt (
     message_id uuid primary key,
     attempts integer not null,
     last_at timestamptz not null default now()
   )`,
];

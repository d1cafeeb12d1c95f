import type { MigrationInterface, QueryRunner } from 'typeorm';

/** The table of the payment service beside its log. */
export class Payment1700000000300 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    for (const statement of tables) await runner.query(statement);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`drop table payment`);
  }
}

const tables = [
  // What the decider promises, the table checks again: a charge is whole, money that was captured has an intent (unless it
  // was nothing), and a refund gives back all of it.
  `create table payment (
     order_id uuid primary key,
     status text not null check (status in
       ('awaiting', 'charging', 'captured', 'declined', 'cancelling', 'refunding', 'refunded', 'closed')),
     payment_id uuid unique,
     amount_minor bigint check (amount_minor >= 0),
     currency text check (currency ~ '^[A-Z]{3}$'),
     payment_method text,
     stock_known boolean not null,
     intent_id text unique,
     refund_id text unique,
     refunded_minor bigint not null,
     decline_code text,
     version integer not null check (version > 0),
     constraint amount_is_whole check (num_nulls(amount_minor, currency, payment_method) in (0, 3)),
     constraint charge_has_amount check (payment_id is null or amount_minor is not null),
     constraint charge_was_asked_for check ((payment_id is not null) or status in ('awaiting', 'closed')),
     constraint captured_has_intent check
       (status not in ('captured', 'refunding', 'refunded') or intent_id is not null or amount_minor = 0),
     constraint refund_is_whole check
       (refunded_minor = case when status = 'refunded' then amount_minor else 0 end),
     constraint decline_has_code check ((decline_code is not null) = (status = 'declined'))
   ) with (fillfactor = 80)`,
  // What the metrics count and a person looks for: few rows at any time.
  `create index payment_open on payment (status) where status in ('charging', 'cancelling', 'refunding')`,
];

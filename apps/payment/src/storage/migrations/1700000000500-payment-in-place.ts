import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * A payment is updated three times on its way, and each update wrote five indexes again: PostgreSQL updates a row in its page only
 * while no column of an index changes. Two of them served nobody: payments are looked for by order and by intent, the open ones
 * are counted by the agenda, and a payment id is made in the round that stores it.
 */
export class PaymentInPlace1700000000500 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query('drop index payment_open');
    await runner.query('alter table payment drop constraint payment_payment_id_key');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('alter table payment add constraint payment_payment_id_key unique (payment_id)');
    await runner.query(
      `create index payment_open on payment (status) where status in ('charging', 'cancelling', 'refunding')`,
    );
  }
}

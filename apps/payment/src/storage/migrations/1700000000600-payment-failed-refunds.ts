import type { MigrationInterface, QueryRunner } from 'typeorm';

/** A refund may fail after it had succeeded: which ones have is remembered, so that none of them counts again. */
export class PaymentFailedRefunds1700000000600 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    // No row can break the rule before anybody knows the column, so none is read for it while the table is locked.
    await runner.query(
      `alter table payment add column failed_refunds text[] not null default '{}',
         add constraint refunds_fail_when_refunding check
           (failed_refunds = '{}' or status in ('refunding', 'refunded')) not valid`,
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('alter table payment drop column failed_refunds');
  }
}

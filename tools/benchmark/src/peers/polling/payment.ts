import { Controller, Module } from '@nestjs/common';
import { Ctx, EventPattern, Payload, RmqContext } from '@nestjs/microservices';
import { DataSource } from 'typeorm';
import type { StockReserved } from '../messages.js';
import { acknowledge, database, emitsTo, run } from '../nest.js';
import { charge } from '../provider.js';
import { Payment } from '../rows.js';
import { type Identified, InboxMessage, once } from './inbox.js';
import { emitLater, OutboxMessage, OutboxPoller } from './outbox.js';

/** The provider is called before the transaction, with a key: a repeated message finds the same charge. */
@Controller()
class Payments {
  constructor(private readonly dataSource: DataSource) {}

  @EventPattern<string>('stock_reserved')
  async pay(@Payload() reserved: StockReserved & Identified, @Ctx() context: RmqContext): Promise<void> {
    const { orderId, totalMinor: amountMinor } = reserved;
    const intentId = await charge(reserved);
    await once(this.dataSource, reserved, async (manager) => {
      await manager.save(Payment, { orderId, status: 'captured', amountMinor, intentId });
      await emitLater(manager, 'order', 'payment_captured', { orderId });
    });
    acknowledge(context);
  }
}

@Module({
  imports: [...database([Payment, OutboxMessage, InboxMessage]), emitsTo('order')],
  controllers: [Payments],
  providers: [OutboxPoller],
})
class PaymentModule {}

await run(PaymentModule, 'payment');

import { Controller, Inject, Module } from '@nestjs/common';
import { ClientProxy, Ctx, EventPattern, Payload, RmqContext } from '@nestjs/microservices';
import { InjectRepository } from '@nestjs/typeorm';
import { lastValueFrom } from 'rxjs';
import { Repository } from 'typeorm';
import type { StockReserved } from '../messages.js';
import { acknowledge, database, emitsTo, run } from '../nest.js';
import { charge } from '../provider.js';
import { Payment } from '../rows.js';

@Controller()
class Payments {
  constructor(
    @InjectRepository(Payment) private readonly payments: Repository<Payment>,
    @Inject('order') private readonly order: ClientProxy,
  ) {}

  @EventPattern<string>('stock_reserved')
  async pay(@Payload() reserved: StockReserved, @Ctx() context: RmqContext): Promise<void> {
    const { orderId, totalMinor: amountMinor } = reserved;
    const intentId = await charge(reserved);
    await this.payments.save({ orderId, status: 'captured', amountMinor, intentId });
    await lastValueFrom(this.order.emit('payment_captured', { orderId }), { defaultValue: undefined });
    acknowledge(context);
  }
}

@Module({ imports: [...database([Payment]), emitsTo('order')], controllers: [Payments] })
class PaymentModule {}

await run(PaymentModule, 'payment');

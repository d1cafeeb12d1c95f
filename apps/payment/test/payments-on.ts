import {
  eventLogDataSourceOptions,
  migrate,
  Round,
  type Outcome,
  type Task,
  type TaskResult,
} from '@quadrille/event-log';
import { throwAwayDatabase } from '@quadrille/testing';
import { DataSource } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import { paymentDecider, type Payment, type PaymentCommand, type PaymentEvent } from '../src/domain/index.js';
import { paymentParticipant } from '../src/participant.js';
import type { PaymentWorker } from '../src/provider/payment-worker.js';
import { Payments } from '../src/storage/payments.js';

/** Payments on a database of their own: rounds without a broker, and tasks done one run at a time. */
export async function paymentsOnDatabase(options: { readonly poolSize?: number } = {}) {
  const database = await throwAwayDatabase();
  await migrate(database.url, paymentParticipant);
  const dataSource = await new DataSource(
    eventLogDataSourceOptions(database.url, paymentParticipant, options),
  ).initialize();
  const round = new Round<PaymentCommand, Payment, PaymentEvent>({ dataSource, participant: paymentParticipant });
  const payments = new Payments(dataSource);
  const send = (...commands: PaymentCommand[]): Promise<Outcome[]> => round.run(commands.map(requested));
  return {
    dataSource,
    round,
    payments,
    send,
    /** An order whose charge is asked for. */
    charging: async (paymentMethod: string, amountMinor = 2500): Promise<string> => {
      const orderId = uuidv7();
      await send(
        { type: 'RememberAmount', orderId, amountMinor, currency: 'EUR', paymentMethod },
        { type: 'RememberStock', orderId },
      );
      return orderId;
    },
    /** Does the task that the payment awaits, once, and brings its answer back. Null when there is none. */
    work: async (orderId: string, worker: PaymentWorker, attempts = 0): Promise<TaskResult<PaymentCommand> | null> => {
      const awaited = paymentDecider.awaits?.(await payments.ofOrder(orderId));
      if (awaited?.kind !== 'task') return null;
      const result = await worker.perform(taskOf(orderId, awaited.task, attempts));
      if (result.kind === 'answer') await send(result.command);
      return result;
    },
    close: async () => {
      await dataSource.destroy();
      await database.drop();
    },
  };
}

export type TestPayments = Awaited<ReturnType<typeof paymentsOnDatabase>>;

const cause = { correlationId: 'spec', causationId: 'spec' };

function requested(command: PaymentCommand) {
  return { kind: 'request' as const, command, cause, answer: (state: Payment) => state };
}

function taskOf(orderId: string, task: string, attempts: number): Task {
  return { stream: `payment-${orderId}`, task, attempts, cause };
}

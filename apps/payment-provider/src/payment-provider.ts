import { ConsoleLogger, type LoggerService } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { Journal } from './books/journal.js';
import type { Environment } from './environment.js';
import { PaymentProviderModule } from './payment-provider.module.js';

export interface PaymentProvider {
  readonly url: string;
  /** Finishes what runs, and closes the journal. */
  close(): Promise<void>;
}

/** A running provider: its journal is read before it listens. */
export async function startPaymentProvider(
  environment: Environment,
  logger: LoggerService | false = new ConsoleLogger({ json: true, logLevels: ['warn', 'error', 'fatal'] }),
): Promise<PaymentProvider> {
  const journal = await Journal.open(environment.PROVIDER_DATA_DIR);
  const app = await NestFactory.create<NestFastifyApplication>(
    PaymentProviderModule.for(environment, journal),
    new FastifyAdapter({ forceCloseConnections: 'idle', bodyLimit: 64 * 1024 }),
    { logger },
  );
  await app.listen(environment.HTTP_PORT, environment.HTTP_HOST);
  return {
    url: await app.getUrl(),
    close: async () => {
      await app.close();
      await journal.close();
    },
  };
}

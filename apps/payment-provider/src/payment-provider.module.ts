import { type DynamicModule, Logger, Module } from '@nestjs/common';
import { AccessTokens } from './access-tokens.js';
import { AdminController } from './admin/admin.controller.js';
import { Faults } from './admin/faults.js';
import { LedgerController } from './admin/ledger.controller.js';
import { Books } from './books/books.js';
import type { Journal } from './books/journal.js';
import type { Environment } from './environment.js';
import { HealthController } from './health.controller.js';
import { OpenConnections } from './open-connections.js';
import { Settlement } from './settlement.js';
import { IdempotentRequests } from './stripe-api/idempotent-requests.js';
import { PaymentIntentsController } from './stripe-api/payment-intents.controller.js';
import { PaymentIntents } from './stripe-api/payment-intents.js';
import { RefundsController } from './stripe-api/refunds.controller.js';
import { Refunds } from './stripe-api/refunds.js';
import { Webhooks } from './webhooks.js';

@Module({})
export class PaymentProviderModule {
  static for(environment: Environment, journal: Journal): DynamicModule {
    const logger = new Logger('payment-provider');
    const books = new Books(journal);
    const faults = new Faults();
    const intents = new PaymentIntents(books, environment.PROVIDER_LATE_MS);
    const refunds = new Refunds(books, environment.PROVIDER_REFUND_MS);
    const settlement = new Settlement(books, intents, refunds, (error) => {
      logger.error(error instanceof Error ? error.stack : error);
    });
    const webhooks = webhooksFor(environment, faults, logger);
    webhooks?.listenTo(books);
    settlement.start();
    return {
      module: PaymentProviderModule,
      controllers: [PaymentIntentsController, RefundsController, LedgerController, AdminController, HealthController],
      providers: [
        { provide: Books, useValue: books },
        { provide: Faults, useValue: faults },
        { provide: PaymentIntents, useValue: intents },
        { provide: Refunds, useValue: refunds },
        { provide: IdempotentRequests, useValue: new IdempotentRequests(books) },
        { provide: AccessTokens, useValue: new AccessTokens(environment.STRIPE_SECRET_KEY, environment.ADMIN_TOKEN) },
        { provide: OpenConnections, useValue: new OpenConnections() },
        { provide: Settlement, useValue: settlement },
        ...(webhooks ? [{ provide: Webhooks, useValue: webhooks }] : []),
      ],
    };
  }
}

function webhooksFor(environment: Environment, faults: Faults, logger: Logger): Webhooks | undefined {
  const { WEBHOOK_URL: urls, STRIPE_WEBHOOK_SECRET: secret } = environment;
  if (urls === undefined || secret === undefined) return undefined;
  return new Webhooks({ urls, secret }, faults, (fields, message) => {
    logger.warn({ ...fields, message });
  });
}

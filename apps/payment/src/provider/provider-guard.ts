import { TaskGuard } from '@quadrille/event-log';
import type { Logger, Registry } from '@quadrille/observability';
import type { PaymentConfiguration } from '../payment-configuration.js';
import { ProviderRefusal, StillProcessing } from './payment-provider.js';

type Settings = Pick<
  PaymentConfiguration,
  'PROVIDER_RETRY_PERCENT' | 'PROVIDER_RETRY_RESERVE' | 'PROVIDER_RETRY_MAX_MS' | 'PROVIDER_PAUSE_MS'
>;

/** One for each replica and provider: every payment that asks the provider passes it. */
export function providerGuard(
  { PROVIDER_RETRY_PERCENT, PROVIDER_RETRY_RESERVE, PROVIDER_RETRY_MAX_MS, PROVIDER_PAUSE_MS }: Settings,
  registry: Registry,
  logger: Logger,
  nowMs?: () => number,
): TaskGuard {
  return new TaskGuard({
    dependency: 'provider',
    // An answer that is owed is asked for soon at first.
    retry: { attemptsMax: Infinity, firstDelayMs: 250, factor: 2, delayMaxMs: PROVIDER_RETRY_MAX_MS },
    budget: { retryPercent: PROVIDER_RETRY_PERCENT, reserve: PROVIDER_RETRY_RESERVE, retriesPerSecond: 1 },
    breaker: { failuresInARow: 10, openMs: PROVIDER_PAUSE_MS },
    isAnswer: (error) => error instanceof ProviderRefusal || error instanceof StillProcessing,
    registry,
    logger,
    ...(nowMs ? { nowMs } : {}),
  });
}

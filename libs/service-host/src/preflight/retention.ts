import { defaultRetention, heldRetry, type Retention, type RetryPolicy } from '@quadrille/event-log';
import type { ServiceConfiguration } from '../configuration/service-configuration.js';

const dayMs = 86_400_000;

export function retentionOf(configuration: ServiceConfiguration): Retention {
  const { INBOX_RETENTION_DAYS, LOG_RETENTION_DAYS } = configuration;
  return {
    ...defaultRetention,
    inboxMs: INBOX_RETENTION_DAYS * dayMs,
    logMs: LOG_RETENTION_DAYS === undefined ? undefined : LOG_RETENTION_DAYS * dayMs,
  };
}

export function retryOf({ RETRY_ATTEMPTS_MAX, RETRY_FIRST_MS }: ServiceConfiguration): RetryPolicy {
  return { ...heldRetry, attemptsMax: RETRY_ATTEMPTS_MAX, firstDelayMs: RETRY_FIRST_MS };
}

import type { TaskGuard } from '@quadrille/event-log';
import { Registry, silentLogger } from '@quadrille/observability';
import { providerGuard } from '../src/provider/provider-guard.js';

type Settings = Parameters<typeof providerGuard>[0];

const impatient: Settings = {
  PROVIDER_RETRY_PERCENT: 15,
  PROVIDER_RETRY_RESERVE: 10,
  PROVIDER_RETRY_MAX_MS: 250,
  PROVIDER_PAUSE_MS: 100,
};

/** The service's guard with short waits, and on a clock of the spec's own where one is given. */
export function impatientGuard(settings: Partial<Settings> = {}, nowMs?: () => number): TaskGuard {
  return providerGuard({ ...impatient, ...settings }, new Registry(), silentLogger, nowMs);
}

import { longestRetryMs } from '@quadrille/event-log';
import type { ServiceConfiguration } from '../configuration/service-configuration.js';
import type { Finding } from './finding.js';
import { retryOf } from './retention.js';

const dayMs = 86_400_000;

export interface Surroundings {
  /** `NODE_ENV`. */
  readonly mode: string | undefined;
  readonly service: string;
  /** The service's states are folds of its log. */
  readonly foldsLog: boolean;
}

/** What values that are right one by one do together. */
export function judgeConfiguration(configuration: ServiceConfiguration, surroundings: Surroundings): Finding[] {
  return [
    ...judgeInbox(configuration),
    ...judgeLog(configuration, surroundings),
    ...judgeSwitch(configuration, surroundings),
  ];
}

/**
 * A repetition may come as late as the replay horizon after its event, and meanwhile the first copy may be under retry. Held
 * messages and dead letters count no further: while they wait they stay in the store under their ids. Nor does the agenda,
 * whose deadlines and tasks are no messages and are remembered by the state they belong to.
 */
function judgeInbox(configuration: ServiceConfiguration): Finding[] {
  const { INBOX_RETENTION_DAYS, REPLAY_HORIZON_DAYS, RETRY_ATTEMPTS_MAX, RETRY_FIRST_MS } = configuration;
  const retryMs = longestRetryMs(retryOf(configuration));
  const neededMs = REPLAY_HORIZON_DAYS * dayMs + retryMs;
  if (INBOX_RETENTION_DAYS * dayMs > neededMs) return [];
  const retry = `up to ${Math.ceil(retryMs / 1000)} s of retries by RETRY_ATTEMPTS_MAX=${RETRY_ATTEMPTS_MAX} and RETRY_FIRST_MS=${RETRY_FIRST_MS}`;
  return [
    {
      sentence: `INBOX_RETENTION_DAYS=${INBOX_RETENTION_DAYS} forgets messages that can still come again within REPLAY_HORIZON_DAYS=${REPLAY_HORIZON_DAYS} and ${retry}: set it to ${Math.floor(neededMs / dayMs) + 1} or more.`,
    },
  ];
}

function judgeLog(configuration: ServiceConfiguration, { service, foldsLog }: Surroundings): Finding[] {
  const { LOG_RETENTION_DAYS, REPLAY_HORIZON_DAYS } = configuration;
  if (LOG_RETENTION_DAYS === undefined) return [];
  if (foldsLog)
    return [
      {
        sentence: `LOG_RETENTION_DAYS=${LOG_RETENTION_DAYS} would drop what the states of ${service} are made of: unset it.`,
      },
    ];
  if (LOG_RETENTION_DAYS >= REPLAY_HORIZON_DAYS) return [];
  return [
    {
      sentence: `LOG_RETENTION_DAYS=${LOG_RETENTION_DAYS} drops events that REPLAY_HORIZON_DAYS=${REPLAY_HORIZON_DAYS} says can be replayed: set it to ${REPLAY_HORIZON_DAYS} or more.`,
    },
  ];
}

function judgeSwitch({ ALLOW_UNSAFE_SERVERS }: ServiceConfiguration, { mode }: Surroundings): Finding[] {
  if (!ALLOW_UNSAFE_SERVERS || mode !== 'production') return [];
  return [{ sentence: 'ALLOW_UNSAFE_SERVERS=1 is for tests and refused with NODE_ENV=production: unset it.' }];
}

import type { BrokerProcess } from './broker-process.js';

/**
 * `rabbitmqctl` for a broker that may still be starting: it takes connections before it obeys. The start is asked for once, by
 * whoever gives the first order, since each run of `rabbitmqctl` costs most of a second.
 */
export function onceStarted(broker: Pick<BrokerProcess, 'ctl'>): BrokerProcess['ctl'] {
  let started: Promise<unknown> | undefined;
  return async (...args) => {
    started ??= broker.ctl('await_startup').catch((error: unknown) => {
      started = undefined;
      throw error;
    });
    await started;
    return broker.ctl(...args);
  };
}

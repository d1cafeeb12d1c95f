import { availableParallelism } from 'node:os';
import type { OwnedProcess } from './owned-process.js';

/** The broker's parts as one: what ends, freezes and thaws it. */
export type BrokerProcess = Pick<OwnedProcess, 'pid' | 'logFile' | 'exited' | 'running' | 'freeze' | 'thaw'> & {
  stop(): Promise<unknown>;
  kill(signal: NodeJS.Signals): Promise<void>;
  ctl(...args: readonly string[]): Promise<string>;
};

export interface BrokerPorts {
  readonly amqp: number;
  readonly management: number;
}

/**
 * For Erlang: half of the machine's processors. The services and the database share the machine, and a broker that spreads over
 * all of it wakes threads for nothing: https://www.rabbitmq.com/docs/runtime
 */
export const schedulers = `+S ${Math.max(1, Math.floor(availableParallelism() / 2))}`;

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

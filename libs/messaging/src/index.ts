export { Broker, type BrokerOptions, type OpenPartitionOptions } from './broker.js';
export { ConfirmedPublisher } from './confirmed-publisher.js';
export * from './names.js';
export { PartitionStream, type IncomingMessage } from './partition-stream.js';
export * from './publish-unknown.js';
export * from './topology.js';
export * from './topology-check.js';

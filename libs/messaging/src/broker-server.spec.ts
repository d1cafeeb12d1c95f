import { expect, it } from '@jest/globals';
import { judgeBrokerServer, type BrokerServer } from './broker-server.js';

const capabilities = {
  publisher_confirms: true,
  'basic.nack': true,
  consumer_cancel_notify: true,
  exchange_exchange_bindings: true,
  'connection.blocked': true,
};
const broker = (more: Partial<BrokerServer> = {}): BrokerServer => ({
  product: 'RabbitMQ',
  version: '3.10.8',
  capabilities,
  ...more,
});

it.each(['3.10.0', '3.13.7', '4.0.5', '4.2.0-rc.1', '10.0.0'])('takes RabbitMQ %s', (version) => {
  expect(judgeBrokerServer(broker({ version }))).toEqual([]);
});

it.each(['3.9.29', '3.8', '2.8.7'])('refuses RabbitMQ %s, whose queues lose what they should keep', (version) => {
  expect(judgeBrokerServer(broker({ version }))).toEqual([
    `RabbitMQ ${version} is too old: upgrade it to 3.10 or later.`,
  ]);
});

it('names every capability that is missing, and what it is for', () => {
  const proxied = broker({
    capabilities: { ...capabilities, publisher_confirms: false, consumer_cancel_notify: false },
  });
  expect(judgeBrokerServer(proxied)).toEqual([
    'RabbitMQ 3.10.8 does not offer publisher_confirms, which tells the relay what has arrived: let AMQP_URL lead to the broker itself and not to something between that hides it.',
    'RabbitMQ 3.10.8 does not offer consumer_cancel_notify, which tells a consumer that its queue has moved: let AMQP_URL lead to the broker itself and not to something between that hides it.',
  ]);
});

it('refuses another broker, whatever it offers', () => {
  expect(judgeBrokerServer(broker({ product: 'LavinMQ', version: '2.0.0' }))).toEqual([
    'AMQP_URL leads to LavinMQ 2.0.0: let it lead to RabbitMQ.',
  ]);
});

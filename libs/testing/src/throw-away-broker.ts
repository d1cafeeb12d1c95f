import { randomUUID } from 'node:crypto';
import { serverUrl } from './server-url.js';

export interface ThrowAwayBroker {
  /** AMQP, with the virtual host in its path. */
  readonly url: string;
  /** The management API's root, with credentials. */
  readonly adminUrl: string;
  readonly vhost: string;
  drop(): Promise<void>;
}

/** An empty virtual host of its own for one suite, on the test servers' RabbitMQ. */
export async function throwAwayBroker(): Promise<ThrowAwayBroker> {
  const adminUrl = serverUrl('QUADRILLE_TEST_BROKER_ADMIN_URL');
  const vhost = `test-${randomUUID()}`;
  await brokerAdmin(adminUrl, 'PUT', `/api/vhosts/${vhost}`);
  const url = new URL(serverUrl('QUADRILLE_TEST_AMQP_URL'));
  await brokerAdmin(adminUrl, 'PUT', `/api/permissions/${vhost}/${url.username}`, {
    configure: '.*',
    write: '.*',
    read: '.*',
  });
  url.pathname = `/${vhost}`;
  return {
    url: url.href,
    adminUrl,
    vhost,
    drop: () => brokerAdmin(adminUrl, 'DELETE', `/api/vhosts/${vhost}`).then(() => undefined),
  };
}

/** One call of RabbitMQ's management API (https://www.rabbitmq.com/docs/management#http-api). */
export async function brokerAdmin(adminUrl: string, method: string, path: string, body?: unknown): Promise<unknown> {
  const { username, password, origin } = new URL(adminUrl);
  const response = await fetch(`${origin}${path}`, {
    method,
    headers: {
      authorization: `Basic ${Buffer.from(`${decodeURIComponent(username)}:${decodeURIComponent(password)}`).toString('base64')}`,
      'content-type': 'application/json',
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
  return text ? (JSON.parse(text) as unknown) : undefined;
}

import { eventsExchange, serviceExchange } from '@quadrille/messaging';

/** What a user may do, as regular expressions of names (https://www.rabbitmq.com/docs/access-control). */
export interface Permissions {
  readonly configure: string;
  readonly write: string;
  readonly read: string;
}

/** Makes the broker's user so that `url` works, with these permissions and no other. Several setup steps may do so at once. */
export async function prepareBrokerUser(adminUrl: string, url: string, permissions: Permissions): Promise<void> {
  const { user, password, vhost } = partsOf(url);
  const putUser = () => callBroker(adminUrl, 'PUT', `/api/users/${user}`, { password, tags: '' });
  await putUser().catch((error: unknown) => {
    // RabbitMQ first looks for the user and then adds it: another setup step came between. Now the same call changes what is there.
    if (error instanceof Error && error.message.includes('user_already_exists')) return putUser();
    throw error;
  });
  await callBroker(adminUrl, 'PUT', `/api/permissions/${vhost}/${user}`, permissions);
}

/**
 * No more than a service needs: it publishes to the exchange of all events and to its own, which leads to its dead letters, and
 * consumes its own queues. It declares nothing: the setup step has done so.
 */
export function permissionsOf(service: string): Permissions {
  return {
    configure: '^$',
    write: anyOf(literal(eventsExchange), literal(serviceExchange(service))),
    read: anyOf(`${literal(service)}\\..*`),
  };
}

/** Asking whether a queue exists and how long it is needs no permission. */
export const mayLook: Permissions = { configure: '^$', write: '^$', read: '^$' };

export async function removeBrokerUser(adminUrl: string, url: string): Promise<void> {
  await callBroker(adminUrl, 'DELETE', `/api/users/${partsOf(url).user}`);
}

/** One call of RabbitMQ's management API (https://www.rabbitmq.com/docs/management#http-api). */
async function callBroker(adminUrl: string, method: string, path: string, body?: unknown): Promise<void> {
  const { username, password, origin } = new URL(adminUrl);
  const credentials = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  const response = await fetch(`${origin}${path}`, {
    method,
    headers: {
      authorization: `Basic ${Buffer.from(credentials).toString('base64')}`,
      'content-type': 'application/json',
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const answer = await response.text();
  const isGone = method === 'DELETE' && response.status === 404;
  if (!response.ok && !isGone)
    throw new Error(`RabbitMQ answered ${method} ${path} with ${response.status}: ${answer}`);
}

/** Encoded as the URL has them, which is how the API's paths want them. */
function partsOf(url: string) {
  const { username, password, pathname } = new URL(url);
  if (!username || !password) throw new Error(`A service's AMQP URL needs a user and a password.`);
  return { user: username, password: decodeURIComponent(password), vhost: pathname.slice(1) || '%2F' };
}

function anyOf(...patterns: readonly string[]): string {
  return `^(${patterns.join('|')})$`;
}

function literal(name: string): string {
  return name.replace(/[.]/g, '\\.');
}

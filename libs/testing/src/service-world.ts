import { throwAwayBroker } from './throw-away-broker.js';
import { throwAwayDatabase } from './throw-away-database.js';

/** How one service is set up and started. This library sits below the host and the services, so they bring it along. */
export interface ServiceParts<App extends { close(): Promise<void> }> {
  migrate(databaseUrl: string): Promise<void>;
  declareTopology(brokerUrl: string): Promise<void>;
  /** Reads its configuration from `process.env`. */
  start(): Promise<{ readonly app: App; readonly url: string; readonly started: Promise<void> }>;
}

export interface Reply {
  readonly status: number;
  readonly headers: Headers;
  /** The parsed JSON, or undefined for an empty body. */
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- specifications look into answers of every shape
  readonly body: any;
}

export interface ServiceWorld<App> {
  readonly app: App;
  readonly url: string;
  /** A request as an outside client sends it. A `body` that is text is sent as it is, anything else as JSON. */
  send(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Reply>;
  /** What makes a request the administrator's. */
  readonly asAdmin: { readonly authorization: string };
  stop(): Promise<void>;
}

/** Boots a whole service on a throw-away database and broker, and talks to it over real HTTP. Once per spec file. */
export async function bootService<App extends { close(): Promise<void> }>(
  parts: ServiceParts<App>,
  variables: Readonly<Record<string, string>> = {},
): Promise<ServiceWorld<App>> {
  const database = await throwAwayDatabase();
  const broker = await throwAwayBroker();
  Object.assign(process.env, {
    DATABASE_URL: database.url,
    AMQP_URL: broker.url,
    HTTP_PORT: '0',
    ADMIN_TOKEN: adminToken,
    LOG_LEVEL: 'error',
    SHUTDOWN_WAIT_MS: '0',
    // Nobody needs the data of a throw-away database.
    ALLOW_UNSAFE_SERVERS: '1',
    ...variables,
  });
  await Promise.all([parts.migrate(database.url), parts.declareTopology(broker.url)]);
  const { app, url, started } = await parts.start();
  await started;
  return {
    app,
    url,
    send: (method, path, body, headers) => send(new URL(path, url), method, body, headers),
    asAdmin: { authorization: `Bearer ${adminToken}` },
    stop: async () => {
      await app.close();
      await Promise.all([database.drop(), broker.drop()]);
    },
  };
}

const adminToken = 'the-administrator-of-the-specs';

async function send(url: URL, method: string, body?: unknown, headers?: Record<string, string>): Promise<Reply> {
  const response = await fetch(url, {
    method,
    headers: { ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
  const text = await response.text();
  return { status: response.status, headers: response.headers, body: text ? JSON.parse(text) : undefined };
}

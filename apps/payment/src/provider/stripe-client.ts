import { Stripe } from 'stripe';
import type { PaymentConfiguration } from '../payment-configuration.js';

type Settings = Pick<PaymentConfiguration, 'STRIPE_SECRET_KEY' | 'STRIPE_API_URL' | 'PROVIDER_TIMEOUT_MS'>;

/** The official SDK, with no retries of its own: one layer decides when a call is made again, and it is not this one. */
export function stripeClient({ STRIPE_SECRET_KEY, STRIPE_API_URL, PROVIDER_TIMEOUT_MS }: Settings): Stripe {
  return new Stripe(STRIPE_SECRET_KEY, {
    ...(STRIPE_API_URL === undefined ? {} : addressOf(new URL(STRIPE_API_URL))),
    timeout: PROVIDER_TIMEOUT_MS,
    maxNetworkRetries: 0,
    httpClient: withoutRepetition(Stripe.createNodeHttpClient()),
    telemetry: false,
  });
}

function addressOf({ protocol, hostname, port }: URL) {
  const isSecure = protocol === 'https:';
  return {
    protocol: isSecure ? ('https' as const) : ('http' as const),
    host: hostname,
    port: port || (isSecure ? 443 : 80),
  };
}

/**
 * The SDK repeats a call once when the connection was closed (`ECONNRESET`, `EPIPE`), whatever `maxNetworkRetries` says. Such a
 * call may have been carried out, so here it is an unknown outcome like any other: the code is taken off the error.
 */
function withoutRepetition<Client extends ReturnType<typeof Stripe.createNodeHttpClient>>(client: Client): Client {
  const makeRequest = client.makeRequest.bind(client);
  client.makeRequest = async (...request) => {
    try {
      return await makeRequest(...request);
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      if (code !== 'ECONNRESET' && code !== 'EPIPE') throw error;
      throw new Error(`the connection was closed: ${message}`, { cause: error });
    }
  };
  return client;
}

import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { PaymentConfiguration } from '../src/payment-configuration.js';
import { StripeProvider } from '../src/provider/stripe-provider.js';
import { secretKey } from './local-provider.js';

export interface Scripted {
  readonly status: number;
  readonly body: object;
}

/** What a call is answered, in turn; the last answer stays. */
export type Script = Readonly<Record<string, readonly Scripted[]>>;

/** Stands in for Stripe where the real stand-in cannot be brought to say it, and notes what it was asked. */
export async function scriptedProvider() {
  let script: Script = {};
  let calls: string[] = [];
  const server = createServer((request, response) => {
    const { method, url = '' } = request;
    // `POST /v1/payment_intents/pi_1/confirm` is a `POST confirm`, and what ends with an id a `GET one`.
    const last = url.split('?')[0]?.split('/').at(-1) ?? '';
    const call = `${method} ${last.startsWith('pi_') ? 'one' : last}`;
    const times = calls.filter((known) => known === call).length;
    calls.push(call);
    const answer = script[call]?.[times] ?? script[call]?.at(-1) ?? { status: 418, body: {} };
    request.resume();
    request.on('end', () => {
      response.writeHead(answer.status, { 'content-type': 'application/json' }).end(JSON.stringify(answer.body));
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const configuration = { STRIPE_SECRET_KEY: secretKey, STRIPE_API_URL: url, PROVIDER_TIMEOUT_MS: 3000 };
  return {
    stripe: new StripeProvider(configuration as PaymentConfiguration),
    answers: (next: Script): void => {
      script = next;
      calls = [];
    },
    calls: (): readonly string[] => calls,
    stop: async (): Promise<void> => {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

import { Stripe } from 'stripe';
import type { StockReserved } from './messages.js';

const { STRIPE_SECRET_KEY = '', STRIPE_API_URL = '' } = process.env;
const { hostname, port } = new URL(STRIPE_API_URL);
const stripe = new Stripe(STRIPE_SECRET_KEY, { protocol: 'http', host: hostname, port, telemetry: false });

/** A PaymentIntent, created and confirmed as the SDK's documentation shows, each with an idempotency key. */
export async function charge({ orderId, totalMinor, currency, paymentMethod }: StockReserved): Promise<string> {
  const { id } = await stripe.paymentIntents.create(
    {
      amount: totalMinor,
      currency: currency.toLowerCase(),
      payment_method: paymentMethod,
      automatic_payment_methods: { enabled: true, allow_redirects: 'never' },
      metadata: { orderId },
    },
    { idempotencyKey: `${orderId}:create` },
  );
  const { status } = await stripe.paymentIntents.confirm(id, {}, { idempotencyKey: `${orderId}:confirm` });
  if (status !== 'succeeded') throw new Error(`the charge of order ${orderId} is ${status}`);
  return id;
}

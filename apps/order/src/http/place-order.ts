import { Injectable } from '@nestjs/common';
import { CommandGate, newId, storedAnswer, type Cause } from '@quadrille/event-log';
import { bodyHash, invalidFields, type FieldError, type ProblemException } from '@quadrille/service-host';
import { DataSource } from 'typeorm';
import { ContactKeys } from '../contact/contact-keys.js';
import { fingerprint, seal, type SecretKey } from '../contact/sealed.js';
import type { Order, OrderCommand, OrderLine, Place } from '../domain/index.js';
import { OrderConfiguration } from '../order-configuration.js';
import { viewOf } from '../storage/order-view.js';
import { PriceList } from '../storage/price-list.js';
import { shapeOf, type OrderShape, type PlaceOrderBody } from './shapes.js';

interface Priced {
  readonly lines: readonly OrderLine[];
  readonly problem?: ProblemException;
}

/** From a checked body to a placed order: prices from the price list, the contact sealed, the answer kept for the key. */
@Injectable()
export class PlaceOrder {
  constructor(
    private readonly gate: CommandGate<OrderCommand, Order>,
    private readonly dataSource: DataSource,
    private readonly prices: PriceList,
    private readonly contactKeys: ContactKeys,
    private readonly configuration: OrderConfiguration,
  ) {}

  async place(body: PlaceOrderBody, idempotencyKey: string, cause: Cause): Promise<OrderShape> {
    const { customerId, currency, paymentMethod, contact } = body;
    const { lines, problem } = await this.price(body);
    const contactKey =
      contact && (await (problem ? this.contactKeys.find(customerId) : this.contactKeys.of(customerId)));
    const idempotency = { scope: `customer ${customerId}`, key: idempotencyKey, bodyHash: hashOf(body, contactKey) };
    if (problem) {
      // Prices may have changed since: what was placed before under this key is answered as it was then.
      const earlier = await storedAnswer(this.dataSource.manager, idempotency);
      if (earlier?.bodyHash === idempotency.bodyHash) return earlier.answer as OrderShape;
      throw problem;
    }
    const command: Place = {
      type: 'Place',
      orderId: newId(),
      customerId,
      currency,
      // At most 100 lines of 1000 pieces at 100,000,000 minor units: far inside the safe integers.
      totalMinor: lines.reduce((sum, { quantity, unitMinor }) => sum + quantity * unitMinor, 0),
      lines,
      paymentMethod,
      // From here on there is no plain address.
      contact: contact && contactKey && { email: seal(contactKey, Buffer.from(contact.email)) },
      deadlineMs: this.configuration.ORDER_DEADLINE_MS,
    };
    const { answer } = await this.gate.send(command, { cause, idempotency, answer: orderAnswer });
    return answer as OrderShape;
  }

  private async price({ lines, currency }: PlaceOrderBody): Promise<Priced> {
    const prices = await this.prices.of(lines.map(({ sku }) => sku));
    const unknown: FieldError[] = [];
    const foreign: FieldError[] = [];
    const priced: OrderLine[] = [];
    for (const [index, line] of lines.entries()) {
      const price = prices.get(line.sku);
      if (!price)
        unknown.push({ path: `lines.${index}.sku`, code: 'unknown_sku', message: `${line.sku} has no price` });
      else if (price.currency !== currency)
        foreign.push({
          path: 'currency',
          code: 'currency_mismatch',
          message: `is ${currency}, but the price of ${line.sku} is in ${price.currency}`,
        });
      else priced.push({ ...line, unitMinor: price.amountMinor });
    }
    if (unknown.length > 0) return { lines: [], problem: invalidFields(unknown, 'unknown_sku') };
    if (foreign.length > 0) return { lines: [], problem: invalidFields(foreign, 'currency_mismatch') };
    return { lines: priced };
  }
}

/**
 * The address is in the hash as a keyed fingerprint, which is forgotten with its key like the address itself. A plain hash
 * could be guessed for as long as the idempotency row lives.
 */
function hashOf({ contact, ...rest }: PlaceOrderBody, contactKey: SecretKey | undefined): string {
  if (!contact) return bodyHash(rest);
  return bodyHash({ ...rest, contact: contactKey ? fingerprint(contactKey, contact.email) : null });
}

/** The order as the client gets it, the same as a read right after. */
export function orderAnswer(order: Order, version: number): OrderShape {
  if (order.status === 'none') throw new Error('an order that was just decided on does not exist');
  return shapeOf(viewOf(order, version));
}

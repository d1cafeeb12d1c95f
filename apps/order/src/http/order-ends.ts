import { Injectable, type BeforeApplicationShutdown } from '@nestjs/common';
import { EventLog } from '@quadrille/event-log';
import { ServiceLogger } from '@quadrille/service-host';
import type { Order, OrderCommand, OrderEvent } from '../domain/index.js';
import { Orders } from '../storage/orders.js';

const restMs = 50;
const pollMs = 1_000;

/**
 * Lets any number of requests wait for the ends of their orders at the price of one statement per look. The log's signal
 * says when to look, at most every 50 ms; a slow poll stands behind it, because a signal can be lost.
 */
@Injectable()
export class OrderEnds implements BeforeApplicationShutdown {
  private readonly waiting = new Map<string, Set<() => void>>();
  private timer: NodeJS.Timeout | undefined;
  private dueAt = Infinity;
  private looking = false;
  private stopping = false;

  constructor(
    private readonly orders: Orders,
    private readonly logger: ServiceLogger,
    eventLog: EventLog<OrderCommand, Order, OrderEvent>,
  ) {
    eventLog.onEvents(() => this.lookWithin(restMs));
  }

  /** Resolves when the order has ended, when the time has passed, or when the service stops: look at the order then. */
  async ended(orderId: string, timeoutMs: number): Promise<void> {
    if (this.stopping || timeoutMs <= 0) return;
    await new Promise<void>((resolve) => {
      const leave = () => {
        clearTimeout(timeout);
        const waiting = this.waiting.get(orderId);
        waiting?.delete(leave);
        if (waiting?.size === 0) this.waiting.delete(orderId);
        resolve();
      };
      const timeout = setTimeout(leave, timeoutMs);
      this.waiting.set(orderId, (this.waiting.get(orderId) ?? new Set()).add(leave));
      // It may have ended between the caller's look and now.
      this.lookWithin(restMs);
    });
  }

  beforeApplicationShutdown(): void {
    this.stopping = true;
    clearTimeout(this.timer);
    this.release([...this.waiting.keys()]);
  }

  private lookWithin(delayMs: number): void {
    const dueAt = Date.now() + delayMs;
    if (this.waiting.size === 0 || this.stopping || dueAt >= this.dueAt) return;
    clearTimeout(this.timer);
    this.dueAt = dueAt;
    this.timer = setTimeout(() => void this.look(), delayMs);
  }

  private async look(): Promise<void> {
    this.dueAt = Infinity;
    if (this.waiting.size === 0) return;
    if (this.looking) return this.lookWithin(restMs);
    this.looking = true;
    try {
      this.release(await this.orders.endedOf([...this.waiting.keys()]));
    } catch (error) {
      // The waiting requests look again, and answer with the fault when their time has passed.
      this.logger.debug({ error }, 'the ends of orders cannot be looked up');
    } finally {
      this.looking = false;
      this.lookWithin(pollMs);
    }
  }

  private release(orderIds: readonly string[]): void {
    for (const orderId of orderIds) for (const leave of this.waiting.get(orderId) ?? []) leave();
  }
}

import { describe, expect, it } from '@jest/globals';
import { buildEvent, fact } from '@quadrille/contracts';
import { v7 as uuidv7 } from 'uuid';
import type { IncomingMessage } from './deliveries.js';
import { Intake, type Taken } from './intake.js';

const deferrable = new Set(['payment.declined.v1']);
const orderId = uuidv7();

function messageOf(announced: ReturnType<typeof fact>): IncomingMessage {
  const context = { id: uuidv7(), time: '2026-11-29T00:00:00.000Z', correlationId: 'c', causationId: 'c', sequence: 1 };
  const body = Buffer.from(JSON.stringify(buildEvent('payment', announced, context)));
  return { body, deliveryCount: 0, headers: {} };
}

const money = { orderId, paymentId: uuidv7(), amountMinor: 1, currency: 'EUR' };
const canWait = () => messageOf(fact('payment.declined.v1', { ...money, declineCode: 'x' }));
const cannotWait = () => messageOf(fact('payment.captured.v1', money));

/** A stream to which the spec sends, with company when the spec says so. */
class StreamByHand {
  meet: () => void = () => undefined;
  private readonly waiting: IncomingMessage[] = [];
  private isClosed = false;
  private takers: (() => void)[] = [];
  readonly intake = new Intake({
    stream: this,
    partition: 0,
    deferrable,
    company: () => new Promise((resolve) => (this.meet = resolve)),
  });

  send(...messages: IncomingMessage[]): void {
    this.waiting.push(...messages);
    this.wake();
  }

  close(): void {
    this.isClosed = true;
    this.wake();
  }

  /** Whoever asked first is served first. */
  private wake(): void {
    for (const taker of this.takers.splice(0)) taker();
  }

  async take(max: number): Promise<readonly IncomingMessage[]> {
    while (!this.isClosed && this.waiting.length === 0)
      await new Promise<void>((resolve) => void this.takers.push(resolve));
    return this.takeReady(max);
  }

  takeReady(max: number): readonly IncomingMessage[] {
    return this.isClosed ? [] : this.waiting.splice(0, max);
  }
}

const mayJoin = (taken: Taken): taken is Taken => taken.item.kind === 'delivery';

/** What is taken as soon as nothing more is going on, or undefined while it is kept back. */
async function soon(taking: Promise<readonly Taken[]>): Promise<IncomingMessage[] | undefined> {
  return (await Promise.race([taking, turn()]))?.map(({ message }) => message);
}

function turn(): Promise<undefined> {
  return new Promise((resolve) => setImmediate(() => resolve(undefined)));
}

it('hands on at once what somebody waits for', async () => {
  const stream = new StreamByHand();
  const [first, second] = [cannotWait(), canWait()];
  stream.send(first, second);
  expect(await soon(stream.intake.take(10))).toEqual([first, second]);
});

it('keeps back what nobody waits for until one comes that somebody does, and hands them on in their order', async () => {
  const stream = new StreamByHand();
  const [first, second, third] = [canWait(), canWait(), cannotWait()];
  const taking = stream.intake.take(10);
  stream.send(first);
  expect(await soon(taking)).toBeUndefined();
  stream.send(second);
  expect(await soon(taking)).toBeUndefined();
  stream.send(third);
  expect(await soon(taking)).toEqual([first, second, third]);
});

it('hands on what was kept back when there is company, and what comes later comes next', async () => {
  const stream = new StreamByHand();
  const [first, second, third] = [canWait(), cannotWait(), cannotWait()];
  const taking = stream.intake.take(10);
  stream.send(first);
  expect(await soon(taking)).toBeUndefined();
  stream.meet();
  expect(await soon(taking)).toEqual([first]);
  stream.send(second);
  await turn();
  expect(await soon(stream.intake.take(10))).toEqual([second]);
  stream.send(third);
  expect(await soon(stream.intake.take(10))).toEqual([third]);
});

it('keeps back no more than fits', async () => {
  const stream = new StreamByHand();
  const messages = [canWait(), canWait(), canWait()];
  stream.send(...messages);
  expect(await soon(stream.intake.take(2))).toEqual(messages.slice(0, 2));
  const last = stream.intake.take(2);
  expect(await soon(last)).toBeUndefined();
  stream.meet();
  expect(await soon(last)).toEqual(messages.slice(2));
});

it('hands on no more than is asked for, of what came when there was more room, and the rest next', async () => {
  const stream = new StreamByHand();
  const first = canWait();
  const later = [cannotWait(), cannotWait(), cannotWait()];
  const taking = stream.intake.take(10);
  stream.send(first);
  expect(await soon(taking)).toBeUndefined();
  stream.meet();
  expect(await soon(taking)).toEqual([first]);
  stream.send(...later);
  await turn();
  expect(await soon(stream.intake.take(1))).toEqual(later.slice(0, 1));
  expect(await soon(stream.intake.take(10))).toEqual(later.slice(1));
});

describe('what joins what was taken', () => {
  it('is what has come since, in its order and as far as there is room', async () => {
    const stream = new StreamByHand();
    stream.send(cannotWait());
    await stream.intake.take(10);
    expect(stream.intake.takeReady(2, mayJoin)).toEqual([]);
    const later = [cannotWait(), canWait(), cannotWait()];
    stream.send(...later);
    expect(stream.intake.takeReady(2, mayJoin).map(({ message }) => message)).toEqual(later.slice(0, 2));
    expect(stream.intake.takeReady(0, mayJoin)).toEqual([]);
    expect(await soon(stream.intake.take(10))).toEqual(later.slice(2));
  });

  it('ends before the first that may not, which comes next with all behind it', async () => {
    const stream = new StreamByHand();
    const garbage = { body: Buffer.from('{'), deliveryCount: 0, headers: {} };
    const [first, last] = [cannotWait(), cannotWait()];
    stream.send(cannotWait());
    await stream.intake.take(10);
    stream.send(first, garbage, last);
    expect(stream.intake.takeReady(10, mayJoin).map(({ message }) => message)).toEqual([first]);
    expect(stream.intake.takeReady(10, mayJoin)).toEqual([]);
    expect(await soon(stream.intake.take(10))).toEqual([garbage, last]);
  });

  it('does not overtake what is just being handed over', async () => {
    const [first, second, third] = [canWait(), cannotWait(), cannotWait()];
    let handOver: (messages: readonly IncomingMessage[]) => void = () => undefined;
    const takes = [
      Promise.resolve([first]),
      new Promise<readonly IncomingMessage[]>((resolve) => (handOver = resolve)),
    ];
    const stream = {
      take: () => takes.shift() ?? Promise.resolve([]),
      takeReady: (max: number) => [third].slice(0, max),
    };
    const intake = new Intake({ stream, partition: 0, deferrable, company: () => turn() as Promise<void> });
    expect(await intake.take(10)).toHaveLength(1);
    handOver([second]);
    expect(intake.takeReady(10, mayJoin)).toEqual([]);
    await turn();
    expect(intake.takeReady(10, mayJoin).map(({ message }) => message)).toEqual([second, third]);
  });

  it('comes behind what was waited for while others were kept back', async () => {
    const stream = new StreamByHand();
    const [first, second, third] = [canWait(), cannotWait(), cannotWait()];
    const taking = stream.intake.take(10);
    stream.send(first);
    await turn();
    stream.meet();
    expect(await soon(taking)).toEqual([first]);
    stream.send(second);
    await turn();
    stream.send(third);
    expect(stream.intake.takeReady(10, mayJoin).map(({ message }) => message)).toEqual([second, third]);
  });
});

it('does not keep back what cannot be read', async () => {
  const stream = new StreamByHand();
  const garbage = { body: Buffer.from('{'), deliveryCount: 0, headers: {} };
  stream.send(canWait(), garbage);
  expect(await soon(stream.intake.take(10))).toHaveLength(2);
});

it('hands on nothing once the stream is closed, also of what was kept back', async () => {
  const stream = new StreamByHand();
  const taking = stream.intake.take(10);
  stream.send(canWait());
  expect(await soon(taking)).toBeUndefined();
  stream.close();
  expect(await soon(taking)).toEqual([]);
  expect(await soon(stream.intake.take(10))).toEqual([]);
});

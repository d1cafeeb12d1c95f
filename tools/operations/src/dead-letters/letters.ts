import type { ServiceName } from '@quadrille/contracts';
import { Failure } from '../command-line/ends.js';
import { AdminApi } from '../system/http.js';
import type { System } from '../system/system.js';
import { BrokerLetters } from './broker-letters.js';
import {
  addressOf,
  type BrokerPlace,
  type Discarded,
  type Letter,
  type LetterAddress,
  type LetterDetails,
  type LetterFilter,
  type Replayed,
  type ServiceLetterAddress,
} from './letter.js';
import { Pace } from './pace.js';
import { ServiceLetters } from './service-letters.js';

export interface Found {
  readonly letters: readonly Letter[];
  /** Whoever could not be asked, as sentences. */
  readonly problems: readonly string[];
}

/** All letters of the chosen services, wherever they are. */
export class Letters {
  constructor(
    private readonly system: System,
    private readonly chosen: readonly ServiceName[],
    /** Names of services whose `@OnEvent` handlers have dead letters of their own. */
    private readonly listeners: readonly string[] = [],
  ) {}

  /** By service, oldest first within each. What can be asked is answered for, also when somebody else is away. */
  async list(filter: LetterFilter): Promise<Found> {
    const asked = await Promise.allSettled([
      ...this.chosen
        .map((service) => this.service(service))
        .map(async (service): Promise<Found> => ({ letters: await service.list(filter), problems: [] })),
      ...(this.system.amqpUrlIfKnown === undefined ? [] : this.atBroker().map((queue) => queue.list(filter))),
    ]);
    const problems = asked.flatMap((one) =>
      one.status === 'rejected' ? [sentenceOf(one.reason)] : one.value.problems,
    );
    if (this.system.amqpUrlIfKnown === undefined)
      problems.push("The broker's dead-letter queues are not among them: set AMQP_URL.");
    return {
      letters: asked.flatMap((one) => (one.status === 'fulfilled' ? one.value.letters : [])),
      problems: [...new Set(problems)],
    };
  }

  async show(address: LetterAddress): Promise<LetterDetails> {
    if (address.place === 'service') return this.service(address.service).show(address.id);
    const { letters, problems } = await this.queue(address.place, address.service).find([address.messageId]);
    const [letter] = letters;
    if (letter) return letter;
    throw new Failure(problems.join(' '));
  }

  async showAll(addresses: readonly LetterAddress[]): Promise<Found> {
    const shown = await Promise.allSettled([
      ...addresses
        .filter((address) => address.place === 'service')
        .map(async (address): Promise<Found> => ({ letters: [await this.show(address)], problems: [] })),
      ...this.queuesOf(addresses).map(({ queue, messageIds }) => queue.find(messageIds)),
    ]);
    return {
      letters: shown.flatMap((one) => (one.status === 'fulfilled' ? one.value.letters : [])),
      problems: shown.flatMap((one) => (one.status === 'rejected' ? [sentenceOf(one.reason)] : one.value.problems)),
    };
  }

  /** One by one, in the order of the list, the broker's last. Each failure is told, and the others go on. */
  async replay(
    letters: readonly Letter[],
    { by, perSecond }: { by: string; perSecond?: number | undefined },
  ): Promise<Replayed> {
    const pace = new Pace(perSecond);
    const result: Replayed = { replayed: [], gone: [], failed: [] };
    const addresses = letters.map(({ id }) => addressOf(id, []));
    for (const address of addresses) {
      if (address.place !== 'service') continue;
      await pace.turn();
      await this.replayAtService(address, by, result);
    }
    for (const { queue, messageIds } of this.queuesOf(addresses))
      await this.replayAtBroker(queue, messageIds, pace, result);
    return result;
  }

  /** One by one. Each failure is told, and the others are discarded. */
  async discard(
    addresses: readonly ServiceLetterAddress[],
    because: { by: string; reason: string },
  ): Promise<Discarded> {
    const result: Discarded = { discarded: [], already: [], failed: [] };
    for (const { service, id } of addresses)
      try {
        const letters = this.service(service);
        const discarded = await letters.discard(id, because);
        if (discarded) result.discarded.push(discarded);
        else result.already.push(await letters.show(id));
      } catch (error) {
        result.failed.push({ id: `${service}:${id}`, reason: sentenceOf(error) });
      }
    return result;
  }

  service(service: ServiceName): ServiceLetters {
    return new ServiceLetters(service, new AdminApi(service, this.system.url(service), this.system.adminToken));
  }

  private async replayAtService({ service, id }: ServiceLetterAddress, by: string, result: Replayed): Promise<void> {
    const letter = `${service}:${id}`;
    try {
      const isThere = await this.service(service).replay(id, by);
      (isThere ? result.replayed : result.gone).push(letter);
    } catch (error) {
      result.failed.push({ id: letter, reason: sentenceOf(error) });
    }
  }

  /** A queue gives its messages as a whole, so those that go are sent together. */
  private async replayAtBroker(
    queue: BrokerLetters,
    messageIds: readonly string[],
    pace: Pace,
    result: Replayed,
  ): Promise<void> {
    try {
      const { replayed, gone, failed } = await queue.replay(messageIds, () => pace.turn());
      result.replayed.push(...replayed);
      result.gone.push(...gone);
      result.failed.push(...failed);
    } catch (error) {
      const reason = sentenceOf(error);
      result.failed.push(...messageIds.map((messageId) => ({ id: queue.idOf(messageId), reason })));
    }
  }

  /** What is wanted of a queue is asked for at once: two looks at a time hide letters from each other. */
  private queuesOf(addresses: readonly LetterAddress[]): { queue: BrokerLetters; messageIds: string[] }[] {
    const byQueue = new Map<string, { readonly queue: BrokerLetters; readonly messageIds: string[] }>();
    for (const address of addresses) {
      if (address.place === 'service') continue;
      const { place, service, messageId } = address;
      const name = `${place}:${service}`;
      const wanted = byQueue.get(name) ?? { queue: this.queue(place, service), messageIds: [] };
      byQueue.set(name, wanted);
      wanted.messageIds.push(messageId);
    }
    return [...byQueue.values()];
  }

  private atBroker(): readonly BrokerLetters[] {
    return [
      ...this.chosen.map((service) => this.queue('broker', service)),
      ...this.listeners.map((service) => this.queue('listener', service)),
    ];
  }

  private queue(place: BrokerPlace, service: string): BrokerLetters {
    return new BrokerLetters(place, service, this.system);
  }
}

/** What is not expected ends the command with its stack. */
function sentenceOf(error: unknown): string {
  if (error instanceof Failure) return error.message;
  throw error;
}

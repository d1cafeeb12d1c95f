import type { ServiceName } from '@quadrille/contracts';
import { Failure } from '../command-line/ends.js';
import { AdminApi } from '../system/http.js';
import type { System } from '../system/system.js';
import { BrokerLetters } from './broker-letters.js';
import type { Letter, LetterAddress, LetterDetails, LetterFilter } from './letter.js';
import { Pace } from './pace.js';
import { ServiceLetters } from './service-letters.js';

export interface Found {
  readonly letters: readonly Letter[];
  /** Whoever could not be asked, as sentences. */
  readonly problems: readonly string[];
}

export interface Replayed {
  readonly replayed: string[];
  /** Handled meanwhile, or replayed by somebody else. */
  readonly gone: string[];
  readonly failed: { readonly id: string; readonly reason: string }[];
}

/** All letters of the chosen services, wherever they are. */
export class Letters {
  constructor(
    private readonly system: System,
    private readonly chosen: readonly ServiceName[],
  ) {}

  /** By service, oldest first within each. What can be asked is answered for, also when somebody else is away. */
  async list(filter: LetterFilter): Promise<Found> {
    const asked = await Promise.allSettled([
      ...this.chosen.map((service) => this.service(service)).map((service) => service.list(filter)),
      ...this.chosen.map(async (service) =>
        this.system.amqpUrlIfKnown === undefined ? [] : this.broker(service).list(filter),
      ),
    ]);
    const problems = asked.flatMap((one) => (one.status === 'rejected' ? [sentenceOf(one.reason)] : []));
    if (this.system.amqpUrlIfKnown === undefined)
      problems.push("The broker's dead-letter queues are not among them: set AMQP_URL.");
    return {
      letters: asked.flatMap((one) => (one.status === 'fulfilled' ? one.value : [])),
      problems: [...new Set(problems)],
    };
  }

  show(address: LetterAddress): Promise<LetterDetails> {
    return address.place === 'service'
      ? this.service(address.service).show(address.id)
      : this.broker(address.service).show(address.messageId);
  }

  async showAll(addresses: readonly LetterAddress[]): Promise<Found> {
    const shown = await Promise.allSettled(addresses.map((address) => this.show(address)));
    return {
      letters: shown.flatMap((one) => (one.status === 'fulfilled' ? one.value : [])),
      problems: shown.flatMap((one) => (one.status === 'rejected' ? sentenceOf(one.reason) : [])),
    };
  }

  /** One by one, in the order of the list. Each failure is told, and the others go on. */
  async replay(
    letters: readonly Letter[],
    { by, perSecond }: { by: string; perSecond?: number | undefined },
  ): Promise<Replayed> {
    const pace = new Pace(perSecond);
    const result: Replayed = { replayed: [], gone: [], failed: [] };
    for (const letter of letters.filter((one) => !isAtBroker(one))) {
      await pace.turn();
      try {
        const [, id = ''] = letter.id.split(':');
        const isThere = await this.service(letter.service).replay(id, by);
        (isThere ? result.replayed : result.gone).push(letter.id);
      } catch (error) {
        result.failed.push({ id: letter.id, reason: sentenceOf(error) });
      }
    }
    for (const service of this.chosen) {
      const ids = letters.filter((one) => isAtBroker(one) && one.service === service).map(({ id }) => id);
      if (ids.length > 0) await this.replayAtBroker(service, ids, pace, result);
    }
    return result;
  }

  service(service: ServiceName): ServiceLetters {
    return new ServiceLetters(service, new AdminApi(service, this.system.url(service), this.system.adminToken));
  }

  private async replayAtBroker(
    service: ServiceName,
    ids: readonly string[],
    pace: Pace,
    result: Replayed,
  ): Promise<void> {
    try {
      const sent = await this.broker(service).replay(new Set(ids), () => pace.turn());
      result.replayed.push(...sent);
      result.gone.push(...ids.filter((id) => !sent.includes(id)));
    } catch (error) {
      // Which of them went before the failure, the next list shows.
      result.failed.push(...ids.map((id) => ({ id, reason: sentenceOf(error) })));
    }
  }

  private broker(service: ServiceName): BrokerLetters {
    return new BrokerLetters(service, this.system.amqpUrl);
  }
}

export function isAtBroker({ id }: Letter): boolean {
  return id.startsWith('broker:');
}

/** What is not expected ends the command with its stack. */
function sentenceOf(error: unknown): string {
  if (error instanceof Failure) return error.message;
  throw error;
}

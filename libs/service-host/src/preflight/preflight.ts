import type { AnyParticipant } from '@quadrille/event-log';
import { judgeBrokerServer } from '@quadrille/messaging';
import type { Logger } from '@quadrille/observability';
import type { DataSource } from 'typeorm';
import type { BrokerLink } from '../broker-link.js';
import type { ServiceConfiguration } from '../configuration/service-configuration.js';
import { StartupError } from '../startup-error.js';
import { judgeConfiguration } from './configuration-judgement.js';
import { readDatabaseFacts } from './database-facts.js';
import { judgeDatabase } from './database-judgement.js';
import type { Finding } from './finding.js';

/**
 * Looks at everything a service's promises rest on before it promises anything. What it finds ends the start, with a sentence
 * for each finding that says what to change: facts are read, and judged by functions that know nothing else.
 */
export class Preflight {
  constructor(
    private readonly participant: AnyParticipant,
    private readonly configuration: ServiceConfiguration,
    private readonly dataSource: DataSource,
    private readonly broker: BrokerLink,
    private readonly logger: Logger,
  ) {}

  /** What can be said before any server is asked. Throws a `StartupError`. */
  judgeConfiguration(): void {
    const { name: service, repository } = this.participant;
    const surroundings = { mode: process.env.NODE_ENV, service, foldsLog: repository.foldsLog ?? false };
    this.refuse(judgeConfiguration(this.configuration, surroundings));
  }

  /**
   * Rejects with a `StartupError` when database or broker are there and unsafe, and with another error while something is
   * still to come. Both must be connected.
   */
  async inspectServers(): Promise<void> {
    const [database, server, topology] = await Promise.all([
      readDatabaseFacts(this.dataSource),
      this.broker.server(),
      this.inspectTopology(),
    ]);
    this.refuse([
      ...judgeDatabase(database, { clockDifferenceMaxMs: this.configuration.CLOCK_DIFFERENCE_MAX_MS }),
      ...judgeBrokerServer(server).map((sentence) => ({ sentence })),
      ...topology.findings,
    ]);
    if (topology.isMissing) throw topology.reason;
  }

  /** What the setup step has still to do is no finding, and must not hide one. */
  private async inspectTopology(): Promise<Topology> {
    try {
      await this.broker.checkTopology();
      return { findings: [], isMissing: false };
    } catch (error) {
      if (error instanceof StartupError) return { findings: [{ sentence: error.message }], isMissing: false };
      return { findings: [], isMissing: true, reason: error };
    }
  }

  private refuse(findings: readonly Finding[]): void {
    const { ALLOW_UNSAFE_SERVERS } = this.configuration;
    const isTolerated = ({ isAboutDurability = false }: Finding) => isAboutDurability && ALLOW_UNSAFE_SERVERS;
    const refused = findings.filter((finding) => !isTolerated(finding));
    if (refused.length > 0) throw new StartupError(refused.map(({ sentence }) => sentence).join('\n'));
    for (const { sentence } of findings) this.logger.warn({ finding: sentence }, 'unsafe, and allowed here');
  }
}

type Topology =
  | { readonly findings: readonly Finding[]; readonly isMissing: false }
  | { readonly findings: readonly Finding[]; readonly isMissing: true; readonly reason: unknown };

import type { Violation } from '@quadrille/e2e/rules';
import type { Arena } from './arena.js';
import { relaxedOn } from './guarantees.js';
import { putAwayLeftovers } from './measure/leftovers.js';
import { Traffic } from './measure/traffic.js';
import type { Measurement, LatencyPoint, Problem, Round, SystemRound } from './measurement.js';
import { Limit } from './parties/limit.js';
import { Ours } from './parties/ours.js';
import { type PartyName, type System, type SystemName } from './parties/party.js';
import { Peer } from './parties/peer.js';
import type { Plan } from './plan.js';
import { show } from './figures.js';
import { median, percentile } from './statistics.js';
import { type ClosedFigures, type OpenFigures, Turn } from './turn.js';

/** A database compiles nothing: it has its pages in memory by then. */
const limitWarmUpMs = 3000;

export interface BenchmarkOptions {
  readonly arena: Arena;
  readonly plan: Plan;
  readonly parties: readonly PartyName[];
  /** Undefined when the limit takes no part. */
  readonly pgbench: string | undefined;
  readonly say: (line: string) => void;
}

/** Rounds in which the parties take turns; in the last of them ours goes on at parts of its own capacity. */
export class Benchmark {
  private readonly rounds: Round[] = [];
  private readonly latency: LatencyPoint[] = [];
  private readonly problems: Problem[] = [];
  private readonly systems: Map<SystemName, System>;
  private readonly limit: Limit | undefined;

  constructor(private readonly options: BenchmarkOptions) {
    const { arena, pgbench } = options;
    const { cluster, peerProvider: provider, logDirectory } = arena;
    const peer = (name: Exclude<SystemName, 'ours'>) => new Peer({ name, cluster, provider, logDirectory });
    this.systems = new Map<SystemName, System>([
      ['ours', new Ours(cluster)],
      ['naive', peer('naive')],
      ['polling', peer('polling')],
      ['polling-tuned', peer('polling-tuned')],
    ]);
    const { adminUrl } = cluster.postgres;
    this.limit =
      pgbench === undefined
        ? undefined
        : new Limit({ pgbench, postgresUrl: adminUrl, postgresPid: arena.serverPids.database });
  }

  async run(): Promise<Measurement> {
    const { plan, parties, say } = this.options;
    for (let number = 1; number <= plan.rounds; number++) {
      say(`round ${number} of ${plan.rounds}`);
      const systems: Partial<Record<SystemName, SystemRound>> = {};
      let limit: Round['limit'];
      // Each time another begins, so that nobody always meets what the one before has left to the machine.
      for (const party of rotated(parties, number - 1))
        await this.attempt(party, number, async () => {
          if (party === 'limit') limit = await this.limitTurn();
          else systems[party] = await this.systemTurn(party, number);
        });
      this.rounds.push({ systems, ...(limit && { limit }) });
    }
    return { rounds: this.rounds, latency: this.latency, problems: this.problems };
  }

  private async limitTurn() {
    if (!this.limit) return undefined;
    const result = await this.limit.measure({ warmUpMs: limitWarmUpMs, measureMs: this.options.plan.closedMs });
    const { ordersPerSecond, databaseCpuMsPerOrder, clients } = result;
    this.say('limit', `${show(ordersPerSecond)}/s, ${show(databaseCpuMsPerOrder)} ms of CPU, ${clients} clients`);
    return result;
  }

  private async systemTurn(name: SystemName, round: number): Promise<SystemRound> {
    const { plan } = this.options;
    const { warmUpMs, closedMs: measureMs, clients } = plan;
    const { latency, ...figures } = await this.turn(name, async (turn) => {
      // What an order puts on the wire does not change with the round.
      const traffic = plan.countsTraffic && round === 1 ? await this.traffic() : undefined;
      const closed = await turn.closed({ clients: clients[name], warmUpMs, measureMs }, traffic);
      this.say(name, `${show(closed.ordersPerSecond)}/s, ${show(closed.cpuMsPerOrder)} ms of CPU per order`);
      const open: OpenFigures[] = [];
      for (const ratePerSecond of plan.rates.filter((rate) => rate <= closed.ordersPerSecond * 0.8))
        open.push(await this.open(name, turn, ratePerSecond));
      const goesOn = name === 'ours' && round === plan.rounds;
      return { closed, open, latency: goesOn ? await this.latencies(turn, closed) : [] };
    });
    // Not before the books of the turn were checked.
    this.latency.push(...latency);
    return figures;
  }

  private async latencies(turn: Turn, { ordersPerSecond }: ClosedFigures): Promise<LatencyPoint[]> {
    const { shares, overload, openMs } = this.options.plan;
    const before = this.rounds.flatMap(({ systems }) => systems.ours?.closed.ordersPerSecond ?? []);
    const capacity = median([...before, ordersPerSecond]);
    const points: LatencyPoint[] = [];
    for (const share of [...shares, overload.share]) {
      const forMs = share === overload.share ? overload.forMs : openMs;
      this.options.say(`  at ${share * 100} % of capacity`);
      points.push({ share, figures: await this.open('ours', turn, capacity * share, forMs) });
    }
    return points;
  }

  private async open(
    name: SystemName,
    turn: Turn,
    ratePerSecond: number,
    measureMs = this.options.plan.openMs,
  ): Promise<OpenFigures> {
    const figures = await turn.open({ ratePerSecond, warmUpMs: 1500, measureMs });
    const { latenciesMs, cpuMsPerOrder, turnedAway } = figures;
    const [p50 = 0, p99 = 0] = [0.5, 0.99].map((share) => percentile(latenciesMs, share));
    const away = turnedAway > 0 ? `, ${turnedAway} turned away` : '';
    this.say(
      name,
      `at ${show(ratePerSecond)}/s: p50 ${show(p50)} ms, p99 ${show(p99)} ms, ${show(cpuMsPerOrder)} ms of CPU${away}`,
    );
    return figures;
  }

  /** From the start of its processes to the check of its books: without the check nothing counts. */
  private async turn<Result>(name: SystemName, work: (turn: Turn) => Promise<Result>): Promise<Result> {
    const { cluster, serverPids, peerProvider } = this.options.arena;
    const system = this.systems.get(name);
    if (!system) throw new Error(`${name} takes no part`);
    const ownProvider = cluster.service('payment-provider').replicas[0]?.part.pid ?? 0;
    const turn = await Turn.begin(system, {
      ...serverPids,
      provider: name === 'ours' ? ownProvider : peerProvider.pid,
    });
    try {
      const result = await work(turn);
      const broken = await system.check(turn.promised);
      if (broken.length > 0) throw new Error(sentenceOf(broken));
      const relaxed = await relaxedOn(this.options.arena);
      if (relaxed.length > 0) throw new Error(relaxed.join('; '));
      return result;
    } finally {
      await turn.end();
    }
  }

  private traffic(): Promise<Traffic> {
    const { cluster } = this.options.arena;
    return Traffic.begin({ brokerAdminUrl: cluster.brokerAdminUrl ?? '', postgresUrl: cluster.postgres.adminUrl });
  }

  private async attempt(party: PartyName, round: number, work: () => Promise<void>): Promise<void> {
    try {
      await putAwayLeftovers(this.options.arena.cluster.postgres.adminUrl);
      await work();
    } catch (error) {
      const what = error instanceof Error ? error.message : String(error);
      this.problems.push({ party, round, what });
      this.say(party, `no result: ${what}`);
    }
  }

  private say(party: PartyName, what: string): void {
    this.options.say(`  ${party.padEnd(14)} ${what}`);
  }
}

export function rotated<Value>(values: readonly Value[], by: number): Value[] {
  const from = values.length === 0 ? 0 : by % values.length;
  return [...values.slice(from), ...values.slice(0, from)];
}

function sentenceOf(broken: readonly Violation[]): string {
  const [first] = broken;
  return `${broken.length} times a rule was broken, first rule ${first?.rule}: ${first?.orderId ?? ''} ${first?.what}`;
}

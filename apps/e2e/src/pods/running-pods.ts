import type { Forward, OnDocker, Pod } from '@quadrille/kubernetes';
import { z } from 'zod';
import { eventually } from '../client.js';
import type { Engine } from '../compose/engine.js';

const containers = z.tuple([
  z.object({
    Id: z.string(),
    State: z.object({ Status: z.string(), ExitCode: z.number() }),
    RestartCount: z.number(),
  }),
]);
const happening = z.object({
  Action: z.string(),
  timeNano: z.number(),
  Actor: z.object({ Attributes: z.object({ signal: z.string().optional(), exitCode: z.string().optional() }) }),
});

/** Others may keep the machine busy. */
const patienceMs = 300_000;

/** How a process ended that was asked to. */
export interface Stop {
  /** From SIGTERM to its end. */
  readonly tookMs: number;
  readonly exitCode: number;
}

/** The pods of an overlay as containers of a Docker Engine, for somebody who is in the engine's network. */
export class RunningPods {
  constructor(
    private readonly plan: OnDocker,
    private readonly engine: Engine,
  ) {}

  /** Those that run Quadrille, and stay up. */
  get services(): Pod[] {
    return this.plan.pods.filter(({ isOurs, kind }) => isOurs && kind !== 'Job');
  }

  get names(): string[] {
    return this.plan.pods.map(({ name }) => name);
  }

  pod(name: string): Pod {
    const pod = this.plan.pods.find((one) => one.name === name);
    if (!pod) throw new Error(`there is no pod ${name}`);
    return pod;
  }

  /** All at once: who comes before its servers or its migrations ends, and is started again. */
  async up(): Promise<void> {
    // Manifests name a release, and images are built without one.
    for (const { isOurs, image } of this.plan.pods)
      if (isOurs) await this.engine.run(['docker', 'tag', image.replace(/:.*$/, ''), image]);
    await this.compose('up', '--detach', '--no-build', '--pull', 'never');
    for (const rule of rulesFor(this.plan)) await this.engine.run(['iptables', '--table', 'nat', '--append', ...rule]);
  }

  async down(): Promise<void> {
    await this.compose('down', '--volumes');
    for (const rule of rulesFor(this.plan)) await this.engine.run(['iptables', '--table', 'nat', '--delete', ...rule]);
  }

  /** Resolves when the setup step has come to its end. */
  async jobsDone(): Promise<void> {
    for (const { name, kind } of this.plan.pods)
      if (kind === 'Job')
        await eventually(
          `${name} is complete`,
          async () => {
            const { State, RestartCount } = await this.container(name);
            if (State.Status === 'exited' && State.ExitCode === 0) return true;
            throw new Error(`it is ${State.Status} after ${RestartCount} restarts`);
          },
          patienceMs,
        );
  }

  /** Resolves when every probe of the manifest is answered with 200. */
  async ready({ name, probes }: Pod): Promise<void> {
    for (const [probe, url] of Object.entries(probes))
      await eventually(
        `${name} answers its ${probe} probe`,
        async () => {
          const { status } = await fetch(url, { signal: AbortSignal.timeout(5_000) });
          if (status === 200) return true;
          throw new Error(`${url} answers ${status}`);
        },
        patienceMs,
      );
  }

  /** SIGTERM, and SIGKILL when the grace period of the manifest ends. */
  async stop({ name }: Pod): Promise<Stop> {
    const { Id } = await this.container(name);
    const since = Date.now() / 1000;
    await this.compose('stop', name);
    // Docker answers a moment before it tells of the end.
    return eventually(`${name} is seen to end`, async () => {
      const events = await this.happenings(Id, since);
      const asked = events.find(({ Action, Actor }) => Action === 'kill' && Actor.Attributes.signal === '15');
      const died = events.find(({ Action }) => Action === 'die');
      if (!asked || !died) return undefined;
      return { tookMs: (died.timeNano - asked.timeNano) / 1e6, exitCode: Number(died.Actor.Attributes.exitCode) };
    });
  }

  async start(pod: Pod): Promise<void> {
    await this.compose('start', pod.name);
    await this.ready(pod);
  }

  /** What a shell in the container says. */
  inside({ name }: Pod, script: string): Promise<string> {
    return this.compose('exec', '--no-TTY', name, 'sh', '-c', script);
  }

  logs(): Promise<string> {
    return this.compose('logs', '--no-color', '--timestamps');
  }

  private async happenings(id: string, since: number) {
    const filters = [`container=${id}`, 'event=kill', 'event=die'].flatMap((filter) => ['--filter', filter]);
    const range = ['--since', String(since), '--until', String(Date.now() / 1000)];
    const said = await this.engine.run(['docker', 'events', ...range, ...filters, '--format', '{{json .}}']);
    return said
      .split('\n')
      .filter(Boolean)
      .map((line) => happening.parse(JSON.parse(line)));
  }

  private async container(name: string) {
    const id = (await this.compose('ps', '--all', '--quiet', name)).trim();
    const [container] = containers.parse(JSON.parse(await this.engine.run(['docker', 'inspect', id])));
    return container;
  }

  private compose(...args: readonly string[]): Promise<string> {
    return this.engine.run(['docker', 'compose', '--file', '-', ...args], JSON.stringify(this.plan.composeFile));
  }
}

/** As kube-proxy has them: what is for a Service goes to its pod, and the answer comes back the same way. */
function rulesFor({ forwards, network }: OnDocker): string[][] {
  const lead = ({ from, fromPort, to, toPort }: Forward) => [
    ...['PREROUTING', '--destination', from, '--protocol', 'tcp', '--dport', String(fromPort)],
    ...['--jump', 'DNAT', '--to-destination', `${to}:${toPort}`],
  ];
  const back = ['POSTROUTING', '--source', network, '--destination', network, '--match', 'conntrack'];
  return [...forwards.map(lead), [...back, '--ctstate', 'DNAT', '--jump', 'MASQUERADE']];
}

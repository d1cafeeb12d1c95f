import { partitionOf, type ServiceName, slotOf } from '@quadrille/contracts';
import { setTimeout as pause } from 'node:timers/promises';
import { hold, type Scene, services, tellProvider, underLoad } from './arena.js';
import type { FaultKind } from './fault-kinds.js';
import type { AppliedFault, Step } from './impact.js';
import type { Link } from './links.js';
import { ownershipOf } from './owned-partitions.js';
import type { Disturbance } from './tcp-proxy.js';
import { garbageGoesTo } from './traffic.js';

/** Breaks something, keeps it broken for a while and mends it. Answers with what it was. */
type Injection = (scene: Scene) => Promise<Omit<AppliedFault, 'kind'>>;

export const injections: Readonly<Record<FaultKind, Injection>> = {
  'replica-killed': (scene) =>
    onReplica(scene, async (part, hasMet) => {
      await part.kill('SIGKILL');
      await hold(scene, hasMet);
      await part.start();
    }),

  'replica-frozen': (scene) =>
    onReplica(scene, async (part, hasMet) => {
      part.freeze();
      await hold(scene, hasMet);
      part.thaw();
    }),

  'crash-point': async (scene) => {
    const { world, random, crashPoints } = scene;
    const service = random.pick(services);
    const point = random.pick(points);
    const parts = world.cluster.service(service).replicas.map(({ part }) => part);
    crashPoints.set(service, `${point}=exit@${random.between(1, 4)}`);
    let crashed = 0;
    const at = Date.now();
    try {
      await Promise.all(
        parts.map(async (part) => {
          await part.kill('SIGKILL');
          await part.start().catch(() => undefined); // It may reach the point before it is ready.
        }),
      );
      await hold(scene, () => parts.some(({ pid }) => pid === undefined));
    } finally {
      crashPoints.delete(service);
      crashed = parts.filter(({ pid }) => pid === undefined).length;
      await Promise.all(parts.map((part) => part.start()));
    }
    const what = `${service} at ${point}, ${crashed} of ${parts.length} replicas`;
    return { what, at, until: Date.now(), reaches: crashed > 0 ? touching(service) : () => false };
  },

  'rolling-restart': async (scene) => {
    const service = scene.random.pick(services);
    return during(`each ${service}`, touching(service), async () => {
      for (const { part } of scene.world.cluster.service(service).replicas) {
        await underLoad(scene);
        await part.stop();
        await pause(scene.lastsMs);
        await part.start();
      }
    });
  },

  'node-drained': async (scene) => {
    // The disruption budgets let one of each go, and whatever takes its place is not up before it has gone.
    const leaving = await Promise.all(services.map((service) => busyReplica(scene, service)));
    await underLoad(scene);
    const names = leaving.map(({ service, index }) => `${service} ${index + 1}`);
    const reaches = (step: Step) => leaving.some(({ service, owned }) => touching(service, owned)(step));
    return during(names.join(', '), reaches, async () => {
      await Promise.all(leaving.map(({ part }) => part.stop()));
      await pause(scene.lastsMs);
      await Promise.all(leaving.map(({ part }) => part.start()));
    });
  },

  'broker-killed': async (scene) => {
    await underLoad(scene);
    return during('RabbitMQ', announced, async () => {
      await scene.world.cluster.rabbitMq.kill('SIGKILL');
      await pause(scene.lastsMs);
      await scene.world.cluster.rabbitMq.start();
    });
  },

  'broker-frozen': async (scene) => {
    await underLoad(scene);
    return during('RabbitMQ', announced, async () => {
      scene.world.cluster.rabbitMq.freeze();
      await pause(scene.lastsMs);
      scene.world.cluster.rabbitMq.thaw();
    });
  },

  'broker-memory-alarm': async (scene) => {
    const { rabbitMq } = scene.world.cluster;
    await rabbitMq.ctl('set_vm_memory_high_watermark', '0.000001');
    return during('RabbitMQ', announced, async () => {
      scene.load.burst();
      await pause(scene.lastsMs);
      await rabbitMq.ctl('set_vm_memory_high_watermark', '0.4');
    });
  },

  'database-killed': async (scene) => {
    await underLoad(scene);
    return during(
      'PostgreSQL',
      () => true,
      async () => {
        await scene.world.cluster.postgres.kill('SIGKILL');
        await pause(scene.lastsMs);
        await scene.world.cluster.postgres.start();
      },
    );
  },

  'connections-cut': (scene) =>
    onLinks(scene, 'cut', async (links) => {
      for (const { proxy } of links) proxy.cut();
      await pause(scene.lastsMs);
    }),

  'connections-reset': (scene) =>
    onLinks(scene, 'reset', async (links) => {
      const endsAt = Date.now() + scene.lastsMs;
      while (Date.now() < endsAt) {
        for (const { proxy } of links) proxy.reset();
        await pause(scene.random.between(100, 1000));
      }
    }),

  'connections-delayed': (scene) => disturb(scene, { delayMs: scene.random.between(20, 250) }),
  'connections-throttled': (scene) => disturb(scene, { bytesPerSecond: scene.random.between(4_000, 40_000) }),
  'connections-silent': (scene) => disturb(scene, { silent: scene.random.pick(['to-server', 'to-client']) }),

  'provider-slow': (scene) => onProvider(scene, { latencyMs: [200, 3000] }),
  'provider-failing': (scene) => onProvider(scene, { errorRate: 0.7 }),
  'provider-answers-lost': (scene) => onProvider(scene, { loseAnswerRate: 0.5 }),
  'webhooks-late': (scene) => onProvider(scene, { webhooks: 'late' }),
  'webhooks-doubled': (scene) => onProvider(scene, { webhooks: 'double' }),

  'provider-killed': async (scene) => {
    const provider = scene.world.cluster.service('payment-provider');
    await underLoad(scene);
    return during('the provider', charging, async () => {
      await provider.kill('SIGKILL');
      await pause(scene.lastsMs);
      await provider.start();
    });
  },

  'duplicate-deliveries': async ({ traffic, random, lastsMs, load }) => {
    const at = Date.now();
    const orders = new Set<string>();
    for (let round = 0; round < 2; round++) {
      load.burst();
      await pause(Math.min(300, lastsMs / 4));
      // The latest are of orders under way, the others of orders that may have ended long ago.
      const taken = await traffic.take();
      const copies = [...random.shuffle(taken.slice(0, -100)).slice(0, 200), ...taken.slice(-100)];
      for (const { orderId } of copies) orders.add(orderId);
      await traffic.repeat(random.shuffle(copies));
      await pause(lastsMs / 4);
      await traffic.repeat(random.shuffle(copies).slice(0, 100));
    }
    return {
      what: `events of ${orders.size} orders, once or twice more`,
      at,
      until: Date.now(),
      reaches: ({ orderId }) => orders.has(orderId),
    };
  },

  'hot-sku': async (scene) => {
    const { world, load, hotSku } = scene;
    const at = Date.now();
    await load.buyers(hotSku.sku);
    // Its buyers are in each other's way until all of it is given away.
    const soldOut = async () => (await world.client.stock(hotSku.sku)).available === 0;
    await hold(scene, () => soldOut().catch(() => false));
    const hot = load.purchases.filter((purchase) => purchase.hot);
    return {
      what: `${hotSku.buyers} buyers of ${hotSku.buyers / 10} pieces`,
      at,
      until: Date.now(),
      reaches: ({ orderId }) => hot.some(({ promised }) => promised?.id === orderId),
    };
  },

  garbage: async (scene) => {
    const at = Date.now();
    await underLoad(scene);
    const subjects = await scene.traffic.litter(scene.random.between(5, 15), scene.random);
    await pause(scene.lastsMs);
    const met = new Set(subjects.map(partition));
    return {
      what: `${subjects.length} pieces for ${garbageGoesTo.join(' and ')}`,
      at,
      until: Date.now(),
      reaches: ({ service, orderId }) =>
        garbageGoesTo.some((hearer) => hearer === service) && met.has(partition(orderId)),
    };
  },
};

const points = [
  'round.deciding',
  'round.committing',
  'round.committed',
  'consumer.handling',
  'consumer.handled',
  'consumer.acknowledged',
  'relay.publishing',
  'publisher.written',
  'relay.published',
  'relay.checkpointing',
  'relay.checkpointed',
];

async function during(
  what: string,
  reaches: AppliedFault['reaches'],
  fault: () => Promise<void>,
): Promise<Omit<AppliedFault, 'kind'>> {
  const at = Date.now();
  await fault();
  return { what, at, until: Date.now(), reaches };
}

type Replica = ReturnType<Scene['world']['cluster']['service']>['replicas'][number];

async function onReplica(
  scene: Scene,
  fault: (part: Replica['part'], hasMet: () => boolean) => Promise<void>,
): Promise<Omit<AppliedFault, 'kind'>> {
  const { load, random } = scene;
  const { service, index, part, owned } = await busyReplica(scene, random.pick(services));
  const before = load.purchases.length;
  await underLoad(scene);
  // An order that was promised meanwhile, and that this replica would have worked on.
  const hasMet = () =>
    !owned ||
    load.purchases.slice(before).some(({ promised }) => promised && owned.partitions.includes(partition(promised.id)));
  return during(`${service} ${index + 1}`, touching(service, owned), () => fault(part, hasMet));
}

/** The first that has partitions: one that has just come back may have none yet, and nobody would miss it. */
async function busyReplica({ world, random }: Scene, service: ServiceName) {
  const { replicas } = world.cluster.service(service);
  const inThisOrder = random.shuffle([...replicas.entries()]);
  const [first] = inThisOrder;
  if (!first) throw new Error(`${service} has no replicas`);
  for (const [index, { part }] of inThisOrder) {
    const owned = await ownershipOf(world, service, index);
    if (!owned || owned.partitions.length > 0) return { service, index, part, owned };
  }
  const [index, { part }] = first;
  return { service, index, part, owned: undefined };
}

async function onLinks(
  scene: Scene,
  how: string,
  fault: (links: readonly Link[], hasMet: () => boolean) => Promise<void>,
): Promise<Omit<AppliedFault, 'kind'>> {
  const { links, random } = scene;
  await underLoad(scene);
  const open = links.all.filter(({ proxy }) => proxy.connections > 0);
  const one = random.pick(open);
  // Now one connection, now all that lead to the same party, now all that come from it.
  const alike = random.pick<(link: Link) => boolean>([
    (link) => link === one,
    ({ to }) => to === one.to,
    ({ from }) => from === one.from,
  ]);
  const chosen = open.filter(alike);
  const before = disturbancesOf(chosen);
  const hasMet = () => disturbancesOf(chosen) > before;
  const names = chosen.map(({ from, to }) => `${from} to ${to}`);
  const what = `${how}: ${names.slice(0, 3).join(', ')}${names.length > 3 ? ` and ${names.length - 3} more` : ''}`;
  const reaches = (step: Step) => chosen.some(({ service }) => touching(service)(step));
  const applied = await during(what, reaches, async () => {
    try {
      await fault(chosen, hasMet);
    } finally {
      for (const { proxy } of chosen) proxy.heal();
    }
  });
  return hasMet() ? applied : { ...applied, reaches: () => false };
}

function disturb(scene: Scene, disturbance: Disturbance): Promise<Omit<AppliedFault, 'kind'>> {
  const how = Object.entries(disturbance)
    .map(([name, value]) => `${name} ${String(value)}`)
    .join();
  return onLinks(scene, how, async (links, hasMet) => {
    for (const { proxy } of links) proxy.disturb(disturbance);
    await hold(scene, hasMet);
  });
}

async function onProvider(scene: Scene, faults: object): Promise<Omit<AppliedFault, 'kind'>> {
  await tellProvider(scene, 'PUT', faults);
  const toProvider = scene.links.all.filter(({ to }) => to === 'provider');
  const passed = () => toProvider.reduce((sum, { proxy }) => sum + proxy.passed, 0);
  const before = passed();
  return during('the provider', charging, async () => {
    await underLoad(scene);
    await hold(scene, () => passed() > before);
    await tellProvider(scene, 'DELETE');
  });
}

const disturbancesOf = (links: readonly Link[]) => links.reduce((sum, { proxy }) => sum + proxy.disturbed, 0);

const partitions = 4;
const partition = (orderId: string) => partitionOf(slotOf(orderId), partitions);

/** Steps that the service takes, and those that wait for what it announces; of one replica when it is known what it owns. */
function touching(
  service: ServiceName,
  owned?: { readonly partitions: readonly number[]; readonly relays: boolean },
): (step: Step) => boolean {
  return (step) => {
    const takes = step.service === service && (!owned || owned.partitions.includes(partition(step.orderId)));
    return takes || (step.causedBy === service && (owned?.relays ?? true));
  };
}

/** Steps that wait for another service, so that the broker is between. */
const announced = ({ causedBy }: Step): boolean => causedBy !== null;

const charging = ({ service, type }: Step): boolean =>
  service === 'payment' && ['IntentCreated', 'Captured', 'Declined', 'Refunded', 'Closed'].includes(type);

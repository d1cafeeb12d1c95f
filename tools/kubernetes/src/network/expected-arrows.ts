import { nameOf, ofKind, type Resources } from '../resource.js';
import { environmentOf, isOurs, matches, portNumber, workloadsOf, type Workload } from '../workload.js';
import { arrow, type Arrow } from './allowed-arrows.js';
import { outside, placesOf, type Place } from './places.js';

interface End {
  readonly place: Pick<Place, 'name'>;
  readonly port: number;
}

/** The arrows that the manifests' own configuration needs: whom the processes are told to reach, and who looks at them. */
export function expectedArrows(resources: Resources): Arrow[] {
  const places = placesOf(resources);
  return [
    ...places.map((place) => arrow(place, outside.dns, 53)),
    ...workloadsOf(resources)
      .filter(isOurs)
      .flatMap((workload) => fromVariables(resources, workload)),
    ...ofKind(resources, 'Service')
      .filter(({ metadata }) => metadata?.labels?.['app.kubernetes.io/component'] === 'http')
      .flatMap((service) => endsOf(resources, nameOf(service), 80))
      .map(({ place, port }) => arrow(outside.gateway, place, port)),
    ...fromScalers(resources),
    ...fromMonitoring(resources),
    ...amongBrokers(resources),
    ...amongDatabases(resources),
  ];
}

/** Every URL among a process's variables. */
function fromVariables(resources: Resources, workload: Workload): Arrow[] {
  const environment = environmentOf(workload);
  const urls = Object.values(environment).filter((value) => /^\w+:\/\//.test(value));
  if (environment['STRIPE_SECRET_KEY'] && !environment['PROVIDER_DATA_DIR'] && !environment['STRIPE_API_URL'])
    urls.push('https://api.stripe.com');
  return urls.flatMap((url) => endsOfUrl(resources, url)).map(({ place, port }) => arrow(workload, place, port));
}

const defaultPorts: Readonly<Record<string, number>> = { 'http:': 80, 'https:': 443, 'amqp:': 5672, 'postgres:': 5432 };

function endsOfUrl(resources: Resources, url: string): End[] {
  const { hostname, port, protocol } = new URL(url);
  return endsOf(resources, hostname, Number(port) || (defaultPorts[protocol] ?? 0));
}

/** Who answers under a name of the cluster. */
function endsOf(resources: Resources, host: string, port: number): End[] {
  const [name, namespace] = host.split('.');
  if (host === 'api.stripe.com') return [{ place: outside.internet, port }];
  if (namespace === 'observability') return [{ place: outside.observability, port }];
  const byOperator = placesOf(resources).find(
    (place) =>
      ofKind(resources, 'Cluster').some((one) => nameOf(one) === place.name && host === `${place.name}-rw`) ||
      ofKind(resources, 'RabbitmqCluster').some((one) => nameOf(one) === place.name && name === place.name),
  );
  if (byOperator) return [{ place: byOperator, port }];
  const service = ofKind(resources, 'Service').find((one) => nameOf(one) === name);
  const target = service?.spec?.ports?.find((one) => one.port === port)?.targetPort;
  const ends = workloadsOf(resources)
    .filter(({ labels }) => service && matches(service.spec?.selector ?? {}, labels))
    .map((workload) => ({ place: { name: workload.name }, port: portNumber(workload, target) ?? 0 }));
  if (ends.length === 0) throw new Error(`Nobody is called ${host}.`);
  return ends;
}

function fromScalers(resources: Resources): Arrow[] {
  if (ofKind(resources, 'ScaledObject').length === 0) return [];
  return endsOf(resources, 'rabbitmq', 5672).map(({ place, port }) => arrow(outside.keda, place, port));
}

function fromMonitoring(resources: Resources): Arrow[] {
  const selectors = ofKind(resources, 'ServiceMonitor').map(({ spec }) => spec.selector.matchLabels ?? {});
  const watched = ofKind(resources, 'Service')
    .filter(({ metadata }) => selectors.some((selector) => matches(selector, metadata?.labels ?? {})))
    .flatMap((service) => endsOf(resources, nameOf(service), service.spec?.ports?.[0]?.port ?? 0));
  const places = placesOf(resources);
  const isBroker = ({ name }: Place) => ofKind(resources, 'RabbitmqCluster').some((broker) => nameOf(broker) === name);
  const isDatabase = ({ name }: Place) =>
    ofKind(resources, 'PodMonitor').length > 0 &&
    ofKind(resources, 'Cluster').some((cluster) => nameOf(cluster) === name);
  return [
    ...watched,
    ...places.filter(isBroker).map((place) => ({ place, port: 15692 })),
    ...places.filter(isDatabase).map((place) => ({ place, port: 9187 })),
  ].map(({ place, port }) => arrow(outside.monitoring, place, port));
}

/** The port mapper and the distribution of Erlang. */
function amongBrokers(resources: Resources): Arrow[] {
  return ofKind(resources, 'RabbitmqCluster').flatMap((broker) => {
    const place = { name: nameOf(broker) };
    return [4369, 25672].map((port) => arrow(place, place, port));
  });
}

/** Replication, the instances' status, the Kubernetes API by which they elect a primary, and the store for backups. */
function amongDatabases(resources: Resources): Arrow[] {
  return ofKind(resources, 'Cluster').flatMap((cluster) => {
    const place = { name: nameOf(cluster) };
    return [
      ...[5432, 8000].flatMap((port) => [place, outside.databaseOperator].map((from) => arrow(from, place, port))),
      ...[443, 6443].flatMap((port) => [outside.kubernetes, outside.internet].map((to) => arrow(place, to, port))),
    ];
  });
}

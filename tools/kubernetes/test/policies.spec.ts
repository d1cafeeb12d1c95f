import { describe, expect, test } from '@jest/globals';
import { roles } from '@quadrille/service-host';
import { servicesAreAlike } from '../src/policies/alike.js';
import { followsTheArrows } from '../src/policies/arrows.js';
import { connectionsSuffice } from '../src/policies/connections.js';
import { isUnderstood } from '../src/policies/environment.js';
import { everyProcessIsMonitored } from '../src/policies/monitoring.js';
import * as pods from '../src/policies/pods.js';
import { probesMeanDifferentThings, serversSayWhenTheyAreReady } from '../src/policies/probes.js';
import * as rollout from '../src/policies/rollout.js';
import * as scaling from '../src/policies/scaling.js';
import {
  changesNoTable,
  everySecretIsFetched,
  knowsItsOwnSecrets,
  secretsComeFromSecrets,
} from '../src/policies/secrets.js';
import { comesAsItsOwnUser, keepsWhatItConfirmed, servicesLeadSomewhere } from '../src/policies/servers.js';
import { localSecrets, overlays } from './overlays.js';
import { configurationViolations } from './violations/configuration.js';
import { networkViolations } from './violations/network.js';
import { podViolations } from './violations/pods.js';
import { rolloutViolations } from './violations/rollout.js';
import { scalingViolations } from './violations/scaling.js';
import { metricsPath, programs, servedPaths, stopSeconds } from './what-ships.js';

const secrets = new Map(localSecrets().first.map(({ metadata, stringData }) => [metadata.name, stringData]));
const secretValue = (secret: string, key: string) => secrets.get(secret)?.[key] ?? 'amqp://someone:something@host:1/';

describe.each(Object.entries(overlays))('the overlay %s', (name, resources) => {
  test.each([
    ['a revision comes up before the one before it goes', rollout.rollsOutWithoutAGap],
    ['nobody is killed who still has something to finish', rollout.stopsInItsOwnTime(stopSeconds)],
    ['each release migrates once, in a Job of its own', rollout.migratesOncePerRelease],
    ['selectors hold what never has to change', rollout.selectsByWhatStays],
    ['probes ask what is served, and mean different things', probesMeanDifferentThings(servedPaths)],
    ['servers say when they are ready', serversSayWhenTheyAreReady],
    ['pods are restricted', pods.isRestricted],
    ['the namespace enforces it', pods.namespaceEnforcesRestricted],
    ['nobody has a token', pods.hasNoToken],
    ['pods ask for what they use', pods.asksForWhatItUses],
    ['pods stand on several nodes', pods.standsOnSeveralNodes],
    ['every Service leads somewhere', servicesLeadSomewhere],
    ['services are alike', servicesAreAlike],
    ['requests are answered by processes of their own', scaling.rolesAreApart(roles)],
    ['nothing has two scalers', scaling.hasOneScaler],
    ['no consumer is without a partition', scaling.hasNoMoreConsumersThanPartitions],
    ['every replica gets its connections', connectionsSuffice],
    ['every variable is read, and has a value that is accepted', isUnderstood(programs, secretValue)],
    ['secrets come from Secrets', secretsComeFromSecrets],
    ['a service knows its own secrets only', knowsItsOwnSecrets],
    ['a service changes no table, and its owner is the setup step', changesNoTable],
    ['a service comes as its own user, which the setup step makes', comesAsItsOwnUser],
    ['the network lets through what is needed, and nothing else', followsTheArrows],
    ...(name === 'production'
      ? ([
          ['Deployments scale with their load', scaling.scalesWithItsLoad],
          ['every queue counts', scaling.scalesByEveryQueue],
          ['every secret is fetched', everySecretIsFetched],
          ['every process is monitored', everyProcessIsMonitored(metricsPath)],
          ['what was confirmed outlives a machine', keepsWhatItConfirmed],
        ] as const)
      : []),
  ])('%s', (_promise, policy) => {
    expect(policy(resources)).toEqual([]);
  });
});

describe('a policy refuses', () => {
  test.each([
    ...rolloutViolations,
    ...podViolations,
    ...scalingViolations,
    ...configurationViolations,
    ...networkViolations,
  ])('%s', (_what, policy, resources, sentence) => {
    expect(policy(resources)).toContain(sentence);
  });
});

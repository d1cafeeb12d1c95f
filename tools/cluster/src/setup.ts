import { ConfigurationError } from '@quadrille/service-host';
import { prepareServers } from './setup/prepare-servers.js';
import { planOf, SetupConfiguration } from './setup/setup-configuration.js';

// The image `quadrille/setup`, for Docker Compose and Kubernetes, and `npm run setup`: makes the databases, roles and broker users that
// the services' URLs name, migrates, and declares the broker's topology. Run it before every deployment, or at any time.
try {
  await prepareServers(planOf(new SetupConfiguration()));
  process.stdout.write('Databases, broker users and topology are ready.\n');
} catch (error) {
  const words = error instanceof ConfigurationError ? error.message : (error as Error).stack;
  process.stderr.write(`setup: ${words}\n`);
  process.exitCode = 1;
}

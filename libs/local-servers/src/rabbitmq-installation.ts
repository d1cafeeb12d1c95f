import { execFile } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, realpathSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { installRabbitMqPackage } from './rabbitmq-package.js';

/** What a private RabbitMQ can be started from on this machine. */
export type RabbitMqInstallation =
  | {
      readonly kind: 'package';
      /** The launcher in the package's own directory: the one in PATH may be a wrapper that changes the user. */
      readonly launcher: string;
      readonly epmd: string;
    }
  | { readonly kind: 'docker' };

/**
 * Finds RabbitMQ on this machine, and as root on Debian or Ubuntu installs its package first. Where neither is possible one
 * Docker container will do. `step` shows the installation, which takes a minute. Throws one sentence with the line that mends it when nothing is.
 */
export async function ensureRabbitMqInstalled(
  step: (title: string, work: () => Promise<void>) => Promise<void> = (_title, work) => work(),
): Promise<RabbitMqInstallation> {
  const found = findRabbitMq();
  if (found) return found;
  if (process.getuid?.() === 0 && isDebianLike() && inPath('apt-get')) {
    await step('package rabbitmq-server (apt-get)', () => installRabbitMqPackage());
    const installed = findRabbitMq();
    if (installed) return installed;
  }
  if (await dockerAnswers()) return { kind: 'docker' };
  throw new Error(
    isDebianLike()
      ? 'RabbitMQ is missing; install it with `sudo apt-get install -y --no-install-recommends rabbitmq-server`, or set AMQP_URL.'
      : 'RabbitMQ is missing; install `rabbitmq-server` with the package manager of this system (macOS: `brew install rabbitmq`), start Docker, or set AMQP_URL.',
  );
}

function findRabbitMq(): RabbitMqInstallation | undefined {
  const launcher = [...debianLaunchers(), inPath('rabbitmq-server')].find((path) => path !== undefined);
  const epmd = [inPath('epmd'), ...bundledEpmds()].find((path) => path !== undefined);
  return launcher && epmd ? { kind: 'package', launcher: realpathSync(launcher), epmd } : undefined;
}

function debianLaunchers(): string[] {
  const library = '/usr/lib/rabbitmq/lib';
  if (!existsSync(library)) return [];
  return readdirSync(library)
    .filter((name) => name.startsWith('rabbitmq_server-'))
    .sort((a, b) => b.localeCompare(a, undefined, { numeric: true }))
    .map((name) => join(library, name, 'sbin', 'rabbitmq-server'))
    .filter(existsSync);
}

/** Erlang keeps epmd beside its own runtime when the system does not put it in PATH. */
function bundledEpmds(): string[] {
  return ['/usr/lib/erlang', '/usr/local/lib/erlang', '/opt/homebrew/lib/erlang']
    .filter(existsSync)
    .flatMap((root) => readdirSync(root).map((name) => join(root, name, 'bin', 'epmd')))
    .filter(existsSync);
}

function inPath(program: string): string | undefined {
  return [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/sbin']
    .filter((directory) => directory !== '')
    .map((directory) => join(directory, program))
    .find(existsSync);
}

function isDebianLike(): boolean {
  const release = '/etc/os-release';
  return existsSync(release) && /^ID(_LIKE)?=.*\b(debian|ubuntu)\b/m.test(readFileSync(release, 'utf8'));
}

async function dockerAnswers(): Promise<boolean> {
  try {
    await promisify(execFile)('docker', ['info', '--format', '{{.ServerVersion}}'], { timeout: 10_000 });
    return true;
  } catch {
    return false; // No client, or no daemon behind it: either way there is no container to be had.
  }
}

import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { root, run, StepFailed } from '../bootstrap.mjs';
import { unpackDebian } from './debian.mjs';
import { place } from './machine.mjs';

/**
 * What stands in for an official image: a Debian with packages, and a Dockerfile in `stand-ins/` that gives it the user, the
 * variables and the entry point of the official one.
 */
const standIns = {
  node: { suite: 'bookworm', packages: ['ca-certificates'], complete: nodeFromNpm },
  postgres: {
    suite: 'trixie',
    packages: ['postgresql-17'],
    // The package makes a database while it is installed.
    hooks: ['rm -rf "$1"/var/lib/postgresql/17 "$1"/etc/postgresql/17'],
  },
  rabbitmq: { suite: 'trixie', packages: ['rabbitmq-server'] },
};

/**
 * Makes an image for each that Dockerfile and docker-compose.yml would pull, under the very name that they use. Resolves with the
 * one that services are built on.
 */
export async function makeStandIns(machine, services, progress) {
  const bases = baseImages();
  for (const image of new Set([...bases, ...serverImages(services)])) {
    const [name, tag] = image.split(':');
    if (!standIns[name]) throw new StepFailed(`Nothing stands in for ${image}; see tools/compose/stand-ins.mjs.`);
    await progress.step(`a stand-in for ${image}`, () => makeStandIn(machine, name, tag));
  }
  return { base: bases.at(-1) };
}

function baseImages() {
  const dockerfile = readFileSync(join(root, 'Dockerfile'), 'utf8');
  const defaults = new Map([...dockerfile.matchAll(/^ARG (\w+)=(\S+)$/gm)].map(([, name, value]) => [name, value]));
  return [...dockerfile.matchAll(/^FROM (\S+)/gm)].map(([, image]) =>
    image.replace(/\$\{(\w+)\}/g, (_text, name) => defaults.get(name)),
  );
}

function serverImages(services) {
  return Object.values(services).flatMap(({ image, build }) => (build ? [] : [image]));
}

async function makeStandIn(machine, name, tag) {
  const { suite, packages, hooks = [], complete } = standIns[name];
  const definition = [suite, packages, hooks, complete ? [String(complete), tag] : []];
  const hash = createHash('sha256').update(JSON.stringify(definition)).digest('hex').slice(0, 12);
  const debian = `quadrille-debian-${name}:${hash}`;
  if ((await machine.output('docker', 'images', '--quiet', debian)) === '') {
    const tar = join(place, `${name}.tar`);
    const allHooks = [...hooks, ...((await complete?.(tag)) ?? [])];
    await unpackDebian(suite, tar, { variant: 'minbase', packages, hooks: allHooks }, `compose-${name}`);
    await run(...machine.command('docker', 'import', inTheMachine(tar), debian), `compose-${name}-import`);
    rmSync(tar);
  }
  const dockerfile = inTheMachine(join(root, 'tools/compose/stand-ins', name));
  const build = ['docker', 'build', '--build-arg', `DEBIAN=${debian}`, '--tag', `${name}:${tag}`, dockerfile];
  await run(...machine.command(...build), `compose-${name}-build`);
}

/** Debian's Node is an older one; the registry has the very version that is asked for. */
async function nodeFromNpm(tag) {
  const directory = join(place, 'node');
  rmSync(directory, { recursive: true, force: true });
  mkdirSync(join(directory, 'etc'), { recursive: true });
  const [major] = tag.split('-');
  const node = `node-linux-${process.arch}`;
  await run('npm', ['install', '--global', `--prefix=${directory}`, `${node}@${major}`, 'npm@11'], 'compose-node-npm');
  // Node says where it is, and npm looks for its settings there.
  renameSync(join(directory, 'lib/node_modules', node, 'bin/node'), join(directory, 'bin/node'));
  rmSync(join(directory, 'lib/node_modules', node), { recursive: true });
  // Whom this machine trusts, a proxy of its own perhaps, npm trusts inside too.
  writeFileSync(join(directory, 'etc/npmrc'), 'cafile=/etc/ssl/certs/ca-certificates.crt\n');
  return ['copy-in /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs', `sync-in ${directory} /usr/local`];
}

function inTheMachine(path) {
  return join('/quadrille', relative(root, path));
}

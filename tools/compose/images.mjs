import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root, StepFailed } from '../bootstrap.mjs';

/**
 * Looks what is in each service's image, which is one program made of production dependencies, and resolves with lines that
 * tell the sizes: unpacked on a disk, and compressed as a registry holds it.
 */
export async function examine(machine, services) {
  const lines = [];
  for (const [name, { image, build }] of Object.entries(services)) {
    if (!build) continue;
    const inside = (command) =>
      machine.output('sh', '-c', `docker run --rm --network=none --entrypoint= ${image} ${command}`);
    const packages = productionPackages(image, await inside('cat main.mjs.map'));
    refuseStrangers(image, await inside('find . -type f'));
    const [unpacked, compressed] = [await inside('tar -c . | wc -c'), await inside('tar -c . | gzip | wc -c')];
    const whole = await machine.output('docker', 'image', 'inspect', '--format', '{{.Size}}', image);
    lines.push(
      `  ${name.padEnd(18)} ${megabytes(whole)} unpacked, of which ${megabytes(unpacked)} are its own, ` +
        `${megabytes(compressed)} compressed; ${packages} packages in it`,
    );
  }
  return lines;
}

/** Beside the program there is its source map, and what a browser asks for at /docs. */
function refuseStrangers(image, listing) {
  const strangers = listing.split('\n').filter((file) => !/^\.\/(main\.mjs(\.map)?|swagger-ui\/[\w.-]+)$/.test(file));
  if (strangers.length > 0)
    throw new StepFailed(`${image} has more in it than a program: ${strangers.slice(0, 5).join(', ')}.`);
}

/** The source map names every file that went into the program; the lock file knows what is there for development only. */
function productionPackages(image, sourceMap) {
  const { packages } = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'));
  const places = JSON.parse(sourceMap).sources.flatMap((file) => {
    const [place] = /node_modules\/.*node_modules\/(@[^/]+\/)?[^/]+|node_modules\/(@[^/]+\/)?[^/]+/.exec(file) ?? [];
    return place ?? [];
  });
  const found = [...new Set(places)];
  const wrong = found.filter((place) => packages[place] === undefined || packages[place].dev);
  if (wrong.length > 0) throw new StepFailed(`${image} holds what is no production dependency: ${wrong.join(', ')}.`);
  return found.length;
}

function megabytes(bytes) {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}

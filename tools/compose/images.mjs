import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root, StepFailed } from '../bootstrap.mjs';

/**
 * Looks what is in each service's image, which is one program made of production dependencies, and resolves with a table of the
 * sizes: unpacked on a disk, and compressed as a registry holds it.
 */
export async function examine(machine, services, base) {
  const output = (command) => machine.output('sh', '-c', command);
  const size = async (command) => ({
    unpacked: Number(await output(`${command} | wc -c`)),
    compressed: Number(await output(`${command} | gzip | wc -c`)),
  });
  const ofBase = await size(`docker save ${base}`);
  const lines = [line('image', 'unpacked', 'compressed'), line(base, ofBase.unpacked, ofBase.compressed, 'a stand-in')];
  for (const { image, build } of Object.values(services)) {
    if (!build) continue;
    const inside = `docker run --rm --network=none --entrypoint= ${image}`;
    refuseStrangers(image, await output(`${inside} find . -type f`));
    const packages = productionPackages(image, await output(`${inside} cat main.mjs.map`));
    const own = await size(`${inside} tar -c .`);
    const of = `${megabytes(own.unpacked)} and ${megabytes(own.compressed)} of it its own, from ${packages} packages`;
    lines.push(line(image, ofBase.unpacked + own.unpacked, ofBase.compressed + own.compressed, of));
  }
  return lines;
}

function line(image, unpacked, compressed, note = '') {
  const columns = [unpacked, compressed].map((size) =>
    (typeof size === 'number' ? megabytes(size) : size).padStart(12),
  );
  return `  ${image.padEnd(28)}${columns.join('')}   ${note}`.trimEnd();
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

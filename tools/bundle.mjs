import { build } from 'esbuild';
import { cpSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire, isBuiltin } from 'node:module';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

// `node tools/bundle.mjs apps/order/dist/main.js dist/order`: a built program with everything it imports as one file, main.mjs,
// which needs Node and nothing else. docs/decisions/0006-services-start-from-one-file.md says why.
const root = fileURLToPath(new URL('..', import.meta.url));

/** Packages that libraries of ours could use and that no program of ours asks for; whoever does must take them from here. */
const leftOut = [
  '@fastify/multipart',
  '@fastify/static',
  '@fastify/view',
  '@nats-io/transport-node',
  '@nestjs/platform-express',
  '@nestjs/websockets',
  'amqp-connection-manager',
  'class-transformer',
  'class-validator',
  'file-type',
  'ioredis',
  'kafkajs',
  'mqtt',
  'pg-native',
];

/** Files that are loaded whether they are used or not, with what stands in for them: a sixth of the text. */
const standIns = [
  {
    // TypeORM's drivers of other databases, each in a directory of its own.
    files:
      /\/typeorm\/driver\/(aurora-\w+|better-sqlite3|capacitor|cockroachdb|cordova|expo|mongodb|mysql|nativescript|oracle|react-native|sap|spanner|sqlite-abstract|sqljs|sqlserver)\/.*\.js$/,
    contents: '',
  },
  {
    // What zod says in some fifty languages.
    files: /\/zod\/v4\/locales\/index\.js$/,
    contents: `export { default as en } from './en.js';`,
  },
];

/** Names that CommonJS modules know by themselves. */
const commonJsNames = `
import { createRequire as $createRequire } from 'node:module';
import { dirname as $dirname } from 'node:path';
import { fileURLToPath as $fileURLToPath } from 'node:url';
const require = $createRequire(import.meta.url), __filename = $fileURLToPath(import.meta.url), __dirname = $dirname(__filename);
`;

/** Writes the bundle, unless anything is left open: then it throws with a sentence for each. */
async function bundle(entryPoint, directory) {
  const { errors, warnings, metafile, outputFiles } = await build({
    absWorkingDir: root,
    entryPoints: [entryPoint],
    outfile: join(directory, 'main.mjs'),
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    external: leftOut.flatMap((name) => [name, `${name}/*`]),
    banner: { js: commonJsNames.trim() },
    plugins: [{ name: 'stand-ins', setup: useStandIns }],
    // Migrations, entities and errors go by the names of their classes, and two packages may use the same one.
    keepNames: true,
    // Lines stay as they were written, each file under its name, so that a stack trace can be read without the source map: Node
    // reads that at the start when it runs with --enable-source-maps, and then needs almost twice the CPU time to be ready.
    minify: false,
    sourcemap: true,
    sourcesContent: false,
    legalComments: 'none',
    metafile: true,
    write: false,
    logLevel: 'silent',
  }).catch((failure) => ({ errors: failure.errors ?? [{ text: failure.message }], warnings: [] }));

  const problems = [...errors, ...warnings].map(({ text, location }) => `${location?.file ?? entryPoint}: ${text}.`);
  if (metafile) problems.push(...openImports(metafile), ...twice(metafile));
  if (problems.length > 0) throw new Error(problems.join('\n'));
  mkdirSync(directory, { recursive: true });
  for (const { path, text } of outputFiles) replaceFile(path, inAscii(withoutNeedlessNames(text)));
  if (Object.keys(metafile.inputs).some((file) => file.endsWith('/http/api-docs.js'))) copySwaggerUi(directory);
}

/** In one step: a system that runs may start a process from it at any moment. */
function replaceFile(path, contents) {
  const draft = `${path}.${process.pid}`;
  writeFileSync(draft, contents);
  renameSync(draft, path);
}

/**
 * `keepNames` has each function named again whenever it is made, a fortieth of a busy service's time. Where the language gives
 * that name by itself, to a declaration and to what a variable is initialised with, the call is left out; every line stays a line.
 */
function withoutNeedlessNames(text) {
  const lines = text.split('\n');
  for (const [at, line] of lines.entries()) {
    const [, declared, name] = /^ *__name\(([\w$]+), "([^"]+)"\);$/.exec(line) ?? [];
    if (declared !== undefined && declared === name) lines[at] = '';
    const [, indent, variable, start] =
      /^( *)(?:const|let|var) ([\w$]+) = \/\* @__PURE__ \*\/ __name\((.*)$/.exec(line) ?? [];
    if (variable === undefined) continue;
    const end = `, "${variable}");`;
    let last = at;
    if (!start.endsWith(end)) {
      // The first line that is not further in ends the function.
      do last += 1;
      while (lines[last] === '' || lines[last]?.startsWith(`${indent} `));
      if (lines[last] !== `${indent}}${end}`) continue;
    }
    lines[last] = `${lines[last].slice(0, -end.length)};`;
    lines[at] = lines[at].replace('/* @__PURE__ */ __name(', '');
  }
  return lines.join('\n');
}

/** V8 keeps and reads a text of ASCII at half the size; a dash in one comment would double it. */
function inAscii(text) {
  return text.replace(/[^\0-\x7f]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

function useStandIns(build) {
  for (const { files, contents } of standIns) build.onLoad({ filter: files }, () => ({ contents, loader: 'js' }));
}

/** As esbuild's account calls functions that it adds. */
const ownHelpers = '<runtime>';

/** Imports that would be looked for beside the bundle when it runs. */
function openImports({ inputs }) {
  const isLeftOut = (path) => leftOut.some((name) => path === name || path.startsWith(`${name}/`));
  return Object.entries(inputs).flatMap(([file, { imports }]) =>
    imports
      .filter(({ path, external }) => external && path !== ownHelpers && !isBuiltin(path) && !isLeftOut(path))
      .map(({ path }) => `${file} imports ${path}, which is not there. Install it, or name it in tools/bundle.mjs.`),
  );
}

/** Packages whose classes, symbols and registries are told apart by identity. */
const singletons = /^(@nestjs\/.+|@opentelemetry\/.+|amqplib|pg|reflect-metadata|rxjs|typeorm|zod)$/;

/** Singletons that would be loaded from two places, or as an ES module and by `require` too. */
function twice({ inputs }) {
  const builds = new Map();
  for (const [file, { format }] of Object.entries(inputs)) {
    const [place, name] = /^.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(file) ?? [];
    if (!singletons.test(name)) continue;
    const build = `${place} (${format})`;
    builds.set(name, new Map(builds.get(name)).set(build, (builds.get(name)?.get(build) ?? 0) + 1));
  }
  return [...builds].flatMap(([name, files]) => {
    // One ES module may wrap a package that is CommonJS otherwise.
    const found = [...files].filter(([build, count]) => count > 1 && !build.endsWith('(undefined)'));
    return found.length > 1 ? [`${name} is in it twice: ${found.map(([build]) => build).join(', ')}.`] : [];
  });
}

/** Two files that a browser asks for, from the package that `libs/service-host` takes them from. */
function copySwaggerUi(directory) {
  const nestSwagger = createRequire(join(root, 'libs/service-host/package.json')).resolve('@nestjs/swagger');
  for (const file of ['swagger-ui.css', 'swagger-ui-bundle.js'])
    cpSync(createRequire(nestSwagger).resolve(`swagger-ui-dist/${file}`), join(directory, 'swagger-ui', file));
}

const [entryPoint, target] = process.argv.slice(2);
if (entryPoint === undefined || target === undefined) {
  console.error('Usage: node tools/bundle.mjs <built program> <directory>');
  process.exit(2);
}
const directory = resolve(root, target);
try {
  await bundle(entryPoint, directory);
} catch (error) {
  rmSync(directory, { recursive: true, force: true }); // No bundle is better than one of another day.
  console.error(`${entryPoint} cannot be bundled.\n${error.message}`);
  process.exit(1);
}

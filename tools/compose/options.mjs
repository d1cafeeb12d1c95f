import { parseArgs } from 'node:util';

export const help = `npm run compose:rehearse                 brings docker-compose.yml up and crashes one container of each kind;
                                         then runs the same images as k8s/overlays/local says, and stops each under orders
npm run compose:rehearse -- --drains 5   stops each pod so many times, instead of once
npm run compose:rehearse -- --only pods  does one half of it: compose or pods
npm run compose:rehearse -- --clean      removes what rehearsals keep: Debian 13 with Docker Engine, stand-ins, layers
npm run compose:rehearse -- --help       says this

It needs root on Linux, Debian's or Ubuntu's packages, the npm registry, and about 4 GB under .quadrille/compose/, most of which
a second run uses again. A Docker that runs on this machine is neither needed nor touched: Debian 13's Docker Engine and Compose run
in namespaces of their own (mounts, processes, network), and end with this command, however that ends.

No image is pulled. Debian's packages and Node from the npm registry stand in for the images that Dockerfile and
docker-compose.yml name. So it shows that the files fit together and that the system stands crashes under Docker;
it does not show that the official images behave as their stand-ins.

DEBIAN_MIRROR names another mirror than http://deb.debian.org/debian. Logs lie under .quadrille/logs/.
Exit code: 0 when every rule holds, 1 when not, 2 for a wrong command line, 130 when it was stopped.
`;

/** The options of `npm run compose:rehearse`, or one sentence on what is wrong with them. */
export function parseOptions(args) {
  try {
    const { values } = parseArgs({
      args,
      options: {
        clean: { type: 'boolean', default: false },
        only: { type: 'string' },
        drains: { type: 'string', default: '1' },
        help: { type: 'boolean', short: 'h', default: false },
      },
    });
    if (![undefined, 'compose', 'pods'].includes(values.only))
      return { problem: `--only must be compose or pods, not "${values.only}".` };
    const drains = Number(values.drains);
    if (!Number.isInteger(drains) || drains < 1)
      return { problem: `--drains must be a whole number of at least 1, not "${values.drains}".` };
    return { ...values, drains };
  } catch (error) {
    return { problem: `${error.message.split('. ')[0]}. Try \`npm run compose:rehearse -- --help\`.` };
  }
}

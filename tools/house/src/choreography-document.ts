import { catalogue, definitionOf, services, type PublicEventType, type ServiceName } from '@quadrille/contracts';

/** What the picture needs of a choreography table. */
export interface Part {
  readonly service: ServiceName;
  readonly reactsTo: Readonly<Partial<Record<PublicEventType, unknown>>>;
  readonly announces: readonly PublicEventType[];
  readonly deferrable?: readonly PublicEventType[];
}

/** `docs/choreography.md`: who announces what and who listens, as a table and a picture. */
export function choreographyDocument(parts: readonly Part[]): string {
  const listeners = (type: PublicEventType) => parts.filter((part) => part.reactsTo[type]).map((part) => part.service);
  const rows = catalogue.map(
    ({ type, name, owner, summary }) =>
      `| \`${type}\` | ${name} | ${owner} | ${listeners(type).join(', ')} | ${summary} |`,
  );
  const arrows = parts.flatMap((from) =>
    parts.flatMap((to) => {
      const names = from.announces.filter((type) => to.reactsTo[type]).map((type) => definitionOf(type)?.name ?? type);
      return names.length === 0
        ? []
        : [`  ${from.service} -- "${[...new Set(names)].join('<br/>')}" --> ${to.service}`];
    }),
  );
  return `<!-- Generated from the choreography tables by \`npm run docs:choreography\`. Do not edit: a test fails when it is stale. -->

# Who announces what, and who listens

Nobody commands anybody: each service announces what happened to what it owns, and decides for itself what the others' facts mean.

\`\`\`mermaid
flowchart LR
${services.map((service) => `  ${service}([${service}])`).join('\n')}
${arrows.join('\n')}
\`\`\`

| type | event | announced by | heard by | meaning |
| --- | --- | --- | --- | --- |
${rows.join('\n')}

## What each service hears

${parts.map(hears).join('\n\n')}
`;
}

function hears(part: Part): string {
  const heard = catalogue.filter(({ type }) => part.reactsTo[type]).map(({ name, owner }) => `${name} (${owner})`);
  return `- **${part.service}** hears ${heard.join(', ')}.`;
}

/** Every disagreement between the tables and the catalogue, each a sentence. */
export function disagreements(parts: readonly Part[]): string[] {
  const heard = (type: PublicEventType) => parts.some((part) => part.reactsTo[type]);
  const announced = (type: PublicEventType) => parts.some((part) => part.announces.includes(type));
  return [
    ...catalogue.filter(({ type }) => !heard(type)).map(({ type }) => `${type} has no listener`),
    ...catalogue.filter(({ type }) => !announced(type)).map(({ type }) => `${type} has no announcer`),
    ...parts.flatMap(({ service, announces }) =>
      announces
        .filter((type) => definitionOf(type)?.owner !== service)
        .map((type) => `${service} announces ${type}, which belongs to ${definitionOf(type)?.owner ?? 'nobody'}`),
    ),
    ...parts.flatMap(({ service, reactsTo, deferrable = [] }) =>
      deferrable.filter((type) => !reactsTo[type]).map((type) => `${service} defers ${type}, which it does not hear`),
    ),
  ];
}

/** The part of JSON Schema that `z.toJSONSchema` produces for our events. */
export interface JsonSchema {
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly items?: JsonSchema;
  readonly enum?: readonly unknown[];
  readonly [keyword: string]: unknown;
}

export interface Released {
  readonly type: string;
  readonly owner: string;
  readonly summary: string;
  readonly schema: JsonSchema;
}

export interface Change {
  readonly type: string;
  readonly path: string;
  readonly why: string;
  readonly instead: string;
}

const newVersion = 'leave this version as it was and add a new one beside it (see docs/recipes.md)';

/**
 * What would break somebody if `now` were announced instead of `before`. Two kinds of readers count: today's services,
 * which may be older than the announcer, and tomorrow's, which read events that were stored long ago. Hence the only change
 * that passes within a version is a new optional field, at any depth.
 */
export function breakingChanges(before: readonly Released[], now: readonly Released[]): Change[] {
  return before.flatMap((old) => {
    const next = now.find(({ type }) => type === old.type);
    if (!next)
      return [
        {
          type: old.type,
          path: '',
          why: 'the version is gone, but stored events and running readers still have it',
          instead:
            'keep it; when no queue binds it any more, retire it by deleting its file under libs/contracts/released',
        },
      ];
    const meaning: Change[] = [];
    if (next.owner !== old.owner)
      meaning.push({
        type: old.type,
        path: '',
        why: `the owner changed from ${old.owner} to ${next.owner}`,
        instead: newVersion,
      });
    if (next.summary !== old.summary)
      meaning.push({
        type: old.type,
        path: '',
        why: 'its meaning (the summary) changed without a new version',
        instead: `${newVersion}; if only the wording changed, say so with --reworded ${old.type}`,
      });
    return [
      ...meaning,
      ...schemaChanges(old.schema, next.schema, 'data').map((change) => ({ type: old.type, ...change })),
    ];
  });
}

type SchemaChange = Omit<Change, 'type'>;

function schemaChanges(before: JsonSchema, now: JsonSchema, path: string): SchemaChange[] {
  return [
    ...fieldChanges(before, now, path),
    ...(before.items && now.items ? schemaChanges(before.items, now.items, `${path}[]`) : []),
    ...enumChanges(before, now, path),
    ...keywordChanges(before, now, path),
  ];
}

function fieldChanges(before: JsonSchema, now: JsonSchema, path: string): SchemaChange[] {
  const old = before.properties ?? {};
  const next = now.properties ?? {};
  const required = (schema: JsonSchema, name: string) => schema.required?.includes(name) ?? false;
  const changes: SchemaChange[] = [];
  for (const [name, schema] of Object.entries(old)) {
    const here = `${path}.${name}`;
    const successor = next[name];
    if (!successor) {
      changes.push({ path: here, why: 'the field was removed, but readers may need it', instead: newVersion });
      continue;
    }
    if (!required(before, name) && required(now, name))
      changes.push({
        path: here,
        why: 'the field became required, but stored events may lack it',
        instead: 'keep it optional, or ' + newVersion,
      });
    if (required(before, name) && !required(now, name))
      changes.push({
        path: here,
        why: 'the field became optional, but running readers require it',
        instead: newVersion,
      });
    changes.push(...schemaChanges(schema, successor, here));
  }
  for (const name of Object.keys(next))
    if (!old[name] && required(now, name))
      changes.push({
        path: `${path}.${name}`,
        why: 'a required field was added, but stored events lack it',
        instead: 'make it optional, or ' + newVersion,
      });
  return changes;
}

function enumChanges(before: JsonSchema, now: JsonSchema, path: string): SchemaChange[] {
  if (!before.enum || !now.enum) return [];
  const removed = before.enum.filter((value) => !now.enum?.includes(value));
  const added = now.enum.filter((value) => !before.enum?.includes(value));
  return [
    ...removed.map((value) => ({
      path,
      why: `the value ${JSON.stringify(value)} was removed, but stored events may hold it`,
      instead: newVersion,
    })),
    ...added.map((value) => ({
      path,
      why: `the value ${JSON.stringify(value)} was added, but running readers refuse it`,
      instead: newVersion,
    })),
  ];
}

const walked = new Set(['properties', 'required', 'items', 'enum', 'description', 'title', '$schema']);

function keywordChanges(before: JsonSchema, now: JsonSchema, path: string): SchemaChange[] {
  const keywords = new Set([...Object.keys(before), ...Object.keys(now)].filter((keyword) => !walked.has(keyword)));
  const changed = [...keywords].filter((keyword) => JSON.stringify(before[keyword]) !== JSON.stringify(now[keyword]));
  if (Boolean(before.enum) !== Boolean(now.enum)) changed.push('enum');
  if (Boolean(before.items) !== Boolean(now.items)) changed.push('items');
  return changed.map((keyword) => ({
    path,
    why: `${keyword} changed from ${JSON.stringify(before[keyword])} to ${JSON.stringify(now[keyword])}: narrower breaks stored events, wider breaks running readers`,
    instead: newVersion,
  }));
}

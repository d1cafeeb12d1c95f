import { z } from 'zod';

/** The variables of a process, as `process.env` holds them. */
export type Variables = Readonly<Record<string, string | undefined>>;

/** What a configuration class is made of: a schema for each variable's text. */
export type Shape = Readonly<Record<string, z.ZodType>>;

export interface ConfigurationClass<Values = unknown> {
  readonly shape: Shape;
  /** Reads and checks the variables; throws a `ConfigurationError`. */
  new (variables?: Variables): Values;
}

/** A missing or wrong variable. The message is one sentence for the person who starts the service. */
export class ConfigurationError extends Error {
  override readonly name = 'ConfigurationError';
}

/**
 * A configuration class whose instances have one parsed value a variable: extend it, and inject the subclass.
 * An empty variable counts as missing. Values of secrets never enter an error's message.
 */
export function environmentOf<const S extends Shape>(shape: S): ConfigurationClass<z.infer<z.ZodObject<S>>> {
  const schema = z.object(shape);
  // eslint-disable-next-line @typescript-eslint/no-extraneous-class -- its members are the parsed variables, known to types only
  return class {
    static readonly shape = shape;

    constructor(variables: Variables = process.env) {
      const given = Object.fromEntries(Object.keys(shape).map((name) => [name, variables[name] || undefined]));
      const parsed = schema.safeParse(given);
      if (!parsed.success) throw new ConfigurationError(sentence(parsed.error.issues, shape, given));
      Object.assign(this, parsed.data);
    }
  } as unknown as ConfigurationClass<z.infer<z.ZodObject<S>>>;
}

function sentence(issues: readonly z.core.$ZodIssue[], shape: Shape, given: Variables): string {
  const faults = issues.map((issue) => {
    const name = String(issue.path[0]);
    const value = given[name];
    if (value === undefined) return `${name} is missing`;
    const secret = shape[name] && metaOf(shape[name])['secret'] === true;
    return `${name} ${issue.message}${secret ? '' : `, but is ${JSON.stringify(value)}`}`;
  });
  return `${faults.join('; ')}.`;
}

export interface VariableDescription {
  readonly name: string;
  readonly description: string;
  readonly required: boolean;
  /** The value used when the variable is missing, as one would write it. */
  readonly default: string | undefined;
  readonly secret: boolean;
}

/** Every variable of a configuration class, for a table in the documentation. */
export function describeConfiguration(configuration: ConfigurationClass): VariableDescription[] {
  return Object.entries(configuration.shape).map(([name, schema]) => {
    const fallback = schema instanceof z.ZodDefault ? (schema.def.defaultValue as unknown) : undefined;
    return {
      name,
      description: String(metaOf(schema)['description'] ?? ''),
      required: !schema.safeParse(undefined).success,
      default: fallback === undefined ? undefined : String(fallback),
      secret: metaOf(schema)['secret'] === true,
    };
  });
}

/** What `describe` and `meta` said of a schema or, where it is wrapped in a default, of the schema inside. */
function metaOf(schema: z.ZodType): Readonly<Record<string, unknown>> {
  const inner = schema instanceof z.ZodDefault || schema instanceof z.ZodOptional ? schema.def.innerType : undefined;
  return { ...(inner ? metaOf(inner as z.ZodType) : {}), ...schema.meta() };
}

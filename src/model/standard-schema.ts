/**
 * A schema of any library that follows Standard Schema 1, such as zod, valibot and arktype. Written after `StandardSchemaV1` of
 * https://standardschema.dev (which invites to copy it), as far as PocketMQ uses it, so that our declarations depend on no package.
 * @public
 * @since 0.2.0
 */
export interface StandardSchema<Input = unknown, Output = Input> {
  /** Where a library offers the standard. */
  readonly '~standard': StandardSchemaProps<Input, Output>;
}

/**
 * What a library offers of a schema.
 * @public
 * @since 0.2.0
 */
export interface StandardSchemaProps<Input = unknown, Output = Input> {
  /** The version of the standard. */
  readonly version: 1;
  /** The name of the library. */
  readonly vendor: string;
  /** What the schema takes and what it makes of it; for the compiler only. */
  readonly types?: StandardSchemaTypes<Input, Output> | undefined;
  /** Answers the output, or what is wrong with the value; at once or later. */
  readonly validate: (value: unknown) => StandardSchemaResult<Output> | Promise<StandardSchemaResult<Output>>;
}

/**
 * The types of a schema.
 * @public
 * @since 0.2.0
 */
export interface StandardSchemaTypes<Input = unknown, Output = Input> {
  /** What it takes. */
  readonly input: Input;
  /** What it makes of it. */
  readonly output: Output;
}

/**
 * What a schema answers: a value without issues is a success.
 * @public
 * @since 0.2.0
 */
export type StandardSchemaResult<Output> =
  | {
      /** What the schema made of its input. */
      readonly value: Output;
      /** Absent in a success. */
      readonly issues?: undefined;
    }
  | {
      /** What is wrong. */
      readonly issues: readonly StandardSchemaIssue[];
    };

/**
 * One thing that is wrong with a value.
 * @public
 * @since 0.2.0
 */
export interface StandardSchemaIssue {
  /** What is wrong, for people. */
  readonly message: string;
  /** Where: the keys from the value down to its part. */
  readonly path?: readonly (PropertyKey | StandardSchemaPathSegment)[] | undefined;
}

/**
 * A part of a path, where a library says more of it than its key.
 * @public
 * @since 0.2.0
 */
export interface StandardSchemaPathSegment {
  /** The key. */
  readonly key: PropertyKey;
}

/**
 * What a schema takes.
 * @public
 * @since 0.2.0
 */
export type SchemaInput<Schema extends StandardSchema> = NonNullable<Schema['~standard']['types']>['input'];

/**
 * What a schema makes of its input.
 * @public
 * @since 0.2.0
 */
export type SchemaOutput<Schema extends StandardSchema> = NonNullable<Schema['~standard']['types']>['output'];

import { readFileSync } from "node:fs";
import { Ajv, type AnySchemaObject, type ValidateFunction } from "ajv";

export type SchemaName = "kubevirt" | "kubernetes-service" | "nomad-job" | "nomad-qemu" | "compose";

const compiled = new Map<string, ValidateFunction>();

// Unknown keywords (OpenAPI's) and formats are ignored: they say nothing that a misspelt field breaks.
const ajv = new Ajv({ allErrors: true, strict: false, validateFormats: false });

function validator(schema: SchemaName, definition: string | undefined): ValidateFunction {
  const key = `${schema}#${definition ?? ""}`;
  let validate = compiled.get(key);
  if (validate === undefined) {
    const file = new URL(`schemas/${schema}.json`, import.meta.url);
    // Compose's "$schema" has an address that ajv does not know, though it is draft-07 too. Without "$id",
    // one schema can be compiled for several definitions.
    const { $schema: _, $id: __, ...whole }: AnySchemaObject = JSON.parse(readFileSync(file, "utf8"));
    const part = { $ref: `#/definitions/${definition}`, definitions: whole.definitions };
    validate = ajv.compile(definition === undefined ? whole : part);
    compiled.set(key, validate);
  }
  return validate;
}

/**
 * What a published schema finds wrong with `value`: lines "path: message", none if it is valid. `definition`
 * is a name below the schema's "definitions"; without one, the schema's root is meant, which is
 * `v1.VirtualMachine` for kubevirt, `Service`, `Job`, the task's `config`, and a whole compose file. Throws if
 * there is no such definition.
 */
export function faults(schema: SchemaName, definition: string | undefined, value: unknown): string[] {
  const validate = validator(schema, definition);
  if (validate(value)) return [];
  return validate.errors!.map(({ instancePath, message, params }) => {
    const detail = params.additionalProperty ?? params.allowedValues?.join(", ");
    return `${instancePath || "/"}: ${message}${detail === undefined ? "" : ` (${detail})`}`;
  });
}

import { yamlText } from "../../crds/schema/yaml.ts";

/** JSON Schema of the chart's values: a section if it has `properties`, else a value with a default. */
export interface ValueSchema {
  readonly description?: string;
  readonly default?: unknown;
  readonly type?: string;
  readonly enum?: readonly unknown[];
  readonly properties?: Readonly<Record<string, ValueSchema>>;
}

/** The text of values.yaml: every value with its default, below its description. */
export function valuesYaml(schema: ValueSchema): string {
  return members(schema)
    .map(([name, member]) => block(name, member, 0))
    .join("\n");
}

function block(name: string, schema: ValueSchema, depth: number): string {
  const indent = "  ".repeat(depth);
  const comment = `${indent}# ${schema.description ?? ""}\n`;
  if (!isSection(schema)) return comment + indented(yamlText({ [name]: schema.default }), indent);
  const inner = members(schema).map(([member, value]) => block(member, value, depth + 1));
  return `${comment}${indent}${name}:\n${inner.join("")}`;
}

/** Rows of a Markdown table: value, default, meaning. */
export function valueRows(schema: ValueSchema, path: readonly string[] = []): readonly string[] {
  return members(schema).flatMap(([name, member]) => {
    const full = [...path, name];
    if (isSection(member)) return valueRows(member, full);
    const choice = member.enum === undefined ? "" : ` One of ${member.enum.join(", ")}.`;
    return [`| \`${full.join(".")}\` | \`${JSON.stringify(member.default)}\` | ${member.description ?? ""}${choice} |`];
  });
}

function members({ properties = {} }: ValueSchema): readonly (readonly [string, ValueSchema])[] {
  return Object.entries(properties).filter(([, member]) => isSection(member) || member.default !== undefined);
}

function isSection({ properties, default: assumed }: ValueSchema): boolean {
  return assumed === undefined && Object.keys(properties ?? {}).length > 0;
}

function indented(text: string, indent: string): string {
  return text.replace(/^(?=.)/gm, indent);
}

import { equalJson, isList, isObject, type Json } from "../values/json.ts";

type Step = (value: Json) => readonly Json[];

/**
 * Compiles the JSONPath of a printer column: fields (`.a.b`, `['a.b']`), indexes, `[*]` and filters that compare one field
 * with a literal (`[?(@.type=="Ready")]`). Unsupported syntax is skipped.
 */
export function jsonPath(path: string): (value: Json) => readonly Json[] {
  const steps = stepsOf(path.replace(/^\{(.*)\}$/u, "$1").replace(/^\$/u, ""));
  return (value) => steps.reduce<readonly Json[]>((found, step) => found.flatMap(step), [value]);
}

const tokens =
  /\.(?<field>(?:\\.|[^.[\]\\])+)|\['(?<quoted>[^']*)'\]|\[(?<index>-?\d+)\]|\[(?<all>\*)\]|\[\?\(@\.(?<key>[^=!<>\s]+)\s*(?<operator>==|!=)\s*(?<literal>[^)]*)\)\]/gu;

function stepsOf(path: string): readonly Step[] {
  return [...path.matchAll(tokens)].map(({ groups = {} }) => {
    const name = groups["field"]?.replaceAll("\\.", ".") ?? groups["quoted"];
    if (name !== undefined) return name === "*" ? all : field(name);
    if (groups["all"] !== undefined) return all;
    if (groups["index"] !== undefined) return index(Number(groups["index"]));
    return filter(groups["key"] ?? "", groups["operator"] ?? "", literalOf(groups["literal"] ?? ""));
  });
}

const field =
  (name: string): Step =>
  (value) => {
    const found = isObject(value) ? value[name] : undefined;
    return found === undefined ? [] : [found];
  };

const all: Step = (value) => {
  if (isList(value)) return value;
  return isObject(value) ? Object.values(value) : [];
};

const index =
  (at: number): Step =>
  (value) => {
    const found = isList(value) ? value.at(at) : undefined;
    return found === undefined ? [] : [found];
  };

const filter =
  (key: string, operator: string, literal: Json): Step =>
  (value) => {
    const read = jsonPath(`.${key}`);
    if (!isList(value)) return [];
    return value.filter((item) => {
      const [found] = read(item);
      return found !== undefined && equalJson(found, literal) === (operator === "==");
    });
  };

function literalOf(text: string): Json {
  const trimmed = text.trim();
  const quoted = /^(["'])(.*)\1$/u.exec(trimmed);
  if (quoted !== null) return quoted[2] ?? "";
  if (trimmed === "true" || trimmed === "false") return trimmed === "true";
  return Number(trimmed);
}

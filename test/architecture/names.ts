import { offender, type Rule, sources } from "./rule.ts";
import { child, named, place, type SourceFile, type SyntaxNode, syntaxNodes } from "./syntax.ts";

const vagueWords = ["util", "utils", "helper", "helpers", "common", "misc", "manager", "impl"];
const vagueVerb = /^(get|handle|process|manage|do)([A-Z]|$)/;
const kebabCase = /^[a-z0-9]+(-[a-z0-9]+)*$/;
// Kubernetes calls the owner of an object's fields a field manager.
const vagueType = /(Util|Utils|Helper|Helpers|Common|Misc|(?<!Field)Manager|Impl|Base)(?![a-z])/;
const hungarian = /^I[A-Z][a-z]/;

/** Names are plain, precise terms of the domain. */
export const nameRules: readonly Rule[] = [
  {
    sentence: "files and folders are kebab-case",
    violations: (files) =>
      sources(files)
        .filter(({ path }) => !segments(path).every((segment) => kebabCase.test(segment)))
        .map(({ path }) => `${path} is not kebab-case`),
    offence: {
      files: [offender("crds/modelSource.ts"), offender("crds/Model/source.ts"), offender("crds/v1alpha1/model-x.ts")],
      violations: ["crds/modelSource.ts is not kebab-case", "crds/Model/source.ts is not kebab-case"],
    },
  },
  {
    sentence: `no file or folder is called ${vagueWords.join(", ")}`,
    violations: (files) =>
      sources(files).flatMap(({ path }) => {
        const words = segments(path).flatMap((segment) => segment.split("-"));
        return words.filter((word) => vagueWords.includes(word)).map((word) => `${path}: "${word}" names no concept`);
      }),
    offence: {
      files: [
        offender("runtime/utils/a.ts"),
        offender("operator/pod-manager.ts"),
        offender("runtime/base/commonplace.ts"),
      ],
      violations: [
        'runtime/utils/a.ts: "utils" names no concept',
        'operator/pod-manager.ts: "manager" names no concept',
      ],
    },
  },
  {
    sentence: "no function starts with get, handle, process, manage or do",
    violations: (files) =>
      declarations(files, functionName, (name) => vagueVerb.test(name), isInherited).map(
        ({ name, at }) => `${at}: function ${name} says neither what it computes nor what it does`,
      ),
    offence: {
      files: [
        offender(
          "runtime/a.ts",
          "export function getModel() {}",
          "const handleIt = async () => 1;",
          "const parts = { processAll() {} };",
          "interface Worker { doWork(): void }",
          "function getaway() {}",
          "const c = class extends tf.Serializable { getConfig() {} };",
          "export const domain = (value: string) => value;",
        ),
      ],
      violations: [
        "runtime/a.ts:1: function getModel says neither what it computes nor what it does",
        "runtime/a.ts:2: function handleIt says neither what it computes nor what it does",
        "runtime/a.ts:3: function processAll says neither what it computes nor what it does",
        "runtime/a.ts:4: function doWork says neither what it computes nor what it does",
      ],
    },
  },
  {
    sentence: "no type is an IThing, a ThingManager, a ThingImpl, a BaseThing or the like",
    violations: (files) =>
      declarations(files, typeName, (name) => vagueType.test(name) || hungarian.test(name)).map(
        ({ name, at }) => `${at}: type ${name} is named after no concept`,
      ),
    offence: {
      files: [
        offender(
          "runtime/a.ts",
          "interface IModel { a: 1 }",
          "class PodManager {}",
          "export type BaseEngine = 1;",
          "interface Item { a: 1 }",
          "interface FieldManager { a: 1 }",
          "type Baseline = 1;",
        ),
      ],
      violations: [
        "runtime/a.ts:1: type IModel is named after no concept",
        "runtime/a.ts:2: type PodManager is named after no concept",
        "runtime/a.ts:3: type BaseEngine is named after no concept",
      ],
    },
  },
];

function segments(path: string): string[] {
  return path.replace(/\.ts$/, "").split("/");
}

interface Declaration {
  readonly name: string;
  readonly at: string;
}

function declarations(
  files: readonly SourceFile[],
  nameOf: (node: SyntaxNode) => string | undefined,
  isVague: (name: string) => boolean,
  isExempt: (node: SyntaxNode, file: SourceFile) => boolean = () => false,
): readonly Declaration[] {
  return sources(files).flatMap((file) =>
    syntaxNodes(file).flatMap((node) => {
      const name = nameOf(node);
      return name === undefined || !isVague(name) || isExempt(node, file) ? [] : [{ name, at: place(file, node) }];
    }),
  );
}

/** Whether a method belongs to a subclass, whose superclass may have chosen the name. */
function isInherited(method: SyntaxNode, file: SourceFile): boolean {
  const isMethod = method.type === "MethodDefinition";
  return isMethod && syntaxNodes(file).some((node) => child(node, "superClass") && isWithin(method, node));
}

function isWithin(inner: SyntaxNode, outer: SyntaxNode): boolean {
  return outer.start <= inner.start && inner.end <= outer.end;
}

const functionValues = ["ArrowFunctionExpression", "FunctionExpression"];
const methods = ["MethodDefinition", "TSMethodSignature"];

function functionName(node: SyntaxNode): string | undefined {
  if (node.type === "FunctionDeclaration" || node.type === "TSDeclareFunction") return named(node, "id");
  if (node.type === "VariableDeclarator") return isFunction(child(node, "init")) ? named(node, "id") : undefined;
  const isMethod = methods.includes(node.type) || (node.type === "Property" && isFunction(child(node, "value")));
  const name = isMethod ? named(node, "key") : undefined;
  // A bare verb as a method is an established name, such as `get` of a Map or of the Kubernetes API.
  return name !== undefined && /^[a-z]+$/.test(name) ? undefined : name;
}

function isFunction(node: SyntaxNode | undefined): boolean {
  return functionValues.includes(node?.type ?? "");
}

function typeName(node: SyntaxNode): string | undefined {
  const kinds = ["ClassDeclaration", "TSInterfaceDeclaration", "TSTypeAliasDeclaration"];
  return kinds.includes(node.type) ? named(node, "id") : undefined;
}

import { Type, type Static } from "typebox";

import { exactlyOne } from "../schema/exactly-one.ts";
import { rule } from "../schema/rule.ts";

const httpSource = Type.Object(
  {
    url: Type.String({
      description: "Address of the model file, http:// or https://. Redirects are followed.",
      minLength: 8,
      maxLength: 2048,
      rules: [
        rule<string>({
          cel: "self.startsWith('http://') || self.startsWith('https://')",
          message: "must start with http:// or https://",
          holds: (self) => self.startsWith("http://") || self.startsWith("https://"),
        }),
      ],
    }),
    sha256: Type.Optional(
      Type.String({
        description: "SHA-256 of the downloaded file, 64 hexadecimal digits; a file with another sum is refused.",
        pattern: "^[0-9a-f]{64}$",
      }),
    ),
  },
  { description: "A file that is downloaded before the pod starts." },
);

const claimSource = Type.Object(
  {
    claimName: Type.String({
      description: "Name of a PersistentVolumeClaim in the same namespace; it is mounted read-only.",
      pattern: "^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$",
      maxLength: 253,
    }),
    path: Type.Optional(
      Type.String({
        description: "Path of the model file or folder inside the volume, relative to its root.",
        assumed: "the root of the volume",
        minLength: 1,
        maxLength: 1024,
        rules: [
          rule<string>({
            cel: "!self.startsWith('/') && !self.split('/').exists(part, part == '..')",
            message: "must be a relative path without '..'",
            holds: (self) => !self.startsWith("/") && !self.split("/").includes(".."),
          }),
        ],
      }),
    ),
  },
  { description: "A file or folder in a PersistentVolumeClaim." },
);

const configMapSource = Type.Object(
  {
    name: Type.String({
      description: "Name of a ConfigMap in the same namespace.",
      pattern: "^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$",
      maxLength: 253,
    }),
    key: Type.String({
      description: "Key in data or binaryData that holds the model file.",
      pattern: "^[-._a-zA-Z0-9]+$",
      maxLength: 253,
    }),
  },
  { description: "A small model file (at most about 1 MiB) in a ConfigMap." },
);

const source = exactlyOne(
  { http: httpSource, persistentVolumeClaim: claimSource, configMap: configMapSource },
  { description: "Where the model comes from; exactly one member." },
);

/** `spec.model`: which model is served, and under which name. */
export const model = Type.Object(
  {
    name: Type.Optional(
      Type.String({
        description: "Name of the model on the wire, as in /v1/models/NAME:predict.",
        assumed: "metadata.name",
        pattern: "^[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?$",
        maxLength: 128,
      }),
    ),
    source,
    format: Type.Optional(
      Type.Enum(["Auto", "Keras", "SavedModel", "TensorFlowJs", "Onnx"], {
        description: "Format of the model. Auto looks at the file's name and first bytes.",
        assumed: "Auto",
      }),
    ),
    digest: Type.Optional(
      Type.String({
        description:
          "Pins the content: sha256: and 64 hexadecimal digits. A model with another digest is never loaded.",
        pattern: "^sha256:[0-9a-f]{64}$",
      }),
    ),
  },
  { description: "The model to serve." },
);

/** `spec.model.source`. */
export type Source = Static<typeof source>;

import { Type, type Static } from "typebox";

import { exactlyOne } from "../schema/exactly-one.ts";
import { rule } from "../schema/rule.ts";
import { text } from "../schema/text.ts";
import { objectName, sha256 } from "./names.ts";

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
      text({ description: "SHA-256 of the downloaded file; a file with another sum is refused.", ...sha256 }),
    ),
  },
  { description: "A file that is downloaded before the pod starts." },
);

const claimSource = Type.Object(
  {
    claimName: text({
      description: "Name of a PersistentVolumeClaim in the same namespace; it is mounted read-only.",
      ...objectName,
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
    name: text({ description: "Name of a ConfigMap in the same namespace.", ...objectName }),
    key: text({
      description: "Key in data or binaryData that holds the model file.",
      pattern: "^[-._a-zA-Z0-9]+$",
      complaint: "must be a key of a ConfigMap: letters, digits, '-', '_' and '.'",
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
      text({
        description: "Name of the model on the wire, as in /v1/models/NAME:predict.",
        assumed: "metadata.name",
        pattern: "^[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?$",
        complaint:
          "must consist of letters, digits, '.', '_' and '-', first and last a letter or digit: it is part of a URL",
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
      text({
        description:
          "Pins the content: sha256: and 64 hexadecimal digits. A model with another digest is never loaded.",
        pattern: "^sha256:[0-9a-f]{64}$",
        complaint: "must be sha256: and 64 hexadecimal digits in lower case",
        maxLength: 71,
      }),
    ),
  },
  { description: "The model to serve." },
);

/** `spec.model.source`. */
export type Source = Static<typeof source>;

import { Type, type Static } from "typebox";

import { exactlyOne } from "../schema/exactly-one.ts";
import { listSet } from "../schema/list.ts";
import { text } from "../schema/text.ts";
import { source } from "./source.ts";

const largestVersion = Number.MAX_SAFE_INTEGER;

const versions = exactlyOne(
  {
    latest: Type.Object(
      {
        count: Type.Optional(
          Type.Integer({
            description: "How many, those with the largest numbers.",
            assumed: 1,
            minimum: 1,
            maximum: 100,
          }),
        ),
      },
      { description: "The versions with the largest numbers; a newer one replaces the oldest when it is ready." },
    ),
    all: Type.Object({}, { description: "Every version." }),
    specific: Type.Object(
      {
        numbers: listSet(
          Type.Integer({ description: "Number of a version.", format: "int64", minimum: 0, maximum: largestVersion }),
          { description: "Numbers of the versions; one that is not there is waited for.", minItems: 1, maxItems: 100 },
        ),
      },
      { description: "The versions with these numbers." },
    ),
  },
  {
    description:
      "Which versions of a folder of numbered versions (NUMBER/saved_model.pb, NUMBER/model.onnx, …) are served, under these numbers; exactly one member. Absent: the one with the largest number. The folder is followed while the pod runs.",
  },
);

/** `spec.model`: which model is served, and under which name. */
export const model = Type.Object(
  {
    name: Type.Optional(
      text({
        description:
          "Name of the model on the wire, as in /v1/models/NAME:predict. With another name a new revision takes over at once when it is ready, whatever the steps: no request fits both.",
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
          "Pins the content: sha256: and 64 hexadecimal digits; of a folder that of what sha256sum prints for its files. A model or version with another digest is never loaded.",
        pattern: "^sha256:[0-9a-f]{64}$",
        complaint: "must be sha256: and 64 hexadecimal digits in lower case",
        maxLength: 71,
      }),
    ),
    versions: Type.Optional(versions),
    signatureCompatibility: Type.Optional(
      Type.Enum(["Require", "Allow"], {
        description:
          "Require: a new revision whose inputs or outputs lack what clients of the stable one use gets no traffic. Allow: any.",
        assumed: "Require",
      }),
    ),
  },
  { description: "The model to serve." },
);

/** `spec.model.versions`. */
export type Versions = Static<typeof versions>;

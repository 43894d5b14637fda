import { Type } from "typebox";

import { text } from "../schema/text.ts";
import { source } from "./source.ts";

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

import { Type } from "typebox";

import { exactlyOne } from "../schema/exactly-one.ts";
import { listAtomic, listSet } from "../schema/list.ts";
import { rule } from "../schema/rule.ts";
import { text } from "../schema/text.ts";
import { objectName } from "./names.ts";

const hostname = {
  pattern: "^[a-z0-9]([-a-z0-9]*[a-z0-9])?([.][a-z0-9]([-a-z0-9]*[a-z0-9])?)*$",
  complaint: "must be a host name in lower case, such as models.example.com",
  maxLength: 253,
} as const;

const httpHeader = {
  pattern: "^[A-Za-z0-9!#$%&*+.^_|~-]+$",
  complaint: "must be the name of an HTTP header",
  maxLength: 128,
} as const;

const parentRef = Type.Object(
  {
    name: text({ description: "Name of the Gateway.", ...objectName }),
    namespace: Type.Optional(text({ description: "Its namespace. Absent: the same.", ...objectName })),
    sectionName: Type.Optional(text({ description: "Name of its listener. Absent: all.", ...objectName })),
  },
  { description: "A Gateway of the Gateway API." },
);

/** `spec.traffic`: how requests come to the model. */
export const traffic = Type.Object(
  {
    path: Type.Optional(
      Type.Enum(["Gateway", "Direct"], {
        description:
          "Gateway: through Modelwright's gateway. Direct: the HTTPRoute's Gateway sends to the pods by weight; requests are neither held while scaled to zero nor mirrored.",
        assumed: "Gateway",
      }),
    ),
    hostnames: Type.Optional(
      listSet(text({ description: "A host name.", ...hostname }), {
        description: "Additional host names that select this model on the gateway's shared ports.",
        maxItems: 16,
      }),
    ),
    httpRoute: Type.Optional(
      Type.Object(
        {
          parentRefs: listAtomic(parentRef, {
            description: "Gateways that the HTTPRoute attaches to.",
            minItems: 1,
            maxItems: 8,
          }),
        },
        { description: "Creates an HTTPRoute (Gateway API) for hostnames." },
      ),
    ),
    sticky: Type.Optional(
      exactlyOne(
        {
          header: text({ description: "Requests with the same value of this header stay together.", ...httpHeader }),
          cookie: text({ description: "Requests with the same value of this cookie stay together.", ...httpHeader }),
        },
        {
          description:
            "Keeps a client on one revision during a rollout; set exactly one member. As the candidate's weight rises, clients only ever move to it.",
        },
      ),
    ),
    mirror: Type.Optional(
      Type.Object(
        {
          percent: Type.Optional(
            Type.Integer({
              description: "Percentage of requests to mirror.",
              format: "int32",
              assumed: 100,
              minimum: 0,
              maximum: 100,
            }),
          ),
        },
        { description: "Mirrors requests to the candidate, in addition to its weight; its responses are dropped." },
      ),
    ),
  },
  {
    description: "How requests reach the model.",
    rules: [
      rule<{ readonly path?: string; readonly httpRoute?: object }>({
        cel: "!has(self.path) || self.path != 'Direct' || has(self.httpRoute)",
        message: "path Direct needs httpRoute: something must send to the pods by weight",
        holds: ({ path, httpRoute }) => path !== "Direct" || httpRoute !== undefined,
      }),
      rule<{ readonly path?: string; readonly mirror?: object; readonly sticky?: object }>({
        cel: "!has(self.path) || self.path != 'Direct' || (!has(self.mirror) && !has(self.sticky))",
        message: "mirror and sticky need path Gateway",
        holds: ({ path, mirror, sticky }) => path !== "Direct" || (mirror === undefined && sticky === undefined),
      }),
    ],
  },
);

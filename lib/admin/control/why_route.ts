/** `/why`: which rule lets an initiator in, or keeps it out. */
import type { Administration } from "../administration.ts";
import { TreeError } from "../tree.ts";
import { explainWhy, sceneOf } from "../why.ts";
import { jsonAnswer } from "./answer.ts";
import { checkRequest, type Parameters } from "./query.ts";
import type { ControlRoute } from "./route.ts";

const PARAMETERS: Parameters = { values: ["initiator", "target", "portal"] };

/** GET with `?initiator=NAME&target=NAME`, and `&portal=ADDRESS` for one of them, gives a WhyAnswer. */
export function whyRoute(administration: Administration): ControlRoute {
  return {
    path: "why",
    maxBody: 0,
    methods: {
      GET: (request) => {
        checkRequest(request, PARAMETERS);
        const [initiator, target, portal] = PARAMETERS.values!.map((key) =>
          request.query.get(key) ?? undefined
        );
        if (initiator === undefined || target === undefined) {
          throw new TreeError("EINVAL", "The query has to have initiator=NAME and target=NAME");
        }
        const scene = sceneOf(administration);
        return jsonAnswer(explainWhy(scene, initiator, target, portal));
      },
    },
  };
}

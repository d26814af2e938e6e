/** `/status`: how the server is. */
import type { Administration } from "../administration.ts";
import { serverStatus, type StatusSources } from "../status.ts";
import { jsonAnswer } from "./answer.ts";
import { checkRequest } from "./query.ts";
import type { ControlRoute } from "./route.ts";

/** GET gives a ServerStatus as JSON. */
export function statusRoute(administration: Administration, sources: StatusSources): ControlRoute {
  return {
    path: "status",
    maxBody: 0,
    methods: {
      GET: async (request) => {
        checkRequest(request);
        return jsonAnswer(await serverStatus(administration, sources));
      },
    },
  };
}

/** What is watched, as routes: `/metrics` for scrapers, `/feed` as JSON, `/` for people. */
import type { Answer } from "../admin/control/answer.ts";
import { jsonAnswer } from "../admin/control/answer.ts";
import { checkRequest } from "../admin/control/query.ts";
import type { ControlRequest, ControlRoute } from "../admin/control/route.ts";
import { expositionFor, expositionText } from "./exposition.ts";
import { familiesOf } from "./families.ts";
import type { FeedSource } from "./feed.ts";
import { pageAnswer } from "./page.ts";

type Get = (request: ControlRequest) => Answer | Promise<Answer>;

function route(path: string, answer: Get): ControlRoute {
  return {
    path,
    maxBody: 0,
    methods: {
      GET: (request) => {
        checkRequest(request);
        return answer(request);
      },
    },
  };
}

export function watchRoutes(source: FeedSource): readonly ControlRoute[] {
  return [
    route("metrics", async ({ fields }) => {
      const exposition = expositionFor((fields.get("accept") ?? []).join(","));
      const body = expositionText(familiesOf(await source.feed()), exposition);
      return { status: 200, type: exposition.type, body };
    }),
    route("feed", async () => jsonAnswer(await source.feed())),
    route("", pageAnswer),
  ];
}

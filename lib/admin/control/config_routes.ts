/** `/config`: configurations that are applied to the running server, and what it serves as one. */
import { parseConfiguration } from "../../config/configuration.ts";
import type { ConfigFile } from "../../config/config_file.ts";
import { CONFIG_MOST, type LoadOptions, serverModel } from "../../config/load.ts";
import { passingIds } from "../../config/ids.ts";
import { plainOf } from "../../config/plain.ts";
import { ConfigError } from "../../config/problem.ts";
import { yamlText } from "../../config/yaml_text.ts";
import type { ServerModel } from "../../scst/model.ts";
import type { Administration } from "../administration.ts";
import { joined, planned } from "../apply.ts";
import { TreeError } from "../tree.ts";
import { jsonAnswer } from "./answer.ts";
import { checkRequest, type Parameters } from "./query.ts";
import type { ControlRequest, ControlRoute } from "./route.ts";

/** What became of one step of a configuration that was applied. */
export interface AppliedStep {
  readonly what: string;
  /** Why it was not taken; absent when it was. */
  readonly error?: string;
}

/** What became of a configuration that was read again: the steps, or the mistakes that it has. */
export type Reloaded =
  | { readonly steps: readonly AppliedStep[]; readonly problems?: undefined }
  | { readonly problems: readonly string[] };

/**
 * GET gives what is served as YAML. POST to `config/apply` applies a configuration in YAML: `?prune`
 * removes what it does not name, `?dry-run` only tells the steps and whose LUNs they change. POST to
 * `config/save` saves what is served into the server's own file; there is none without `file`. POST to
 * `config/reload` reads the server's own file again with `reload`, and applies what differs.
 */
export function configRoutes(
  administration: Administration,
  file: ConfigFile | undefined,
  reload?: () => Promise<Reloaded>,
): ControlRoute[] {
  return [
    {
      path: "config/reload",
      maxBody: 0,
      methods: {
        POST: async (request) => {
          checkRequest(request);
          return jsonAnswer(await reloaded(reload));
        },
      },
    },
    { path: "config/apply", maxBody: CONFIG_MOST, methods: { POST: applied(administration) } },
    {
      path: "config/save",
      maxBody: 0,
      methods: {
        POST: (request) => {
          checkRequest(request);
          return jsonAnswer(saved(administration, file));
        },
      },
    },
    {
      path: "config",
      maxBody: 0,
      methods: {
        GET: (request) => {
          checkRequest(request);
          const body = yamlText(plainOf(administration.savedModel));
          return { status: 200, type: "application/yaml", body };
        },
      },
    },
  ];
}

const APPLY_PARAMETERS: Parameters = { values: ["name"], flags: ["prune", "dry-run"] };

function applied(administration: Administration) {
  return async (request: ControlRequest) => {
    checkRequest(request, APPLY_PARAMETERS);
    const { body, query } = request;
    const said = modelIn(body, query.get("name") ?? "the configuration", {
      now: administration.model,
      ...(query.has("dry-run") ? { ids: passingIds } : {}),
    });
    const target = (now: ServerModel) => query.has("prune") ? said : joined(said, now);
    if (query.has("dry-run")) {
      return jsonAnswer(planned(administration, target(administration.model)));
    }
    const steps: AppliedStep[] = [];
    await administration.apply(target, ({ what }, refusal) => {
      steps.push(refusal === undefined ? { what } : { what, error: refusal.message });
    });
    return jsonAnswer(steps);
  };
}

/** The model that a text says. Throws EINVAL with every mistake in it. */
function modelIn(
  body: Uint8Array,
  name: string,
  options: LoadOptions & { readonly now: ServerModel },
): ServerModel {
  const text = decode(body, name);
  try {
    return serverModel(parseConfiguration(text, name), name, options.now.stateDir, options);
  } catch (error) {
    if (error instanceof ConfigError) throw new TreeError("EINVAL", error.message);
    throw error;
  }
}

function decode(body: Uint8Array, name: string): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(body);
  } catch {
    throw new TreeError("EINVAL", `${name} is not UTF-8 text`);
  }
}

/** The steps of a reload. Rejects with EINVAL and every mistake of the configuration. */
async function reloaded(
  reload: (() => Promise<Reloaded>) | undefined,
): Promise<readonly AppliedStep[]> {
  if (reload === undefined) {
    throw new TreeError(
      "EOPNOTSUPP",
      "The server was started without a configuration to read again",
    );
  }
  const result = await reload();
  if (result.problems === undefined) return result.steps;
  throw new TreeError("EINVAL", result.problems.join("\n"));
}

function saved(
  administration: Administration,
  file: ConfigFile | undefined,
): { readonly path: string; readonly changed: boolean } {
  if (file === undefined) {
    const what = "The server was started without a YAML configuration that could be written";
    throw new TreeError("EOPNOTSUPP", `${what}: print it with scst save --print`);
  }
  try {
    return { path: file.path, changed: file.save(administration.savedModel) };
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    throw new TreeError("EIO", error.message);
  }
}

/** Which rule lets an initiator in, or keeps it out: of a configuration, or of a server that runs. */
import { nearestWord } from "../config/nearest.ts";
import { parsePortal, PORTAL_ALLOWED } from "../config/portal.ts";
import { quote } from "../config/problem.ts";
import { explainLogin, type LiveTarget } from "../iscsi/explain_login.ts";
import {
  type DeviceModel,
  type DriverModel,
  formatPortal,
  isForAll,
  type PortalModel,
  type TargetModel,
} from "../scst/model.ts";
import type { Administration } from "./administration.ts";
import { named } from "./named.ts";
import { TreeError } from "./tree.ts";

/** What decides. */
export interface LoginScene {
  /** Whose rules those are, as in "the configuration". */
  readonly owner: string;
  readonly driver: DriverModel;
  readonly portals: readonly PortalModel[];
  readonly devices: readonly Pick<DeviceModel, "name" | "readOnly">[];
  readonly targets: readonly TargetModel[];
  /** What goes on at a target; absent where nothing runs. */
  readonly live?: (target: string) => LiveTarget;
}

/** The answer, as `scst why --json` prints it: one for each portal. */
export interface WhyAnswer {
  readonly initiator: string;
  readonly target: string;
  /** A target that there is, where the named one is not. */
  readonly did_you_mean?: string;
  readonly portals: readonly {
    readonly portal: string;
    readonly allowed: boolean;
    /** The status of the Login Response. */
    readonly status: string;
    readonly gates: readonly {
      readonly gate: string;
      readonly open: boolean;
      readonly says: string;
    }[];
    readonly group: string | null;
    readonly pattern: string | null;
    readonly luns: readonly {
      readonly lun: number;
      readonly device: string;
      readonly read_only: boolean;
    }[];
  }[];
}

/** The scene that a running server is. */
export function sceneOf(administration: Administration): LoginScene {
  const { model, engine } = administration;
  return {
    owner: "the server",
    driver: model.driver,
    portals: model.portals,
    devices: model.devices,
    targets: model.targets,
    live: (target) => {
      const initiators = engine.domainInitiators(target);
      return {
        sessions: administration.sessionsOf(target).length,
        domainInitiators: initiators === undefined ? "unheard" : new Set(initiators),
      };
    },
  };
}

/** Throws a TreeError (EINVAL) where `portalText` is no portal, or one would have to be named. */
export function explainWhy(
  scene: LoginScene,
  initiator: string,
  name: string,
  portalText: string | undefined,
): WhyAnswer {
  const target = named(scene.targets, name.toLowerCase());
  const portals = portalsMeant(scene, portalText);
  if (target !== undefined && portalText === undefined) checkAddresses(scene, target, portals);
  const live = target && scene.live?.(target.name);
  const near = target === undefined
    ? nearestWord(name, scene.targets.map((one) => one.name))
    : undefined;
  return {
    initiator,
    target: name,
    ...(near === undefined ? {} : { did_you_mean: near }),
    portals: portals.map((portal) => {
      const { isAllowed, status, gates, match, luns } = explainLogin(
        scene.driver,
        target,
        initiator,
        portal,
        live,
      );
      return {
        portal: formatPortal(portal),
        allowed: isAllowed,
        status,
        gates: gates.map(({ gate, isOpen, says }) => ({ gate, open: isOpen, says })),
        group: match?.group ?? null,
        pattern: match?.pattern ?? null,
        luns: luns.map(({ lun, device, readOnly }) => ({
          lun,
          device,
          // As in SCST, a LUN is read only if its device is.
          read_only: readOnly || named(scene.devices, device)?.readOnly === true,
        })),
      };
    }),
  };
}

/** All portals, or what `text` says of one of them. */
function portalsMeant(
  { portals, owner }: LoginScene,
  text: string | undefined,
): readonly PortalModel[] {
  if (portals.length === 0) throw new TreeError("EINVAL", `There is no portal that ${owner} has`);
  if (text === undefined) return portals;
  const meant = parsePortal(text);
  if (meant === undefined) {
    const what = `PORTAL must be ${PORTAL_ALLOWED}: current value is ${quote(text)}`;
    throw new TreeError("EINVAL", what);
  }
  const { hostname, port } = meant;
  const there = portals.filter((portal) =>
    portal.hostname === hostname || isForAll(portal.hostname)
  );
  const hasPort = /^[^:[]*:|\]:/.test(text);
  const found = there.find((portal) => portal.port === port) ?? (hasPort ? undefined : there[0]);
  if (found !== undefined) return [{ hostname, port: found.port }];
  const all = portals.map(formatPortal).join(", ");
  throw new TreeError("EINVAL", `PORTAL must be one that ${owner} has, which are ${all}`);
}

/** A portal for all addresses does not say which one is reached. */
function checkAddresses(
  { driver: { internalPortals } }: LoginScene,
  { attributes: { allowedPortals, perPortalAcl, redirect }, incomingUsers }: TargetModel,
  portals: readonly PortalModel[],
): void {
  const matters = allowedPortals.length > 0 || perPortalAcl || redirect !== undefined ||
    internalPortals.length > 0 && incomingUsers.length > 0;
  const open = portals.find(({ hostname }) => isForAll(hostname));
  if (!matters || open === undefined) return;
  const what = `Name the address that the initiator reaches of portal ${formatPortal(open)}`;
  throw new TreeError(
    "EINVAL",
    `${what}, as it matters for this target: scst why INITIATOR TARGET PORTAL`,
  );
}

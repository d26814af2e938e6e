/** A PERSISTENT RESERVE OUT as the rules of SPC-4 5.12 look at it. */
import type { TargetPort } from "../scsi/command.ts";
import type { PrOutList } from "./pr_out_list.ts";
import { type NexusId, type PrState, type Registration, registrationOf } from "./pr_state.ts";

export interface PrRequest {
  /** Who asks. */
  readonly nexus: NexusId;
  /** Service action. */
  readonly action: number;
  readonly scope: number;
  /** As it came; it need not be a type. */
  readonly type: number;
  readonly list: PrOutList;
}

/** What the rules have to know of the world. */
export interface PrWorld {
  /** The target ports through which the logical unit is reached. */
  readonly ports: readonly TargetPort[];
  /** The initiator ports of an iSCSI node that are known. */
  initiatorPorts(node: string): string[];
}

/** The registration of who asks, if RESERVATION KEY is the right one. */
export function ownRegistration(state: PrState, request: PrRequest): Registration | undefined {
  const own = registrationOf(state, request.nexus);
  return own?.key === request.list.key ? own : undefined;
}

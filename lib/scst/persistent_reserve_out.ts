/** PERSISTENT RESERVE OUT (SPC-4 6.16). */
import type { Device } from "./device.ts";
import type { Nexus } from "./nexus.ts";
import type { CoreCommand } from "./operation.ts";
import { registerAndMove } from "./pr_move.ts";
import { PrOut, readPrOutList } from "./pr_out_list.ts";
import { clear, preempt } from "./pr_preempt.ts";
import { register } from "./pr_register.ts";
import type { PrRequest, PrWorld } from "./pr_request.ts";
import { release, reserve } from "./pr_reserve.ts";
import type { PrState } from "./pr_state.ts";
import type { Verdict } from "./pr_verdict.ts";

type Rule = (state: PrState, request: PrRequest, world: PrWorld) => Verdict;

const RULES: Readonly<Record<number, Rule>> = {
  [PrOut.REGISTER]: register,
  [PrOut.RESERVE]: reserve,
  [PrOut.RELEASE]: release,
  [PrOut.CLEAR]: clear,
  [PrOut.PREEMPT]: preempt,
  [PrOut.PREEMPT_AND_ABORT]: preempt,
  [PrOut.REGISTER_AND_IGNORE_EXISTING_KEY]: register,
  [PrOut.REGISTER_AND_MOVE]: registerAndMove,
};

/** Executes all service actions. */
export function persistentReserveOut(nexus: Nexus, command: CoreCommand): void {
  const { device } = command.unit!;
  const { reservations } = device;
  const list = readPrOutList(command); // the data may be gone when its turn comes
  const action = command.cdb[1]! & 0x1f;
  const scopeAndType = command.cdb[2]!;
  reservations.inTurn(command, () => {
    // Whoever has it by RESERVE (SPC-2 5.5.1).
    if (reservations.reservedBy !== undefined) return command.conflict();
    if (typeof list === "function") return list(command);
    const request = {
      nexus: nexus.id,
      action,
      scope: scopeAndType >> 4,
      type: scopeAndType & 0x0f,
      list,
    };
    const verdict = RULES[action]!(reservations.state, request, worldOf(device));
    if (typeof verdict === "function") verdict(command);
    else reservations.change(command, verdict);
  });
}

function worldOf({ users, ports, reservations }: Device): PrWorld {
  return {
    ports: [...ports],
    initiatorPorts(node) {
      const registered = [...reservations.state.registrations.values()];
      const known = [...users].map((unit) => unit.nexus.id).concat(registered);
      const names = known.map(({ initiator }) => initiator);
      return [...new Set(names)].filter((name) => name.startsWith(`${node},i,0x`));
    },
  };
}

/** Sessions with the target that {@linkcode diskYaml} configures. */
import { testUnitReady } from "../initiator/cdb.ts";
import type { LoginOptions } from "../initiator/login.ts";
import type { Address } from "../initiator/raw.ts";
import { Session } from "../initiator/session.ts";
import { senseText } from "../initiator/sense.ts";
import { SteeredSession } from "../initiator/steered.ts";
import { Opcode } from "../initiator/pdu.ts";
import { TARGET_NAME } from "./disk_yaml.ts";

/** Opens a normal session; the unit attentions of a new nexus are still to be delivered. */
export async function openSession(
  address: Address,
  options: LoginOptions = {},
): Promise<Session> {
  return await Session.open(address, { targetName: TARGET_NAME, ...options });
}

/** Takes the unit attentions of a LUN until it is ready. */
export async function makeReady(session: Session, lun: number): Promise<void> {
  for (let tries = 0; tries < 8; tries++) {
    const { status, sense } = await session.command(testUnitReady(), { lun });
    if (status === 0) return;
    if (sense?.key !== 6) throw new Error(`LUN ${lun} is not ready: ${senseText(sense)}`);
  }
  throw new Error(`LUN ${lun} has no end of unit attentions`);
}

/** Opens a normal session whose LUNs have delivered their unit attentions. */
export async function openReady(
  address: Address,
  luns: readonly number[] = [0],
  options: LoginOptions = {},
): Promise<Session> {
  const session = await openSession(address, options);
  try {
    for (const lun of luns) await makeReady(session, lun);
    return session;
  } catch (error) {
    await session[Symbol.asyncDispose]();
    throw error;
  }
}

/** Opens a session that the test drives PDU by PDU; LUN 0 has delivered its unit attention. */
export async function openSteered(
  address: Address,
  options: LoginOptions = {},
): Promise<SteeredSession> {
  const session = await SteeredSession.open(address, { targetName: TARGET_NAME, ...options });
  try {
    const itt = await session.sendCommand({ cdb: testUnitReady() });
    await session.expect(Opcode.ScsiResponse, itt);
    return session;
  } catch (error) {
    session.close();
    throw error;
  }
}

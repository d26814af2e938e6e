/** Users for tests of authentication. */
import type { UsersModel } from "../../lib/scst/model.ts";
import type { ChapUser } from "../initiator/chap.ts";

export const JOE: ChapUser = { name: "joe", secret: "the secret of joe" };
export const ANN: ChapUser = { name: "iqn.2026-11.org.example.test:ann", secret: "12-characters" };
/** As whom the target authenticates. */
export const DISK: ChapUser = { name: "disk", secret: "what only the disk knows" };

export const ONE_WAY: UsersModel = { incomingUsers: [JOE, ANN] };
export const MUTUAL: UsersModel = { incomingUsers: [JOE, ANN], outgoingUser: DISK };
export const NOBODY: UsersModel = { incomingUsers: [] };

/** Asking `scst doctor` about one thing. */
import { runProgram } from "./program.ts";

export interface DoctorReport {
  readonly check: string;
  readonly level: string;
  readonly says: string;
  readonly mend?: string;
}

/** What it says of `check`, for a disk of `filename` and a state directory, with the rights of others than root. */
export async function judge(
  dir: string,
  filename: string,
  state: string,
  check: string,
): Promise<DoctorReport> {
  const config = `${dir}/scst.yaml`;
  const device = JSON.stringify({ handler: "vdisk_fileio", filename });
  await Deno.writeTextFile(config, `portals: ["127.0.0.1:0"]\ndevices: { d: ${device} }\n`);
  const args = ["doctor", "--json", "--config", config, "--state", state];
  const { stdout, stderr } = await runProgram(args, { unprivileged: true });
  const reports: DoctorReport[] = JSON.parse(stdout || "[]");
  const found = reports.find((report) => report.check === check);
  if (found === undefined) throw new Error(`scst doctor says nothing of ${check}: ${stderr}`);
  return found;
}

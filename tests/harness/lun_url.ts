import { TARGET_NAME } from "./disk_yaml.ts";

/** Names a logical unit for libiscsi and QEMU: `iscsi://HOST:PORT/TARGET/LUN`. */
export function lunUrl(
  portal: { readonly host: string; readonly port: number },
  lun = 0,
  target = TARGET_NAME,
): string {
  const host = portal.host.includes(":") ? `[${portal.host}]` : portal.host;
  return `iscsi://${host}:${portal.port}/${target}/${lun}`;
}

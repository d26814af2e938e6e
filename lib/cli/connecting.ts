/** How initiators connect to the demo, ready to paste. */

export interface DemoAddress {
  readonly hostname: string;
  readonly port: number;
  /** The target's iSCSI name. */
  readonly target: string;
}

/** One paragraph for each initiator; the disk is LUN 0. */
export function connectingText({ hostname, port, target }: DemoAddress): string {
  const portal = `${hostname}:${port}`;
  const url = `iscsi://${portal}/${target}/0`;
  const windowsPortal = `-TargetPortalAddress ${hostname} -TargetPortalPortNumber ${port}`;
  return paragraphs([
    ["open-iscsi (Linux, as root)", [
      `iscsiadm -m discovery -t sendtargets -p ${portal}`,
      `iscsiadm -m node -T ${target} -p ${portal} --login`,
      `iscsiadm -m node -T ${target} -p ${portal} --logout`,
    ]],
    ["libiscsi's tools", [
      `iscsi-ls -s iscsi://${portal}`,
      `iscsi-inq ${url}`,
      `iscsi-readcapacity16 ${url}`,
    ]],
    ["QEMU", [
      `qemu-img info ${url}`,
      `qemu-system-x86_64 -drive file=${url},format=raw,if=virtio`,
    ]],
    ["Windows (PowerShell as administrator)", [
      "Start-Service MSiSCSI",
      `New-IscsiTargetPortal ${windowsPortal}`,
      `Connect-IscsiTarget -NodeAddress ${target} ${windowsPortal}`,
      `Disconnect-IscsiTarget -NodeAddress ${target}`,
    ]],
    ["FreeBSD (as root)", [
      "service iscsid onestart",
      `iscsictl -A -p ${portal} -t ${target}`,
      `iscsictl -R -t ${target}`,
    ]],
    [`Another machine: carry the port over first, and leave this running there`, [
      `ssh -N -L ${port}:${portal} USER@THIS-MACHINE`,
    ]],
  ]);
}

function paragraphs(content: readonly (readonly [string, readonly string[]])[]): string {
  return content
    .map(([title, lines]) => `${title}:\n${lines.map((line) => `    ${line}`).join("\n")}`)
    .join("\n\n");
}

/** An engine that serves nobody, writes down what it is asked for, and refuses what it is told to. */
import type { Outcome, SessionView } from "../../lib/admin/engine.ts";
import { OfflineEngine } from "../../lib/admin/offline_engine.ts";
import type { DeviceGroupModel, DeviceModel, TargetModel } from "../../lib/scst/model.ts";

export class RecordingEngine extends OfflineEngine {
  /** What was asked for, as in "addDevice disk1". */
  readonly asked: string[] = [];
  override readonly sessions: SessionView[] = [];
  /** What is refused, as it would stand in `asked`. */
  refused: string | undefined = undefined;

  #note(what: string): Outcome {
    if (what === this.refused) {
      return Promise.resolve({ errno: "EIO", message: `Cannot ${what}: as it was told` });
    }
    this.asked.push(what);
    return Promise.resolve(undefined);
  }

  override readonly addDevice = ({ name }: DeviceModel) => this.#note(`addDevice ${name}`);
  override readonly changeDevice = ({ name }: DeviceModel) => this.#note(`changeDevice ${name}`);
  override readonly removeDevice = (name: string) => this.#note(`removeDevice ${name}`);
  override readonly setTarget = ({ name, luns, groups }: TargetModel) => {
    const numbers = [luns, ...groups.map((group) => group.luns)]
      .map((set) => set.map(({ lun, device }) => `${lun}:${device}`).join(","));
    return this.#note(`setTarget ${name} ${numbers.join(" / ")}`.trim());
  };
  override readonly removeTarget = (name: string) => this.#note(`removeTarget ${name}`);
  override readonly setDeviceGroup = ({ name, devices }: DeviceGroupModel) =>
    this.#note(`setDeviceGroup ${name} ${devices.join(",")}`.trim());
  override readonly removeDeviceGroup = (name: string) => this.#note(`removeDeviceGroup ${name}`);
}

/** A device that is served: from its model to its end. */
import { isDeepStrictEqual } from "node:util";
import { describeErrno } from "../../ffi/errno.ts";
import { DeviceType } from "../scsi/device_type.ts";
import { Sense } from "../scsi/sense.ts";
import { changeCapacity } from "../scst/capacity_change.ts";
import { Device } from "../scst/device.ts";
import { announceMedium, changeMedium, requestRemoval } from "../scst/medium_change.ts";
import type { DeviceModel } from "../scst/model.ts";
import { AtomicJournal } from "../store/atomic_journal.ts";
import { type Store, StoreError } from "../store/store.ts";
import { VirtualDisk } from "../vdisk/virtual_disk.ts";
import { fixedAttributeOf, isActive, isShownOtherwise } from "./device_change.ts";
import { DeviceFaults } from "./device_faults.ts";
import type { DeviceHost } from "./device_host.ts";
import { DeviceState } from "./device_state.ts";
import { type DeviceView, viewOf } from "./device_view.ts";
import { openDeviceStore, openMedium, settingsOf, sizeWithoutFile } from "./open_device.ts";
import { type Done, OperationError } from "./operation_error.ts";
import { PlaceWatch } from "./place_watch.ts";
import type { PrFiles } from "./pr_files.ts";
import { type SizeChange, SizeWatch } from "./size_watch.ts";

export class ServedDevice {
  readonly device: Device;
  #host: DeviceHost;
  #model: DeviceModel;
  #state: DeviceState;
  #faults: DeviceFaults;
  #sizes: SizeWatch;
  #place: PlaceWatch;
  /** Bytes that it had when its store was closed. */
  #sizeBefore = 0;
  #isBusy = false;
  #isThere = false;
  #warn = (sentence: string) => this.#host.report("warning", `device '${this.#name}': ${sentence}`);

  /**
   * Opens the store of a device; it may be used after recover(). Throws OperationError, StoreError when the
   * store or what was kept of its state cannot be used.
   */
  constructor(model: DeviceModel, host: DeviceHost, prFiles: PrFiles) {
    this.#model = model;
    this.#host = host;
    this.#state = new DeviceState(model, host, prFiles);
    const stateFile = (kind: string) => this.#state.file(kind);
    const report = (line: string) => host.report("error", line);
    const store = isActive(model) ? openDeviceStore(model, host.pool, this.#warn) : undefined;
    try {
      const journal = this.#journalOf(store, model);
      const disk = new VirtualDisk(
        settingsOf(model),
        store,
        host.memory,
        stateFile,
        journal,
        report,
      );
      this.device = new Device(disk, stateFile, report, host.copyCounters);
      this.#faults = new DeviceFaults(disk, host);
    } catch (error) {
      store?.close();
      this.#state.leave();
      throw error;
    }
    this.#sizes = new SizeWatch(this.device, host.report);
    this.#place = new PlaceWatch(this.device, host.report);
    this.#warnOfCache();
  }

  /** Whether something is being done with it that has not ended. */
  get isBusy(): boolean {
    return this.#isBusy;
  }

  /** Whether it may be used: it is, from the end of recover() to the beginning of its end. */
  get isThere(): boolean {
    return this.#isThere;
  }

  /** Finishes what was interrupted; `done` hears when the device may be used, or why not. */
  recover(done: Done): void {
    const { disk } = this.device;
    const begun = this.#begin(done);
    try {
      disk.recover((error) => {
        if (error !== undefined) this.#giveUp();
        else this.#faults.plan(this.#model);
        this.#isThere = error === undefined;
        begun(error?.message);
      });
    } catch (error) {
      this.#giveUp();
      throw error;
    }
  }

  #giveUp(): void {
    this.device.disk.release();
    this.#state.leave();
  }

  /** Becomes what `model` says, as far as that can be while it is used. Throws OperationError, StoreError. */
  change(model: DeviceModel, done: Done): void {
    const fixed = fixedAttributeOf(this.#model, model);
    if (fixed !== undefined) {
      this.#refuse(`change ${fixed}`, "that needs the device to be made anew");
    }
    const [wasActive, willBeActive] = [isActive(this.#model), isActive(model)];
    if (wasActive && willBeActive) return this.#changeOpen(model, done);
    if (wasActive) return this.#deactivate(model, done);
    if (willBeActive) return this.#activate(model, done);
    this.#movePr(model);
    this.#take(model);
    done(undefined);
  }

  /** Takes the size that the store has by now. Throws an OperationError where there is none. */
  resyncSize(force: boolean, done: Done<SizeChange>): void {
    const { disk } = this.device;
    if (!this.#hasFile) this.#refuse("take the size of its store", "it has no file to have one");
    if (!disk.isOpen) this.#refuse("take the size of its store", "it is not active");
    this.#sizes.resync(this.#model.size, force, done);
  }

  /** What it is like now, beside what the model says. */
  get view(): DeviceView {
    return viewOf(this.device.disk);
  }

  /** Brings everything to stable storage. */
  sync(done: Done): void {
    this.device.disk.flusher.flush((result) =>
      done(
        result < 0 ? `Cannot flush device '${this.#name}': ${describeErrno(-result)}` : undefined,
      )
    );
  }

  /**
   * Looks once a second whether its store has grown, is not where it was, or has lost what was written, and
   * what else went wrong with it.
   */
  tick(): void {
    const { disk } = this.device;
    disk.errors.tick(performance.now());
    if (disk.isOpen && !this.#isBusy) disk.flusher.look();
    if (this.#model.filename !== undefined && !this.#isBusy) this.#place.look();
    if (this.#hasFile && !this.#isBusy) this.#sizes.look(this.#model.size);
  }

  /** Ends it: what is under way finishes, everything is flushed and closed. Nobody has it as a LUN. */
  remove(done: Done): void {
    this.#refuseUpkeep("remove it");
    const begun = this.#begin(done);
    this.#isThere = false;
    this.#close(() =>
      this.#state.whenSaved(() => {
        this.#state.leave();
        begun(undefined);
      })
    );
  }

  get #name(): string {
    return this.#model.name;
  }

  get #type(): DeviceType {
    return this.device.disk.settings.type;
  }

  /** Whether its size is that of a file. */
  get #hasFile(): boolean {
    return this.#type === DeviceType.DISK && this.#model.filename !== undefined;
  }

  /** Changes a device whose store is open, and stays so. */
  #changeOpen(model: DeviceModel, done: Done): void {
    const { filename, size } = model;
    const isOtherFile = filename !== this.#model.filename;
    if (isOtherFile && this.#type !== DeviceType.CD_ROM) {
      this.#refuse("change filename", "it is active");
    }
    if (size === this.#model.size || this.#type === DeviceType.CD_ROM) {
      if (isOtherFile) this.#setMedium(model);
      else this.#movePr(model);
      this.#take(model);
      return done(undefined);
    }
    if (this.device.disk.upkeep.sense !== Sense.NO_SENSE) {
      this.#refuse("change size", "its medium is made new");
    }
    const bytes = sizeWithoutFile(model);
    if (bytes !== undefined) {
      this.#movePr(model);
      this.#take(model);
      changeCapacity(this.device, bytes);
      return done(undefined);
    }
    this.#resize(model, this.#begin(done));
  }

  /**
   * Inserts an image into the drive in place of the one that is in, or takes that out. Throws
   * OperationError, StoreError when an initiator prevents it or the image cannot be opened.
   */
  #setMedium(model: DeviceModel): void {
    const { filename } = model;
    const [holder] = requestRemoval(this.device);
    if (holder !== undefined) {
      this.#refuse("change the medium", `${holder.nexus.initiator} prevents its removal`);
    }
    const { pool } = this.#host;
    const store = filename === undefined ? undefined : openMedium(filename, pool, this.#warn);
    try {
      this.#movePr(model);
    } catch (error) {
      store?.close();
      throw error;
    }
    changeMedium(this.device, store);
  }

  /** Exports another part of a file. */
  #resize(model: DeviceModel, done: Done): void {
    const { disk } = this.device;
    const { size, blocksize } = model;
    disk.measure((actual) => {
      if (actual < 0) {
        const why = describeErrno(-actual);
        return done(`Cannot tell the size of device '${this.#name}': ${why}`);
      }
      if (disk.upkeep.sense !== Sense.NO_SENSE) {
        return done(`Cannot change size of device '${this.#name}': its medium is made new`);
      }
      if (size !== undefined && size > actual || actual < blocksize) {
        const text = `Cannot export ${size ?? "all"} bytes of device '${this.#name}'`;
        return done(`${text}: it is too small, it has ${actual} bytes`);
      }
      const refused = this.#tryMovePr(model);
      if (refused !== undefined) return done(refused);
      this.#take(model);
      changeCapacity(this.device, size ?? actual);
      done(undefined);
    });
  }

  /** Closes the store; commands that need the medium are refused from now on. */
  #deactivate(model: DeviceModel, done: Done): void {
    this.#refuseUpkeep("close its store");
    this.#movePr(model);
    const { device } = this;
    const begun = this.#begin(done);
    // What is behind the file when it is opened again is another matter.
    device.resets++;
    device.tokens.revokeAll();
    this.#take(model);
    this.#close(() => begun(undefined));
  }

  /** Opens the store of a device that has none. */
  #activate(model: DeviceModel, done: Done): void {
    const { disk } = this.device;
    const before = this.#model;
    const store = openDeviceStore(model, this.#host.pool, this.#warn)!;
    const begun = this.#begin(done);
    disk.changeSettings(settingsOf(model)); // the medium is known by its file
    const giveUp = (why: string) => {
      disk.changeSettings(settingsOf(before));
      begun(why);
    };
    disk.open(store, this.#journalOf(store, model), (error) => {
      if (error !== undefined) return giveUp(error.message);
      const refused = this.#tryMovePr(model);
      if (refused !== undefined) return disk.close(() => giveUp(refused));
      this.#take(model);
      this.#warnOfCache();
      this.#faults.plan(model);
      announceMedium(this.device);
      if (this.#sizeBefore > 0 && disk.medium.size !== this.#sizeBefore) {
        this.device.announce(Sense.CAPACITY_DATA_CHANGED);
      }
      begun(undefined);
    });
  }

  #warnOfCache(): void {
    if (!this.#model.nvCache) return;
    const what = `device '${this.#name}' has nv_cache: NOTHING IS FLUSHED`;
    const risk =
      "where the store has no such cache, a crash loses data that initiators believe safe";
    this.#host.report("warning", `${what}; ${risk}`);
  }

  /** Has its store make no faults any more; what hangs or is late goes on. */
  endFaults(): void {
    this.#faults.end();
  }

  #close(then: () => void): void {
    const { disk } = this.device;
    this.#faults.leave();
    this.#sizeBefore = disk.medium.size;
    disk.close((result) => {
      if (result < 0) {
        const why = `Cannot flush it before it is closed: ${describeErrno(-result)}`;
        this.#host.report("error", `device '${this.#name}': ${why}`);
      }
      then();
    });
  }

  /** Has the attributes of `model`, and tells those who see them. */
  #take(model: DeviceModel): void {
    const { device } = this;
    const before = this.#model;
    const isOtherwise = isShownOtherwise(before, model, device.group !== undefined);
    const isCapacity = before.hidesPhysicalBlocks !== model.hidesPhysicalBlocks;
    this.#model = model;
    device.disk.changeSettings(settingsOf(model));
    if (device.disk.isOpen && !isDeepStrictEqual(before.faults ?? [], model.faults ?? [])) {
      this.#faults.plan(model);
    }
    if (isOtherwise) device.announce(Sense.INQUIRY_DATA_CHANGED);
    if (isCapacity) device.announce(Sense.CAPACITY_DATA_CHANGED);
  }

  /** Nothing else is done with the device until the callback is called that this returns. */
  #begin(done: Done): Done {
    this.#isBusy = true;
    return (error) => {
      this.#isBusy = false;
      done(error);
    };
  }

  #refuse(what: string, why: string): never {
    throw new OperationError(`Cannot ${what}: ${why}`);
  }

  #refuseUpkeep(what: string): void {
    if (this.device.disk.upkeep.isBusy) this.#refuse(what, "its medium is sanitized or formatted");
  }

  /**
   * Keeps reservations where the model says, and has those that are there. It is the last thing that may be
   * refused of a change. Throws OperationError, StoreError.
   */
  #movePr({ prFileName }: DeviceModel): void {
    if (prFileName === this.#model.prFileName) return;
    const { ports: [port], reservations } = this.device;
    if (port !== undefined) this.#refuse("change pr_file_name", `${port.name} exports it`);
    this.#state.movePr(prFileName, (file) => reservations.useFile(file));
  }

  /** The same; returns the sentence that refuses it. */
  #tryMovePr(model: DeviceModel): string | undefined {
    try {
      this.#movePr(model);
      return undefined;
    } catch (error) {
      if (!(error instanceof OperationError || error instanceof StoreError)) throw error;
      return error.message;
    }
  }

  #journalOf(store: Store | undefined, model: DeviceModel): AtomicJournal | undefined {
    const { journalDir, journals, pool } = this.#host;
    const { type } = settingsOf(model);
    if (type !== DeviceType.DISK || store?.identity === undefined) return undefined;
    const name = model.filename ?? model.name;
    const journal = new AtomicJournal(journalDir, store.identity, name, pool);
    journals.add(journal.path);
    return journal;
  }
}

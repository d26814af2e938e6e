/** A device that is served: from its model to its end. */
import { isDeepStrictEqual } from "node:util";
import { describeErrno } from "../../ffi/errno.ts";
import type { MemoryPool } from "../../ffi/memory.ts";
import type { Report } from "../iscsi/node.ts";
import { DeviceType } from "../scsi/device_type.ts";
import { Sense } from "../scsi/sense.ts";
import { changeCapacity } from "../scst/capacity_change.ts";
import type { CommandCounters } from "../scst/command_counters.ts";
import { Device } from "../scst/device.ts";
import { announceMedium, changeMedium, requestRemoval } from "../scst/medium_change.ts";
import { type DeviceModel, printFault } from "../scst/model.ts";
import { AtomicJournal } from "../store/atomic_journal.ts";
import { FaultPlan } from "../store/fault_plan.ts";
import { type After, FaultyStore } from "../store/faulty.ts";
import type { IoPool } from "../store/io_pool.ts";
import { StateFile } from "../store/state_file.ts";
import type { Store } from "../store/store.ts";
import { VirtualDisk } from "../vdisk/virtual_disk.ts";
import { fixedAttributeOf, isActive, isShownOtherwise } from "./device_change.ts";
import { type DeviceHealth, healthOf } from "./device_health.ts";
import { openDeviceStore, openMedium, settingsOf, sizeWithoutFile } from "./open_device.ts";
import { type Done, OperationError } from "./operation_error.ts";
import { PlaceWatch } from "./place_watch.ts";
import { type SizeChange, SizeWatch } from "./size_watch.ts";

/** What all devices of a shard share. */
export interface DeviceHost {
  readonly pool: IoPool;
  readonly memory: MemoryPool;
  /** Where the state of devices is kept. */
  readonly stateDir: string;
  /** Where their journals are, and the paths of those that were ever used. */
  readonly journalDir: string;
  readonly journals: Set<string>;
  /** Counts what copies read and write; each device by itself where it is left out. */
  readonly copyCounters?: CommandCounters;
  readonly report: Report;
  /** Calls an action in so many milliseconds, or a little later. */
  readonly after: After;
}

/** What an administrator sees of a device that no model says. */
export interface DeviceView {
  /** Bytes; 0 while it has no medium. */
  readonly size: number;
  /** Whether there is no write cache by now, which initiators may change (WCE). */
  readonly writeThrough: boolean;
  /** Why writes are refused until it is opened again, as words behind its name; absent while all is well. */
  readonly failure?: {
    readonly problem: string;
    /** Milliseconds since 1970. */
    readonly at: number;
  };
  readonly health: DeviceHealth;
}

export class ServedDevice {
  readonly device: Device;
  #host: DeviceHost;
  #model: DeviceModel;
  #files: StateFile[] = [];
  #sizes: SizeWatch;
  #place: PlaceWatch;
  /** Bytes that it had when its store was closed. */
  #sizeBefore = 0;
  #isBusy = false;
  #isThere = false;
  #warn = (sentence: string) => this.#host.report("warning", `device '${this.#name}': ${sentence}`);
  /** What is around its store if faults were wanted since that was opened. */
  #faulty: FaultyStore | undefined = undefined;

  /**
   * Opens the store of a device; it may be used after recover(). Throws a StoreError when the store or what
   * was kept of its state cannot be used.
   */
  constructor(model: DeviceModel, host: DeviceHost) {
    this.#model = model;
    this.#host = host;
    const stateFile = (kind: string) => this.#stateFile(kind);
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
    } catch (error) {
      store?.close();
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
        if (error !== undefined) disk.release();
        else this.#planFaults();
        this.#isThere = error === undefined;
        begun(error?.message);
      });
    } catch (error) {
      disk.release();
      throw error;
    }
  }

  /** Becomes what `model` says, as far as that can be while it is used. Throws OperationError, StoreError. */
  change(model: DeviceModel, done: Done): void {
    const fixed = fixedAttributeOf(this.#model, model);
    if (fixed !== undefined) {
      this.#refuse(`change ${fixed}`, "that needs the device to be made anew");
    }
    if (model.prFileName !== this.#model.prFileName) this.#changePrFile(model);
    const [wasActive, willBeActive] = [isActive(this.#model), isActive(model)];
    if (wasActive && willBeActive) return this.#changeOpen(model, done);
    if (wasActive) return this.#deactivate(model, done);
    if (willBeActive) return this.#activate(model, done);
    this.#take(model);
    done(undefined);
  }

  /**
   * Inserts an image into the drive in place of the one that is in, or takes that out. Throws an
   * OperationError or a StoreError when an initiator prevents it or the image cannot be opened.
   */
  #setMedium(filename: string | undefined): void {
    const [holder] = requestRemoval(this.device);
    if (holder !== undefined) {
      const who = holder.nexus.initiator;
      throw new OperationError(`Cannot change the medium: ${who} prevents its removal`);
    }
    const { pool } = this.#host;
    const store = filename === undefined ? undefined : openMedium(filename, pool, this.#warn);
    changeMedium(this.device, store);
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
    const { disk } = this.device;
    const { medium, settings, modes, trouble } = disk;
    const writeThrough = settings.nvCache ? settings.writeThrough : modes.current.WCE === 0;
    const failure = trouble === undefined ? {} : { failure: trouble };
    return { size: medium.size, writeThrough, ...failure, health: healthOf(disk) };
  }

  /** Brings everything to stable storage. */
  sync(done: Done): void {
    this.device.disk.flusher.flush((result) =>
      done(
        result < 0 ? `Cannot flush device '${this.#name}': ${describeErrno(-result)}` : undefined,
      )
    );
  }

  /** Looks once a second whether its store has grown, or is not where it was, and what went wrong with it. */
  tick(): void {
    this.device.disk.errors.tick(performance.now());
    if (this.#model.filename !== undefined && !this.#isBusy) this.#place.look();
    if (this.#hasFile && !this.#isBusy) this.#sizes.look(this.#model.size);
  }

  /** Ends it: what is under way finishes, everything is flushed and closed. Nobody has it as a LUN. */
  remove(done: Done): void {
    this.#refuseUpkeep("remove it");
    const begun = this.#begin(done);
    this.#isThere = false;
    this.#close(() => {
      let left = this.#files.length;
      const saved = () => {
        if (--left === 0) begun(undefined);
      };
      for (const file of this.#files) file.whenSaved(saved);
    });
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
      if (isOtherFile) this.#setMedium(filename);
      this.#take(model);
      return done(undefined);
    }
    if (this.device.disk.upkeep.sense !== Sense.NO_SENSE) {
      this.#refuse("change size", "its medium is made new");
    }
    const bytes = sizeWithoutFile(model);
    if (bytes !== undefined) {
      this.#take(model);
      changeCapacity(this.device, bytes);
      return done(undefined);
    }
    this.#resize(model, this.#begin(done));
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
      this.#take(model);
      changeCapacity(this.device, size ?? actual);
      done(undefined);
    });
  }

  /** Closes the store; commands that need the medium are refused from now on. */
  #deactivate(model: DeviceModel, done: Done): void {
    this.#refuseUpkeep("close its store");
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
    disk.open(store, this.#journalOf(store, model), (error) => {
      if (error !== undefined) {
        disk.changeSettings(settingsOf(before));
        return begun(error.message);
      }
      this.#take(model);
      this.#warnOfCache();
      this.#planFaults();
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

  /** Has its store make the faults that the model wants, and what hangs go on. */
  #planFaults(): void {
    const { name, faults = [], blocksize } = this.#model;
    const { disk } = this.device;
    if (faults.length === 0 || !disk.isOpen) return this.endFaults();
    if (this.#faulty === undefined) {
      const { after } = this.#host;
      disk.medium.wrap((store) => this.#faulty = new FaultyStore(store, after));
    }
    this.#faulty!.plan = new FaultPlan(faults, blocksize);
    const rules = faults.map(printFault).join("; ");
    this.#host.report("warning", `device '${name}' makes FAULTS ON PURPOSE: ${rules}`);
  }

  /** Has its store make no faults any more; what hangs or is late goes on. */
  endFaults(): void {
    const plan = this.#faulty?.plan;
    if (plan === undefined) return;
    this.#faulty!.plan = undefined;
    const what = `makes no faults any more; it has made ${plan.made}`;
    this.#host.report("warning", `device '${this.#name}' ${what}`);
  }

  #close(then: () => void): void {
    const { disk } = this.device;
    this.endFaults();
    this.#faulty = undefined;
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
      this.#planFaults();
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

  #stateFile(kind: string, { name, prFileName } = this.#model): StateFile {
    const { stateDir, pool } = this.#host;
    const file = kind === "pr" && prFileName !== undefined
      ? StateFile.at(prFileName, pool)
      : new StateFile(`${stateDir}/${kind}`, name, pool);
    this.#files.push(file);
    return file;
  }

  /** Keeps reservations in another file, and has those that are there. */
  #changePrFile(model: DeviceModel): void {
    const [port] = this.device.ports;
    if (port !== undefined) this.#refuse("change pr_file_name", `${port.name} exports it`);
    this.device.reservations.useFile(this.#stateFile("pr", model));
    const { prFileName: _, ...others } = this.#model;
    const { prFileName } = model;
    this.#model = prFileName === undefined ? others : { ...others, prFileName };
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

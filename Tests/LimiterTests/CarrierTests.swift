import Foundation
import LimiterAgent
import SimulatedDevices
import Testing

/// The ways in which programs load the driver.
@Suite(.enabled(if: Tool.isThere("cc"), "a C compiler is not installed"))
struct CarrierTests {
    private static let held = "2 2 0 \(1 << 30)\n"

    private func compile(
        _ machine: borrowing LimitedMachine, _ options: [String] = [], name: String = "carrier"
    ) async throws -> String {
        let program = machine.instance.directory + "/" + name
        _ = try await Tool.output("cc", ["-w", "-o", program, Built.programs + "/carrier.c"] + options + ["-ldl"])
        return program
    }

    @Test(arguments: ["plain", "deep", "namespace"])
    func `a program that loads the driver is held`(way: String) async throws {
        let machine = try LimitedMachine()
        let container = try machine.container("one", memory: 1 << 30)
        let program = try await compile(machine)
        for (path, environment) in [
            ("libcuda.so.1", ["LD_LIBRARY_PATH": container.libraries]), (container.library, [:]),
        ] {
            #expect(try await Tool.output(program, [way, path], environment: environment) == Self.held)
        }
        #expect(try await Tool.output("env", ["-i", program, way, container.library]) == Self.held)
    }

    /// What makes of the calling mount namespace what an engine makes of a container's: the limiter lies on the driver's
    /// library, and the rest in the place it was made for. Devices are where every program looks for them.
    private func mounts(_ machine: borrowing LimitedMachine, _ container: TestContainer) throws -> String {
        let directory = machine.instance.directory
        let (driver, shim) = (directory + "/lib/libcuda.so.1", directory + "/limiter.so")
        try LimiterLibrary.install(
            built: Built.limiterPath, real: LimiterLibrary.place + "/" + LimiterLibrary.realName, to: shim)
        return """
            set -e
            mount --make-rprivate /
            mkdir -p \(directory)/run/limiter \(directory)/run/dev
            touch \(directory)/run/limiter/libcuda.so.1 \(directory)/run/limiter/limits \(directory)/run/limiter/books
            mount -t tmpfs none /run && mkdir /run/divvy && mount --bind \(directory)/run /run/divvy
            mount --bind \(directory)/dev /run/divvy/dev
            for file in limits books; do mount --bind \(container.place)/$file /run/divvy/limiter/$file; done
            mount -o remount,bind,ro /run/divvy/limiter/limits
            mount --bind \(driver) /run/divvy/limiter/libcuda.so.1
            mount --bind \(shim) \(driver)

            """
    }

    @Test(.enabled(if: getuid() == 0 && Tool.isThere("unshare"), "only root can mount"))
    func `mounted on the driver's library it holds whoever opens that, without an environment`() async throws {
        let machine = try LimitedMachine()
        let container = try machine.container("one", memory: 1 << 30)
        let program = try await compile(machine)
        // It finds its devices in /dev only: the simulated driver cannot tell there where it lies itself.
        let statically = try await compile(machine, ["-static", "-DSTATIC"], name: "static-carrier")
        #expect(!(try await Tool.output("readelf", ["-l", statically])).contains("INTERP"))
        let directory = machine.instance.directory
        let driver = directory + "/lib/libcuda.so.1"
        let script = """
            \(try mounts(machine, container))
            ! (echo > /run/divvy/limiter/limits) 2>/dev/null
            env -i \(program) plain \(driver)
            mount -t tmpfs none /dev && touch /dev/null
            for file in $(ls \(directory)/dev); do
                touch /dev/$file && mount --bind \(directory)/dev/$file /dev/$file
            done
            env -i \(statically) plain \(driver)
            cd \(directory)/lib && env -i LD_LIBRARY_PATH=. \(program) deep libcuda.so.1
            """
        let text = try await Tool.output("unshare", ["-m", "sh", "-c", script])
        #expect(text == Self.held + "2 0 \(1 << 30)\n" + Self.held)
    }

    /// Each one starts with an environment of its own or none, as somebody else, or in a session of its own.
    @Test(
        .enabled(if: getuid() == 0 && Tool.isThere("unshare"), "only root can mount"),
        arguments: [
            ("another session", "setsid --wait env -i CARRIER"),
            ("a login shell", "setsid --wait env -i HOME=/ TERM=dumb sh -l -c 'exec CARRIER'"),
            ("a login of somebody else", "su - nobody -s /bin/sh -c 'CARRIER'"),
            ("other ids", "setpriv --reuid 65534 --regid 65534 --clear-groups --no-new-privs CARRIER"),
            ("ids that a program gets by its file", "setpriv --reuid 65534 --clear-groups env -i PRIVILEGED"),
            ("no capabilities", "setpriv --bounding-set -all --inh-caps -all env -i CARRIER"),
            ("a preload of its own", "env LD_PRELOAD=libc.so.6 LD_BIND_NOW=1 CARRIER"),
            ("a child of a child", "sh -c '(sh -c \"env -i CARRIER\"; true) & wait'"),
        ])
    func `who comes some other way is held`(name: String, command: String) async throws {
        let machine = try LimitedMachine()
        let container = try machine.container("one", memory: 1 << 30)
        let program = try await compile(machine)
        let driver = machine.instance.directory + "/lib/libcuda.so.1"
        // Files that belong to root and are run by nobody have to be where nobody can look.
        let script = """
            \(try mounts(machine, container))
            cp \(program) /run/carrier && cp \(program) /run/privileged && chmod 4755 /run/privileged
            mount -o remount,suid,exec /run
            chmod 755 \(machine.instance.directory)
            \(command.replacing("CARRIER", with: "/run/carrier plain \(driver)")
                .replacing("PRIVILEGED", with: "/run/privileged plain \(driver)"))
            """
        #expect(try await Tool.output("unshare", ["-m", "sh", "-c", script]) == Self.held, "\(name)")
    }

    @Test(.enabled(if: Tool.isThere("python3"), "python3 is not installed"))
    func `a child of a process that had loaded the driver is held for itself`() async throws {
        let machine = try LimitedMachine()
        let container = try machine.container("one", memory: 1 << 30)
        let program = """
            import ctypes, os, sys
            cuda = ctypes.CDLL(sys.argv[1])
            size = ctypes.c_size_t(600 << 20)
            def allocate():
                context, address = ctypes.c_void_p(), ctypes.c_uint64()
                cuda.cuCtxCreate_v2(ctypes.byref(context), 0, 0)
                return cuda.cuMemAlloc_v2(ctypes.byref(address), size)
            child = os.fork()
            if child == 0:
                cuda.cuInit(0)
                os._exit(allocate())
            first = os.waitpid(child, 0)[1]
            cuda.cuInit(0)
            print(first, allocate(), allocate())
            """
        let text = try await Tool.output("python3", ["-c", program, container.library])
        #expect(text == "0 0 2\n")
    }

    @Test(.enabled(if: Tool.isThere("python3"), "python3 is not installed"))
    func `who closes the driver and opens it again is held`() async throws {
        let machine = try LimitedMachine()
        let container = try machine.container("one", memory: 1 << 30)
        let program = """
            import _ctypes, ctypes
            for _ in range(3):
                handle = _ctypes.dlopen("libcuda.so.1", 2)
                cuda = ctypes.CDLL("libcuda.so.1", handle=handle)
                total = ctypes.c_size_t()
                cuda.cuInit(0)
                cuda.cuDeviceTotalMem_v2(ctypes.byref(total), 0)
                _ctypes.dlclose(handle)
                # The limiter stays, lest the real library be found under its name.
                print(total.value, "libraries/libcuda.so.1" in open("/proc/self/maps").read())
            """
        let text = try await Tool.output(
            "python3", ["-c", program], environment: ["LD_LIBRARY_PATH": container.libraries])
        #expect(text == String(repeating: "\(1 << 30) True\n", count: 3))
    }
}

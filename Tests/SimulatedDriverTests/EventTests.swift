import CNVML
import Foundation
import SimulatedDevices
import Testing

@Suite struct EventTests {
    @Test func `an XID wakes who waits for it`() throws {
        let machine = try Machine("2x-rtx-4090")
        let driver = try LoadedDriver(machine)
        let set = try driver.eventSet(on: [0, 1])
        let instance = machine.instance
        let raiser = Thread {
            usleep(50_000)
            try? instance.raiseXID(gpu: 1, code: 31)
        }
        raiser.start()
        let start = ContinuousClock.now
        let (result, event) = try driver.wait(set, milliseconds: 5000)
        #expect(result == NVML_SUCCESS)
        #expect(event.eventType == NVML_EVENT_XID_CRITICAL)
        #expect(event.eventData == 31)
        #expect(event.device == (try driver.device(1)))
        #expect(ContinuousClock.now - start < .seconds(2))
    }

    @Test func `a quiet machine lets the waiter time out in time`() throws {
        let machine = try Machine("2x-rtx-4090")
        let driver = try LoadedDriver(machine)
        let set = try driver.eventSet(on: [0])
        let start = ContinuousClock.now
        #expect(try driver.wait(set, milliseconds: 100).result == NVML_ERROR_TIMEOUT)
        #expect((Duration.milliseconds(95)...(.seconds(2))).contains(ContinuousClock.now - start))
    }

    @Test func `events of other GPUs and of the past are not delivered`() throws {
        let machine = try Machine("2x-rtx-4090")
        let driver = try LoadedDriver(machine)
        try machine.instance.raiseXID(gpu: 0, code: 13)
        let set = try driver.eventSet(on: [0])
        try machine.instance.raiseXID(gpu: 1, code: 43)
        #expect(try driver.wait(set, milliseconds: 20).result == NVML_ERROR_TIMEOUT)
    }

    @Test func `events come in order, and who slept too long has the newest`() throws {
        let machine = try Machine("2x-rtx-4090")
        let driver = try LoadedDriver(machine)
        let set = try driver.eventSet(on: [0])
        for code in 201...300 { try machine.instance.raiseXID(gpu: 0, code: code) }
        var codes: [UInt64] = []
        while case let (result, event) = try driver.wait(set, milliseconds: 0), result == NVML_SUCCESS {
            codes.append(event.eventData)
        }
        #expect(codes == Array(237...300))
    }

    @Test(arguments: [("535", [48]), ("580", [48, 154])])
    func `newer drivers say that a GPU needs a reset`(driver branch: String, codes: [UInt64]) throws {
        let machine = try Machine("dgx-a100", driver: branch)
        let driver = try LoadedDriver(machine)
        let set = try driver.eventSet(on: [0])
        try machine.instance.raiseXID(gpu: 0, code: 48)
        var seen: [UInt64] = []
        while case let (result, event) = try driver.wait(set, milliseconds: 0), result == NVML_SUCCESS {
            seen.append(event.eventData)
        }
        #expect(seen == codes)
        #expect(try driver.field(230, driver.device(0)) == (branch == "535" ? nil : 1))
    }

    @Test func `a GPU that falls off the bus says XID 79`() throws {
        let machine = try Machine("2x-rtx-4090")
        let driver = try LoadedDriver(machine)
        let set = try driver.eventSet(on: [0, 1])
        try machine.instance.lose(gpu: 0)
        let (result, event) = try driver.wait(set, milliseconds: 1000)
        #expect(result == NVML_SUCCESS)
        #expect(event.eventData == 79)
    }
}

extension LoadedDriver {
    fileprivate func eventSet(on gpus: [UInt32]) throws -> nvmlEventSet_t {
        var set: nvmlEventSet_t?
        try #require(function("nvmlEventSetCreate", as: PFN_nvmlEventSetCreate.self)(&set) == NVML_SUCCESS)
        let register = try function("nvmlDeviceRegisterEvents", as: PFN_nvmlDeviceRegisterEvents.self)
        for gpu in gpus { try #require(register(device(gpu), NVML_EVENT_XID_CRITICAL, set) == NVML_SUCCESS) }
        return try #require(set)
    }

    fileprivate func wait(
        _ set: nvmlEventSet_t, milliseconds: UInt32
    ) throws -> (result: nvmlReturn_t, event: nvmlEventData_t) {
        var event = nvmlEventData_t()
        let call = try function("nvmlEventSetWait_v2", as: PFN_nvmlEventSetWait_v2.self)
        return (call(set, &event, milliseconds), event)
    }
}

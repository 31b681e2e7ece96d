import CNVML
import SimulatedDevices
import Testing

@Suite struct ScriptTests {
    @Test func `every form of a line is understood`() throws {
        let script = try Script(
            """
            # what happens
            0     load 0 85
            1.5s  ecc 0 corrected 3   # three of them

            2  xid 1 31
            2  lose 1
            3  return 1
            3  reset 0
            4  throttle 0 thermal
            5  throttle 0 none
            6  hang nvmlDeviceGetPowerUsage
            7  fail nvmlDeviceGetPowerUsage after 10
            8  clear
            9  confidential on
            """)
        let again = script.steps.map { "\($0.time.components.seconds) \($0.edit.words)" }.joined(separator: "\n")
        #expect(try Script(again).steps.map(\.edit) == script.steps.map(\.edit))
        #expect(
            script.steps.map(\.edit) == [
                .load(gpu: 0, percent: 85), .memoryErrors(gpu: 0, corrected: 3, uncorrected: 0),
                .xid(gpu: 1, code: 31), .lose(gpu: 1), .restore(gpu: 1), .reset(gpu: 0),
                .throttle(gpu: 0, .thermal), .throttle(gpu: 0, nil),
                .hang(call: "nvmlDeviceGetPowerUsage", after: 0),
                .fail(call: "nvmlDeviceGetPowerUsage", after: 10), .clear, .confidential(true),
            ])
        #expect(script.steps[1].time == .milliseconds(1500))
    }

    @Test func `lines are done in the order of their times`() throws {
        let script = try Script("5 lose 1\n1 load 0 10\n5 return 1")
        #expect(script.steps.map(\.edit) == [.load(gpu: 0, percent: 10), .lose(gpu: 1), .restore(gpu: 1)])
    }

    @Test(arguments: ["soon load 0 1", "1 load 0", "1 explode 0", "1 throttle 0 slowly", "-1 lose 0", "1 ecc 0 some 3"])
    func `a line that means nothing is told with its number`(line: String) {
        let error = #expect(throws: SimulationError.self) { try Script("0 clear\n\(line)") }
        #expect(error?.description.hasPrefix("line 2") == true)
    }

    @Test func `edits change the machine`() throws {
        let machine = try Machine("2x-rtx-4090")
        let driver = try LoadedDriver(machine)
        for step in try Script("0 load 1 40\n1 fail nvmlDeviceGetFanSpeed").steps {
            try machine.instance.apply(step.edit)
        }
        var number: UInt32 = 0
        #expect(try driver.number("nvmlDeviceGetUtilizationRates", driver.device(1)) == 40)
        #expect(try driver.result("nvmlDeviceGetFanSpeed", driver.device(1), &number) == NVML_ERROR_UNKNOWN)
    }
}

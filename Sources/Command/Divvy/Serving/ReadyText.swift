import Engine
import Fleet

/// What the daemon says once it serves: what was found, where it listens, and what to try.
enum ReadyText {
    static func lines(for status: FleetStatus, socket: String, engines: [String]) -> [String] {
        let node = status.node
        var lines: [String] = []
        if let driver = node.driver {
            lines.append("Driver:   \(driver.version)\(driver.note.map { ", \($0): not hardware" } ?? "")")
        }
        if node.gpus.isEmpty {
            lines.append("GPUs:     none: \(node.whyEmpty ?? "the driver lists none")")
        } else {
            lines.append("GPUs:     \(models(node.gpus))")
        }
        lines.append("Engines:  \(engines.isEmpty ? "none; processes only" : engines.joined(separator: ", "))")
        lines.append("Socket:   \(socket)")
        if node.gpus.isEmpty {
            lines += ["", "It goes on looking. To try it without a GPU: divvy up --driver sim:dgx-a100"]
        } else {
            lines += [
                "", "Try:", "  divvy ls", "  divvy run --gpus 0.5 -- env",
                "  divvy run --gpus 1 --rm IMAGE nvidia-smi -L",
            ]
        }
        return lines
    }

    /// `8 x NVIDIA A100-SXM4-40GB (39.6 GiB each)`, models in the order of the GPUs.
    private static func models(_ gpus: [GPU]) -> String {
        var counts: [(name: String, memory: Bytes, count: Int)] = []
        for gpu in gpus {
            let memory = gpu.memory.allocatable
            if let place = counts.firstIndex(where: { $0.name == gpu.name && $0.memory == memory }) {
                counts[place].count += 1
            } else {
                counts.append((gpu.name, memory, 1))
            }
        }
        return counts.map { "\($0.count) x \($0.name) (\($0.memory) each)" }.joined(separator: ", ")
    }
}

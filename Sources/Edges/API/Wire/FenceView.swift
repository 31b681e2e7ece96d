package import Engine
package import Fleet

/// What makes a lease hold, as it was read back from there, and what its programs hold now.
package struct FenceView: Hashable, Sendable, Codable {
    package struct Part: Hashable, Sendable, Codable {
        package var gpu: GPUID
        /// null where this means does not limit it.
        @Nullable package var memoryLimitBytes: Int64?
        @Nullable package var milliGPU: Int32?
        /// What living programs hold now; null where it cannot be read.
        @Nullable package var memoryUsedBytes: Int64?
        /// The most that they ever held.
        @Nullable package var memoryPeakBytes: Int64?
        /// How often they were refused memory.
        @Nullable package var refusals: UInt64?
        /// What else was read, for people.
        @Nullable package var detail: String?

        package init(
            gpu: GPUID, memoryLimitBytes: Int64?, milliGPU: Int32?, memoryUsedBytes: Int64?, memoryPeakBytes: Int64?,
            refusals: UInt64?, detail: String? = nil
        ) {
            self.gpu = gpu
            self.memoryLimitBytes = memoryLimitBytes
            self.milliGPU = milliGPU
            self.memoryUsedBytes = memoryUsedBytes
            self.memoryPeakBytes = memoryPeakBytes
            self.refusals = refusals
            self.detail = detail
        }
    }

    /// `slice`, `driver-limits`, `mps`, `limiter`.
    package var means: String
    /// Where on the node it was read: a directory, a cgroup, a device.
    package var source: String
    package var gpus: [Part]

    package init(means: String, source: String, gpus: [Part]) {
        self.means = means
        self.source = source
        self.gpus = gpus
    }

    package init(_ reading: FenceReading) {
        self.init(
            means: reading.means.rawValue, source: reading.source,
            gpus: reading.parts.map { part in
                Part(
                    gpu: part.gpu, memoryLimitBytes: part.memoryLimit?.count, milliGPU: part.share?.milli,
                    memoryUsedBytes: part.memoryUsed?.count, memoryPeakBytes: part.memoryPeak?.count,
                    refusals: part.refusals, detail: part.detail)
            })
    }
}

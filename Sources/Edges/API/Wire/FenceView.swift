package import Engine
package import Fleet

/// What makes a lease hold, as it is written where its programs find it, and what they hold now.
package struct FenceView: Hashable, Sendable, Codable {
    package struct Part: Hashable, Sendable, Codable {
        package var gpu: GPUID
        package var memoryLimitBytes: Int64
        package var milliGPU: Int32
        /// What living programs hold now; null where their books cannot be read.
        @Nullable package var memoryUsedBytes: Int64?
        /// The most that they ever held.
        @Nullable package var memoryPeakBytes: Int64?
        /// How often they were refused memory.
        @Nullable package var refusals: UInt64?

        package init(
            gpu: GPUID, memoryLimitBytes: Int64, milliGPU: Int32, memoryUsedBytes: Int64?, memoryPeakBytes: Int64?,
            refusals: UInt64?
        ) {
            self.gpu = gpu
            self.memoryLimitBytes = memoryLimitBytes
            self.milliGPU = milliGPU
            self.memoryUsedBytes = memoryUsedBytes
            self.memoryPeakBytes = memoryPeakBytes
            self.refusals = refusals
        }
    }

    /// `limiter`.
    package var means: String
    /// The directory on the node that the limits were read from.
    package var directory: String
    package var gpus: [Part]

    package init(means: String, directory: String, gpus: [Part]) {
        self.means = means
        self.directory = directory
        self.gpus = gpus
    }

    package init(_ reading: FenceReading) {
        self.init(
            means: reading.means, directory: reading.directory,
            gpus: reading.parts.map { part in
                Part(
                    gpu: part.gpu, memoryLimitBytes: part.memoryLimit.count, milliGPU: part.share.milli,
                    memoryUsedBytes: part.memoryUsed?.count, memoryPeakBytes: part.memoryPeak?.count,
                    refusals: part.refusals)
            })
    }
}

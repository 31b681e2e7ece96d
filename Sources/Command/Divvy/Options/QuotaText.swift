import ArgumentParser
import Fleet
import Presentation

/// Bounds as flags have them: an amount, or `none` for no bound.
enum QuotaText {
    struct GPUs: ExpressibleByArgument, Hashable, Sendable {
        /// Thousandths of a GPU; nil for no bound.
        let milli: Int64?

        init?(argument: String) {
            if argument == "none" {
                milli = nil
            } else if let value = QuantityText.milliGPU(argument) {
                milli = value
            } else {
                return nil
            }
        }
    }

    struct Memory: ExpressibleByArgument, Hashable, Sendable {
        /// nil for no bound.
        let bytes: Bytes?

        init?(argument: String) {
            if argument == "none" {
                bytes = nil
            } else if let value = QuantityText.bytes(argument) {
                bytes = value
            } else {
                return nil
            }
        }
    }
}

package import Fleet

/// How much of a fleet something takes or may take: compute in thousandths of a GPU, and GPU memory.
package struct Amount: Hashable, Sendable, Codable, AdditiveArithmetic {
    package var milliGPU: Int64
    package var memory: Bytes

    package init(milliGPU: Int64, memory: Bytes) {
        self.milliGPU = milliGPU
        self.memory = memory
    }

    package static let zero = Amount(milliGPU: 0, memory: .zero)

    package static func + (left: Amount, right: Amount) -> Amount {
        Amount(milliGPU: left.milliGPU + right.milliGPU, memory: left.memory + right.memory)
    }

    package static func - (left: Amount, right: Amount) -> Amount {
        Amount(milliGPU: left.milliGPU - right.milliGPU, memory: left.memory - right.memory)
    }

    /// The dominant share: the larger of the parts that this is of all compute and of all memory, in millionths,
    /// rounded down (Ghodsi et al., NSDI 2011).
    ///
    /// Of what the capacity has nothing of, no part is counted; a part beyond all bounds is held at the largest number.
    package func dominantShare(of capacity: Amount) -> Int64 {
        func part(_ amount: Int64, of whole: Int64) -> Int64 {
            guard whole > 0, amount > 0 else { return 0 }
            let (product, overflow) = amount.multipliedReportingOverflow(by: 1_000_000)
            if !overflow { return product / whole }
            let wide = amount.multipliedFullWidth(by: 1_000_000)
            return wide.high < whole / 2 ? whole.dividingFullWidth(wide).quotient : .max
        }
        return max(part(milliGPU, of: capacity.milliGPU), part(memory.count, of: capacity.memory.count))
    }

    /// Of each kind the larger of the two.
    static func maximum(_ left: Amount, _ right: Amount) -> Amount {
        Amount(milliGPU: max(left.milliGPU, right.milliGPU), memory: max(left.memory, right.memory))
    }
}

extension Amount: CustomStringConvertible {
    /// `2.5 GPUs and 40 GiB`.
    package var description: String { "\(Quota.gpus(milliGPU)) and \(memory)" }
}

/// A bound on an amount; nil bounds nothing.
package struct Quota: Hashable, Sendable, Codable {
    package var milliGPU: Int64?
    package var memory: Bytes?

    package init(milliGPU: Int64? = nil, memory: Bytes? = nil) {
        self.milliGPU = milliGPU
        self.memory = memory
    }

    package static let none = Quota()

    /// Whether an amount stays within this in whatever this states.
    package func allows(_ amount: Amount) -> Bool {
        amount.milliGPU <= milliGPU ?? .max && amount.memory.count <= memory?.count ?? .max
    }

    /// What is stated, with 0 for what is not.
    package var amount: Amount { Amount(milliGPU: milliGPU ?? 0, memory: memory ?? .zero) }

    /// Whether something more fits on top of what is used, in whatever of this the addition takes any of.
    ///
    /// So a bound that was lowered below what is used does not stop those who take nothing of that kind.
    func allows(adding amount: Amount, to used: Amount) -> Bool {
        if let milliGPU, amount.milliGPU > 0, used.milliGPU + amount.milliGPU > milliGPU { return false }
        if let memory, amount.memory > .zero, used.memory + amount.memory > memory { return false }
        return true
    }

    static func gpus(_ milli: Int64) -> String {
        let sign = milli < 0 ? "-" : ""
        let (whole, rest) = milli.magnitude.quotientAndRemainder(dividingBy: 1000)
        var decimals = String(rest + 1000).dropFirst()
        while decimals.last == "0" { decimals.removeLast() }
        let number = decimals.isEmpty ? "\(whole)" : "\(whole).\(decimals)"
        return "\(sign)\(number) \(number == "1" ? "GPU" : "GPUs")"
    }
}

extension Quota: CustomStringConvertible {
    /// `2.5 GPUs and 40 GiB`, `2.5 GPUs`, `40 GiB`, or `no bound`.
    package var description: String {
        switch (milliGPU, memory) {
        case (let milliGPU?, let memory?): "\(Self.gpus(milliGPU)) and \(memory)"
        case (let milliGPU?, nil): Self.gpus(milliGPU)
        case (nil, let memory?): "\(memory)"
        case (nil, nil): "no bound"
        }
    }
}

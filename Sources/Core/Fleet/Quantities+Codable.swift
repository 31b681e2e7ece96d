/// A quantity that is written as the bare number it wraps.
private protocol BareNumber: Codable {
    associatedtype Number: Codable
    var number: Number { get }
    init(number: Number)
}

extension BareNumber {
    package init(from decoder: any Decoder) throws {
        self.init(number: try decoder.singleValueContainer().decode(Number.self))
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(number)
    }
}

extension Bytes: BareNumber {
    fileprivate var number: Int64 { count }
    fileprivate init(number: Int64) { self.init(number) }
}

extension Share: BareNumber {
    fileprivate var number: Int32 { milli }
    fileprivate init(number: Int32) { self.init(milli: number) }
}

extension Span: BareNumber {
    fileprivate var number: Int64 { nanoseconds }
    fileprivate init(number: Int64) { self.init(nanoseconds: number) }
}

extension Moment: BareNumber {
    fileprivate var number: Int64 { nanoseconds }
    fileprivate init(number: Int64) { self.init(nanoseconds: number) }
}
